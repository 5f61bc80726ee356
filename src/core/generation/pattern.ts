import type { Random } from "../random.ts";
import type { Expression } from "./expression.ts";
import { sayOne } from "./expression.ts";
import { ANY, toBounds, toSet } from "./grammar.ts";

/** The regular expressions of JSON Schema, as far as they describe what to write: no look-around, no back references. */

const DIGITS = "0-9";
const WORD = "A-Za-z0-9_";
const SPACES = " \\t";
const classes: Record<string, string> = {
  d: DIGITS,
  w: WORD,
  s: SPACES,
  D: `^${DIGITS}`,
  W: `^${WORD}`,
  S: "^ \\t\\n\\r",
};

const TOKEN =
  /(\\[dwsDWS])|(\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\[^0-9bBkpP])|(\[\^?(?:\]?(?:[^\]\\]|\\.)*)\])|(\{\d+(?:,\d*)?\})|(\(\?:|\(\?<\w+>|\((?!\?))|([|)*+?.^$])|([^\\[\](){}])/gy;

function tokenize(pattern: string): string[] | undefined {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < pattern.length) {
    const match = TOKEN.exec(pattern);
    if (!match) return undefined;
    tokens.push(match[0]);
  }
  return tokens;
}

/** `\d` inside a class stands for its characters. */
const openClasses = (inside: string): string =>
  inside.replace(/\\([dws])/g, (_, name: string) => classes[name]!).replace(/\\-/g, "\\x2d");

class Parser {
  readonly #tokens: string[];
  #at = 0;

  constructor(tokens: string[]) {
    this.#tokens = tokens;
  }

  parse(): Expression | undefined {
    const whole = this.#choice();
    return this.#at === this.#tokens.length ? whole : undefined;
  }

  #choice(): Expression {
    const options = [this.#sequence()];
    while (this.#tokens[this.#at] === "|") {
      this.#at += 1;
      options.push(this.#sequence());
    }
    return options.length === 1 ? options[0]! : { type: "choice", options };
  }

  #sequence(): Expression {
    const items: Expression[] = [];
    for (;;) {
      const token = this.#tokens[this.#at];
      if (token === undefined || token === "|" || token === ")") break;
      this.#at += 1;
      // what is written is the whole match, so that anchors hold by themselves
      if (token === "^" || token === "$") continue;
      let item = this.#item(token);
      const bounds = toBounds(this.#tokens[this.#at]);
      if (bounds) {
        this.#at += this.#tokens[this.#at + 1] === "?" ? 2 : 1;
        item = { type: "repeat", item, min: bounds[0], max: bounds[1] };
      }
      items.push(item);
    }
    return { type: "sequence", items };
  }

  #item(token: string): Expression {
    if (token === ".") return ANY;
    if (token.startsWith("[")) return toSet(openClasses(token.slice(1, -1)));
    if (token.startsWith("(")) {
      const inside = this.#choice();
      this.#at += 1;
      return inside;
    }
    return toSet((token.startsWith("\\") ? classes[token.slice(1)] : undefined) ?? token);
  }
}

/** A longer pattern is not followed (ours). */
const PATTERN_MAX = 10_000;

/** A text that matches; undefined when the pattern says more than can be followed. */
export function sayPattern(pattern: string, random: Random, words: readonly string[]): string | undefined {
  if (pattern.length > PATTERN_MAX) return undefined;
  try {
    const tokens = tokenize(pattern);
    const expression = tokens && new Parser(tokens).parse();
    return expression && sayOne(new Map(), expression, random, words);
  } catch {
    return undefined;
  }
}
