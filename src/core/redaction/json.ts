import { stringEnd } from "../json.ts";
import type { Secrecy } from "./fields.ts";
import { REDACTED } from "./tokens.ts";

/** What is hidden in JSON. */
export interface Rules {
  secrecyOf: (field: string) => Secrecy | undefined;
  /** Hides what is secret in a text wherever it stands. */
  hide: (text: string) => string;
  /** Called for every text that a secret field has. */
  onSecret: (text: string) => void;
}

const SPACE = 32;
const NUMBER = /^-?\d[\d.eE+-]*$/;
const WORDS = ["true", "false", "null"];
const BARE = /[^\s"{}[\],:]+/y;
const closers: Record<string, string> = { "{": "}", "[": "]" };

const escapes: Record<string, string> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f" };

/** Reads escapes as far as they are some. */
const unescape = (text: string): string =>
  text.replaceAll(/\\(?:u([0-9a-fA-F]{4})|([^]))/g, (_, hex?: string, char?: string) =>
    hex === undefined ? (escapes[char!] ?? char!) : String.fromCharCode(Number.parseInt(hex, 16)),
  );

/** Plain characters, however they were escaped; the escapes of JSON itself stay. */
export const unescapePlain = (text: string): string =>
  text.replaceAll(/\\u00([2-7][0-9a-fA-F])/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

/** What is expected next. */
type Wanted = "value" | "name" | "colon" | "comma";

/** Goes through JSON, whole or cut anywhere, and copies all of it but what is hidden. */
class Pass {
  readonly #text: string;
  readonly #rules: Rules;
  readonly #open: string[] = [];
  #wanted: Wanted = "value";
  /** Of the field whose value comes next. */
  #secrecy: Secrecy | undefined;
  #out = "";
  #copied = 0;

  constructor(text: string, rules: Rules) {
    this.#text = text;
    this.#rules = rules;
  }

  /** @returns undefined for what is no JSON */
  run(): string | undefined {
    const text = this.#text;
    for (let at = 0; at < text.length;) {
      const next = text.charCodeAt(at) <= SPACE ? at + 1 : this.#take(text[at]!, at);
      if (next === undefined) return undefined;
      at = next;
    }
    return this.#out + text.slice(this.#copied);
  }

  /** One token. @returns where the next may begin; undefined where this one cannot stand */
  #take(char: string, at: number): number | undefined {
    if (char === '"') return this.#string(at);
    if (char === ",") return this.#comma(at);
    if (char === ":") return this.#turn("colon", "value", at + 1);
    if (char === "}" || char === "]") return this.#close(char, at);
    if (this.#wanted !== "value") return undefined;
    if (char === "{" || char === "[") return this.#begin(char, at);
    return this.#bare(at);
  }

  #turn(from: Wanted, to: Wanted, next: number): number | undefined {
    if (this.#wanted !== from) return undefined;
    this.#wanted = to;
    return next;
  }

  #comma(at: number): number | undefined {
    this.#secrecy = undefined;
    const closer = this.#open.at(-1);
    return closer === undefined ? undefined : this.#turn("comma", closer === "}" ? "name" : "value", at + 1);
  }

  #close(char: string, at: number): number | undefined {
    const isEmpty = this.#wanted === (char === "}" ? "name" : "value");
    if (this.#open.pop() !== char || !(isEmpty || this.#wanted === "comma")) return undefined;
    this.#wanted = "comma";
    return at + 1;
  }

  #string(at: number): number | undefined {
    const end = Math.min(stringEnd(this.#text, at) + 1, this.#text.length);
    const inner = this.#text.slice(at + 1, this.#text[end - 1] === '"' && end > at + 1 ? end - 1 : end);
    const plain = inner.includes("\\") ? unescape(inner) : inner;
    if (this.#wanted === "name") this.#secrecy = this.#rules.secrecyOf(plain);
    else if (this.#wanted !== "value") return undefined;
    if (this.#wanted === "value" && this.#secrecy !== undefined && plain !== "") {
      this.#rules.onSecret(plain);
      this.#put(at, end, JSON.stringify(REDACTED));
    } else {
      const hidden = this.#rules.hide(plain);
      if (hidden !== plain) this.#put(at, end, JSON.stringify(hidden));
    }
    this.#wanted = this.#wanted === "name" ? "colon" : "comma";
    return end;
  }

  #begin(char: string, at: number): number {
    if (this.#secrecy === "all" || (this.#secrecy === "words" && char === "[")) return this.#skip(char, at);
    this.#secrecy = undefined;
    this.#open.push(closers[char]!);
    this.#wanted = char === "{" ? "name" : "value";
    return at + 1;
  }

  /** Hides a list or an object with all that is in it. */
  #skip(char: string, start: number): number {
    const text = this.#text;
    let [depth, isEmpty, at] = [0, true, start];
    do {
      const each = text[at]!;
      if (each === "{" || each === "[") depth += 1;
      else if (each === "}" || each === "]") depth -= 1;
      else if (each === '"') {
        const end = stringEnd(text, at);
        this.#rules.onSecret(unescape(text.slice(at + 1, end)));
        at = end;
      }
      if (depth > 1 || (at > start && depth > 0 && each.charCodeAt(0) > SPACE)) isEmpty = false;
      at += 1;
    } while (depth > 0 && at < text.length);
    const end = Math.min(at, text.length);
    if (!isEmpty) this.#put(start, end, JSON.stringify(char === "[" ? [REDACTED] : REDACTED));
    this.#wanted = "comma";
    return end;
  }

  #bare(at: number): number | undefined {
    BARE.lastIndex = at;
    const word = BARE.exec(this.#text)?.[0];
    if (word === undefined) return undefined;
    const end = at + word.length;
    const isCut = end === this.#text.length && (word === "-" || WORDS.some((each) => each.startsWith(word)));
    if (!isCut && !NUMBER.test(word) && !WORDS.includes(word)) return undefined;
    const isSecret = this.#secrecy !== undefined && !WORDS.includes(word);
    if (isSecret) this.#rules.onSecret(word);
    if (isSecret || this.#rules.hide(word) !== word) this.#put(at, end, JSON.stringify(REDACTED));
    this.#wanted = "comma";
    return end;
  }

  #put(start: number, end: number, instead: string): void {
    this.#out += this.#text.slice(this.#copied, start) + instead;
    this.#copied = end;
  }
}

/** JSON without its secrets, and otherwise byte for byte as it was; undefined for what is none. */
export const hideInJson = (text: string, rules: Rules): string | undefined => new Pass(text, rules).run();
