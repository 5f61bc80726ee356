import { createRequire } from "node:module";
import type * as Re2 from "re2js";
import type { ApiError } from "./error.ts";
import { invalid } from "./error.ts";
import { Memo } from "./memo.ts";

/** Characters of an expression; more are refused (this and the next three are ours). */
const EXPRESSION_MAX = 4096;
/** Parts of an expression with its counted repeats written out: `[ab]{1000}` has a thousand. */
export const EXPRESSION_PARTS_MAX = 2500;
const EXPRESSION_GROUPS_MAX = 100;
/**
 * The most work that one expression may be on one text, were every part of it tried at every character: two or
 * three seconds, at worst. Most expressions do a hundredth of it.
 */
const EXPRESSION_WORK_MAX = 250_000_000;
/** Work of a part at a character, counted in what it costs to copy where one group stands. */
const PART_WORK = 6;

/** An expression may keep this much of its automaton for the next text; the engine itself stops at 8 MB. */
const AUTOMATON_BYTES_MAX = 262_144;
/** Larger machines for groups, in parts times groups, are made anew for each text. */
const MACHINE_MAX = 10_000;

export interface Expression {
  /** @throws ApiError when texts of so many characters together would take too long */
  admit(length: number): void;
  test(text: string): boolean;
  /** The groups by number, the whole first, and by name; undefined where nothing is found. */
  exec(text: string): Record<string, string> | undefined;
}

type Engine = typeof Re2.RE2JS;
let engine: Engine | undefined;

/** Loaded with the first expression: it would make every start slower by a twentieth. */
const loadEngine = (): Engine => (engine ??= (createRequire(import.meta.url)("re2js") as typeof Re2).RE2JS);

/** What JavaScript's own expressions have and those that are tried in linear time cannot have. */
const missing: [RegExp, string][] = [
  [/^\(\?[=!]/, "look-ahead is not supported"],
  [/^\(\?<[=!]/, "look-behind is not supported"],
  [/^\\[1-9k]/, "a back reference is not supported"],
];

const cut = (source: string): string => (source.length > 60 ? `${source.slice(0, 60)}...` : source);

const refuse = (source: string, reason: string): ApiError =>
  invalid(`invalid regular expression ${cut(source)}: ${reason}`);

/** What the engine itself puts before an expression whose dot matches line breaks. */
const DOTALL_PREFIX = "(?s)";

/** A message of the engine in our words. */
function reasonOf(error: Error & { error?: string; input?: string | null }): string {
  const at = (error.input ?? "").replace(DOTALL_PREFIX, "");
  const known = missing.find(([construct]) => construct.test(at));
  const reason = known?.[1] ?? error.error ?? error.message;
  return at === "" ? reason : `${reason}: ${at.slice(0, 20)}`;
}

const PIECE =
  /\\Q[^]*?(?:\\E|$)|\\[pPx]\{[^}]*\}|\\[^]|\[\^?\]?(?:\\[^]|\[:\^?\w+:\]|[^\]\\])*\]?|\{(\d+)(,(\d*))?\}|\((?:\?(?:[a-zA-Z-]*:|P?<\w+>))?|[^]/gu;

/** How many parts an expression has when its counted repeats are written out; never too few. */
export function countParts(source: string): number {
  const outer: number[] = [];
  let [total, last] = [0, 0];
  for (const [piece, least, range, most] of source.matchAll(PIECE)) {
    if (piece.startsWith("(")) {
      outer.push(total);
      total = 0;
    } else if (piece === ")") {
      last = total + 2;
      total = last + (outer.pop() ?? 0);
    } else if (least !== undefined) {
      // each that may be left out has a branch of its own
      const times = range === undefined ? Number(least) : 2 * Number(most === "" ? Number(least) + 1 : most);
      total += last * Math.max(times - 1, 0);
      last *= Math.max(times, 1);
    } else {
      last = piece.startsWith("\\Q") ? piece.length : 1;
      total += last;
    }
  }
  return outer.reduce((sum, each) => sum + each, total);
}

function compile(source: string): Expression {
  const shorter = (what: string, most: number): ApiError => refuse(source, `expected at most ${most} ${what}`);
  if (source.length > EXPRESSION_MAX) throw shorter("characters", EXPRESSION_MAX);
  const re2 = loadEngine();
  const translated = re2.translateRegExp(source);
  if (countParts(translated) > EXPRESSION_PARTS_MAX)
    throw shorter("parts with its repeats written out", EXPRESSION_PARTS_MAX);
  let compiled: Re2.RE2JS;
  try {
    compiled = re2.compile(translated, re2.DOTALL);
  } catch (error) {
    throw refuse(source, reasonOf(error as Error));
  }
  if (compiled.groupCount() > EXPRESSION_GROUPS_MAX) throw shorter("groups", EXPRESSION_GROUPS_MAX);
  return toBounded(source, compiled);
}

/** Refuses texts that would take too long, and keeps little between two texts. */
function toBounded(source: string, compiled: Re2.RE2JS): Expression {
  const [parts, groups] = [compiled.programSize(), compiled.groupCount()];
  const lengthMax = Math.floor(EXPRESSION_WORK_MAX / (parts * (PART_WORK + groups)));
  const names = Object.entries(compiled.namedGroups());
  const isLarge = parts * (groups + 1) > MACHINE_MAX;

  const admit = (length: number): void => {
    if (length > lengthMax)
      throw invalid(
        `regular expression ${cut(source)}: it is tried on texts of at most ${lengthMax} characters, got ${length}`,
      );
  };
  const tidy = (): void => {
    const re2 = compiled.re2();
    if (isLarge) re2.reset();
    if (re2.lazyDFA && re2.lazyDFA.maxMem - re2.lazyDFA.memBudget > AUTOMATON_BYTES_MAX) re2.lazyDFA = null!;
  };
  const test = (text: string): boolean => {
    admit(text.length);
    const isFound = compiled.test(text);
    tidy();
    return isFound;
  };
  return {
    admit,
    test,
    exec: (text) => {
      // much quicker than looking for groups, and most texts have nothing
      if (!test(text)) return undefined;
      const caught = compiled.re2().findSubmatch(text) as (string | null)[];
      const found: Record<string, string> = {};
      for (const [at, group] of caught.entries()) found[at] = group ?? "";
      for (const [name, at] of names) found[name] = found[at]!;
      tidy();
      return found;
    },
  };
}

/** Expressions are made once; up to so many are remembered. */
const expressions = new Memo<Expression>(512, EXPRESSION_MAX);

/**
 * A regular expression in RE2's syntax, in which a dot matches a line break too. It is tried in time linear in the
 * text, so that nobody's expression can stop the process.
 * @throws ApiError for one that is none, has what takes more than linear time, or is too large
 */
export const toExpression = (source: string): Expression => expressions.get(source, compile);
