import { ApiError } from "../error.ts";
import type { Random } from "../random.ts";

/** A language as a tree; GBNF and regular expressions are both read into it. */
export type Expression =
  | { type: "text"; text: string }
  | { type: "set"; ranges: readonly (readonly [number, number])[]; negated: boolean }
  | { type: "sequence"; items: readonly Expression[] }
  | { type: "choice"; options: readonly Expression[] }
  | { type: "repeat"; item: Expression; min: number; max: number }
  | { type: "rule"; name: string };

export type Rules = ReadonlyMap<string, Expression>;

/** Beyond these a word is ended as soon as the language allows (ours). */
const STEPS_SOFT = 300;
const DEPTH_SOFT = 12;
/** A word that takes more than this is refused (ours). */
const STEPS_MAX = 200_000;
/** A word that must be longer than this is refused (ours). */
const LENGTH_MAX = 100_000;
/** Expressions that are open one inside the other while a word is said; one that needs more is refused (ours). */
const OPEN_MAX = 1_000;
/** How often something that may repeat without end does so. */
const REPEAT_SPREAD = 5;

const PRINTABLE = Array.from({ length: 95 }, (_, at) => at + 32);

const isIn = (code: number, { ranges, negated }: Expression & { type: "set" }): boolean =>
  ranges.some(([low, high]) => code >= low && code <= high) !== negated;

/** How many rules must be opened one inside the other to finish, at the least; Infinity when that never ends. */
function heightOf(expression: Expression, heights: ReadonlyMap<string, number>): number {
  switch (expression.type) {
    case "sequence":
      return expression.items.reduce((high, item) => Math.max(high, heightOf(item, heights)), 0);
    case "choice":
      return expression.options.reduce((low, option) => Math.min(low, heightOf(option, heights)), Infinity);
    case "repeat":
      return expression.min > 0 ? heightOf(expression.item, heights) : 0;
    case "rule":
      return 1 + (heights.get(expression.name) ?? Infinity);
    default:
      return 0;
  }
}

/** Heights of all rules: from unknown downwards until nothing changes. */
function heightsOf(rules: Rules): Map<string, number> {
  const heights = new Map<string, number>();
  for (let changed = true; changed;) {
    changed = false;
    for (const [name, expression] of rules) {
      const height = heightOf(expression, heights);
      if (height < (heights.get(name) ?? Infinity)) {
        heights.set(name, height);
        changed = true;
      }
    }
  }
  return heights;
}

/** Says one word of a language; always comes to an end. */
class Speaker {
  readonly #rules: Rules;
  readonly #random: Random;
  readonly #words: readonly string[];
  readonly #heights: Map<string, number>;
  /** Of each choice that was met, the options that come to an end, and the one that does so first. */
  readonly #finite = new Map<Expression, { all: Expression[]; lowest: Expression }>();
  /** Of each class that was met, the characters of ASCII that it has. */
  readonly #plain = new Map<Expression, number[]>();
  #text = "";
  #steps = 0;
  #open = 0;

  constructor(rules: Rules, random: Random, words: readonly string[]) {
    this.#rules = rules;
    this.#random = random;
    this.#words = words;
    this.#heights = heightsOf(rules);
  }

  say(start: Expression): string {
    if (heightOf(start, this.#heights) === Infinity)
      throw new ApiError("invalid_request_error", "Invalid grammar: no text can be derived from it");
    this.#say(start, 0);
    return this.#text;
  }

  #write(text: string): void {
    this.#text += text;
    if (this.#text.length > LENGTH_MAX)
      throw new ApiError(
        "invalid_request_error",
        `Invalid grammar: its texts are longer than ${LENGTH_MAX} characters`,
      );
  }

  #say(expression: Expression, depth: number): void {
    this.#steps += 1;
    if (this.#steps > STEPS_MAX)
      throw new ApiError("invalid_request_error", "Invalid grammar: its repetitions are too long");
    this.#open += 1;
    if (this.#open > OPEN_MAX)
      throw new ApiError("invalid_request_error", "Invalid grammar: its rules lie too deep in one another");
    this.#sayPart(expression, depth);
    this.#open -= 1;
  }

  #sayPart(expression: Expression, depth: number): void {
    switch (expression.type) {
      case "text":
        return this.#write(expression.text);
      case "set":
        return this.#write(this.#character(expression));
      case "sequence":
        for (const item of expression.items) this.#say(item, depth);
        return undefined;
      case "choice":
        return this.#say(this.#choose(expression, depth), depth);
      case "repeat":
        return this.#repeat(expression, depth);
      case "rule":
        return this.#say(this.#rules.get(expression.name)!, depth + 1);
    }
  }

  #isLate(depth: number): boolean {
    return this.#steps > STEPS_SOFT || depth > DEPTH_SOFT;
  }

  #choose(choice: Expression & { type: "choice" }, depth: number): Expression {
    let finite = this.#finite.get(choice);
    if (!finite) {
      const all = choice.options.filter((option) => heightOf(option, this.#heights) < Infinity);
      const lowest = all.reduce((low, option) =>
        heightOf(option, this.#heights) < heightOf(low, this.#heights) ? option : low,
      );
      this.#finite.set(choice, (finite = { all, lowest }));
    }
    return this.#isLate(depth) ? finite.lowest : this.#random.pick(finite.all);
  }

  #repeat({ item, min, max }: Expression & { type: "repeat" }, depth: number): void {
    const canEnd = heightOf(item, this.#heights) < Infinity;
    const spread = this.#isLate(depth) || !canEnd ? 0 : Math.min(max - min, REPEAT_SPREAD);
    if (item.type === "set" && spread > 0) {
      const word = this.#words.find((each) => each.length >= min && each.length <= max && this.#fits(each, item));
      if (word !== undefined && this.#random.chance(0.7)) return this.#write(word);
    }
    const times = min + this.#random.below(spread + 1);
    for (let turn = 0; turn < times; turn += 1) this.#say(item, depth);
    return undefined;
  }

  #fits(word: string, set: Expression & { type: "set" }): boolean {
    for (let at = 0; at < word.length; at += 1) if (!isIn(word.charCodeAt(at), set)) return false;
    return true;
  }

  #character(set: Expression & { type: "set" }): string {
    let plain = this.#plain.get(set);
    if (!plain) this.#plain.set(set, (plain = PRINTABLE.filter((code) => isIn(code, set))));
    if (plain.length > 0) return String.fromCharCode(this.#random.pick(plain));
    for (let code = 0xa1; code < 0xd800; code += 1) if (isIn(code, set)) return String.fromCharCode(code);
    const [low] = set.ranges[0] ?? [0x20, 0x20];
    return String.fromCodePoint(low);
  }
}

/**
 * A word of the language.
 * @param words that it may use where they fit
 * @throws ApiError invalid_request_error when the language has none
 */
export const sayOne = (rules: Rules, start: Expression, random: Random, words: readonly string[]): string =>
  new Speaker(rules, random, words).say(start);
