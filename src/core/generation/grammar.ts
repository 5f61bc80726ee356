import { ApiError } from "../error.ts";
import type { Random } from "../random.ts";
import type { Expression, Rules } from "./expression.ts";
import { sayOne } from "./expression.ts";

/** llama.cpp's GBNF (inference §11): rules `name ::= ...`; literals, classes, groups, `|`, `* + ?`, `{m,n}`, `#`. */

const TOKEN =
  /\s+|#[^\n]*|(::=)|([A-Za-z][A-Za-z0-9_-]*)|("(?:[^"\\\n]|\\.)*")|(\[(?:[^\]\\]|\\.)*\])|(\{\s*\d+\s*(?:,\s*\d*\s*)?\})|([|()*+?.])/gy;

/** A repetition that must be longer than this is refused (ours). */
const REPEAT_MAX = 10_000;
/** Groups inside groups, and repetitions of repetitions (ours). */
const NESTING_MAX = 100;
/** A grammar is at most so large (ours): how high its rules are is found by going over it again and again. */
const TEXT_MAX = 500_000;
const TOKENS_MAX = 20_000;
const RULES_MAX = 1_000;
/** Characters and ranges of one class (ours). */
const RANGES_MAX = 256;

const refuse = (reason: string): ApiError => new ApiError("invalid_request_error", `Invalid grammar: ${reason}`);

const tooDeep = (): ApiError => refuse(`more than ${NESTING_MAX} groups inside one another`);

function tokenize(text: string): string[] {
  if (text.length > TEXT_MAX) throw refuse(`more than ${TEXT_MAX} characters`);
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) throw refuse(`unexpected ${JSON.stringify(text.slice(at, at + 10))} at character ${at}`);
    if (match.slice(1).some((group) => group !== undefined)) tokens.push(match[0]);
    if (tokens.length > TOKENS_MAX) throw refuse(`more than ${TOKENS_MAX} names, literals and signs`);
  }
  return tokens;
}

const escapes: Record<string, string> = { n: "\n", r: "\r", t: "\t" };

/** The characters of a literal or a class, unescaped; `raw` marks those that were escaped. */
function* characters(text: string): Generator<{ code: number; escaped: boolean }> {
  const pattern = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))|([^])/gu;
  for (const [, x, u, long, single, plain] of text.matchAll(pattern)) {
    const hex = x ?? u ?? long;
    if (hex !== undefined) {
      const code = Number.parseInt(hex, 16);
      if (code > 0x10ffff) throw refuse(`\\U${hex} is no character`);
      yield { code, escaped: true };
    } else if (single !== undefined) yield { code: (escapes[single] ?? single).codePointAt(0)!, escaped: true };
    else yield { code: plain!.codePointAt(0)!, escaped: false };
  }
}

function toLiteral(token: string): Expression {
  let text = "";
  for (const { code } of characters(token.slice(1, -1))) text += String.fromCodePoint(code);
  return { type: "text", text };
}

/** `[a-z_]`, `[^"\\]`; also the classes of regular expressions. */
export function toSet(inside: string): Expression & { type: "set" } {
  const negated = inside.startsWith("^");
  const list = [...characters(negated ? inside.slice(1) : inside)];
  const ranges: [number, number][] = [];
  for (let at = 0; at < list.length; at += 1) {
    const isRange = list[at + 1]?.code === 45 && !list[at + 1]!.escaped && at + 2 < list.length;
    const [low, high] = [list[at]!.code, list[isRange ? at + 2 : at]!.code];
    if (high < low) throw refuse(`the range ${String.fromCodePoint(low)}-${String.fromCodePoint(high)} is empty`);
    ranges.push([low, high]);
    if (isRange) at += 2;
  }
  if (ranges.length > RANGES_MAX) throw refuse(`a class of more than ${RANGES_MAX} characters and ranges`);
  if (ranges.length === 0 && !negated) throw refuse("an empty class matches nothing");
  return { type: "set", ranges, negated };
}

/** Any character but a line break. */
export const ANY: Expression = { type: "set", ranges: [[10, 10]], negated: true };

const repeats: Record<string, readonly [number, number]> = { "*": [0, Infinity], "+": [1, Infinity], "?": [0, 1] };

/** The bounds of `*`, `+`, `?`, `{m}`, `{m,}`, `{m,n}`; undefined for other tokens. */
export function toBounds(token: string | undefined): readonly [number, number] | undefined {
  if (token === undefined) return undefined;
  if (!token.startsWith("{")) return repeats[token];
  const [low, high] = token.slice(1, -1).split(",");
  const min = Number(low);
  const max = high === undefined ? min : high.trim() === "" ? Infinity : Number(high);
  if (min > max || min > REPEAT_MAX) throw refuse(`the repetition ${token} cannot be followed`);
  return [min, max];
}

/** Reads one grammar by recursive descent. */
class Parser {
  readonly #tokens: string[];
  readonly #named = new Set<string>();
  #at = 0;

  constructor(text: string) {
    this.#tokens = tokenize(text);
  }

  parse(): Rules {
    const rules = new Map<string, Expression>();
    while (this.#at < this.#tokens.length) {
      const name = this.#tokens[this.#at]!;
      if (!this.#startsRule()) throw refuse(`expected a rule, got ${name}`);
      this.#at += 2;
      rules.set(name, this.#choice(0));
      if (rules.size > RULES_MAX) throw refuse(`more than ${RULES_MAX} rules`);
    }
    if (!rules.has("root")) throw refuse("there is no rule named root");
    for (const name of this.#named) if (!rules.has(name)) throw refuse(`undefined rule ${name}`);
    return rules;
  }

  #startsRule(): boolean {
    return /^[A-Za-z]/.test(this.#tokens[this.#at] ?? "") && this.#tokens[this.#at + 1] === "::=";
  }

  #choice(depth: number): Expression {
    if (depth > NESTING_MAX) throw tooDeep();
    const options = [this.#sequence(depth)];
    while (this.#tokens[this.#at] === "|") {
      this.#at += 1;
      options.push(this.#sequence(depth));
    }
    return options.length === 1 ? options[0]! : { type: "choice", options };
  }

  #sequence(depth: number): Expression {
    const items: Expression[] = [];
    for (;;) {
      const token = this.#tokens[this.#at];
      if (token === undefined || token === "|" || token === ")" || this.#startsRule()) break;
      items.push(this.#repeated(this.#item(token, depth), depth));
    }
    return items.length === 1 ? items[0]! : { type: "sequence", items };
  }

  /** An item with what stands behind it: `*`, `{2,3}`, and so on, each a repetition of all before. */
  #repeated(item: Expression, depth: number): Expression {
    const bounds = toBounds(this.#tokens[this.#at]);
    if (!bounds) return item;
    if (depth >= NESTING_MAX) throw tooDeep();
    this.#at += 1;
    return this.#repeated({ type: "repeat", item, min: bounds[0], max: bounds[1] }, depth + 1);
  }

  #item(token: string, depth: number): Expression {
    this.#at += 1;
    if (token === ".") return ANY;
    if (token.startsWith('"')) return toLiteral(token);
    if (token.startsWith("[")) return toSet(token.slice(1, -1));
    if (token === "(") {
      const inside = this.#choice(depth + 1);
      if (this.#tokens[this.#at] !== ")") throw refuse("a group is not closed");
      this.#at += 1;
      return inside;
    }
    if (!/^[A-Za-z]/.test(token)) throw refuse(`unexpected ${token}`);
    this.#named.add(token);
    return { type: "rule", name: token };
  }
}

/** @throws ApiError invalid_request_error saying what is wrong with the grammar */
export const parseGrammar = (text: string): Rules => new Parser(text).parse();

/** A text of the grammar's language. @throws ApiError invalid_request_error */
export function sayGrammar(text: string, random: Random, words: readonly string[]): string {
  const rules = parseGrammar(text);
  return sayOne(rules, rules.get("root")!, random, words);
}
