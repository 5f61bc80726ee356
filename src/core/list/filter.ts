import { invalid } from "../error.ts";
import { parseTimestamp } from "../time.ts";
import type { Json } from "./field.ts";
import { readField } from "./field.ts";

/**
 * AIP-160 filters: comparisons (= != < > <= >= :), AND, OR, NOT, `-`, parentheses, nested fields,
 * `*` wildcards in strings. OR binds tighter than AND, as the standard says; two terms side by side mean AND.
 */
export type Filter = (resource: Json) => boolean;

type Token = { kind: "word" | "string" | "operator" | "open" | "close"; text: string };

const TOKEN = /\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(<=|>=|!=|=|<|>|:)|(\()|(\))|([^\s"'()=<>!:]+))/y;

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length && text.slice(TOKEN.lastIndex).trim() !== "") {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match)
      throw invalid(`invalid filter: unexpected character at ${at + 1}: ${text.slice(at).trim().slice(0, 20)}`);
    const [, double, single, operator, open, close, word] = match;
    const quoted = double ?? single;
    if (quoted !== undefined) tokens.push({ kind: "string", text: quoted.replace(/\\(.)/g, "$1") });
    else if (operator) tokens.push({ kind: "operator", text: operator });
    else if (open) tokens.push({ kind: "open", text: open });
    else if (close) tokens.push({ kind: "close", text: close });
    else tokens.push({ kind: "word", text: word! });
  }
  return tokens;
}

function compareValues(actual: unknown, wanted: string): number | undefined {
  if (typeof actual === "number") return Number.isNaN(Number(wanted)) ? undefined : actual - Number(wanted);
  if (typeof actual === "boolean")
    return /^(true|false)$/i.test(wanted) ? Number(actual) - Number(wanted.toLowerCase() === "true") : undefined;
  if (typeof actual !== "string") return undefined;
  const [left, right] = [parseTimestamp(actual), parseTimestamp(wanted)];
  if (left !== undefined && right !== undefined) return left - right;
  if (/^-?\d+$/.test(actual) && /^-?\d+$/.test(wanted)) return Number(actual) - Number(wanted);
  return actual < wanted ? -1 : Number(actual > wanted);
}

function isEqual(actual: unknown, wanted: string): boolean {
  if (actual === null || actual === undefined) return wanted === "" || wanted === "null";
  if (typeof actual === "string" && wanted.includes("*")) {
    const pattern = wanted
      .split("*")
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
      .join(".*");
    return new RegExp(`^${pattern}$`, "s").test(actual);
  }
  return compareValues(actual, wanted) === 0;
}

/** `:` means "has": a substring of a text, an item of a list, a key of a map; `field:*` means "is set". */
function has(actual: unknown, wanted: string): boolean {
  if (wanted === "*")
    return actual !== undefined && actual !== null && actual !== "" && actual !== 0 && actual !== false;
  if (Array.isArray(actual)) return actual.some((item) => isEqual(item, wanted));
  if (typeof actual === "object" && actual !== null) return Object.hasOwn(actual, wanted);
  if (typeof actual === "string" && !wanted.includes("*")) return actual.toLowerCase().includes(wanted.toLowerCase());
  return isEqual(actual, wanted);
}

const operators: Record<string, (actual: unknown, wanted: string) => boolean> = {
  "=": isEqual,
  "!=": (actual, wanted) => !isEqual(actual, wanted),
  ":": has,
  "<": (actual, wanted) => (compareValues(actual, wanted) ?? 0) < 0,
  ">": (actual, wanted) => (compareValues(actual, wanted) ?? 0) > 0,
  "<=": (actual, wanted) => (compareValues(actual, wanted) ?? 1) <= 0,
  ">=": (actual, wanted) => (compareValues(actual, wanted) ?? -1) >= 0,
};

class Parser {
  #tokens: Token[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = tokenize(text);
  }

  parse(): Filter {
    const filter = this.#conjunction();
    if (this.#peek()) throw invalid(`invalid filter: unexpected "${this.#peek()!.text}"`);
    return filter;
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #takeWord(word: string): boolean {
    const token = this.#peek();
    if (token?.kind !== "word" || token.text !== word) return false;
    this.#at += 1;
    return true;
  }

  #conjunction(): Filter {
    const terms = [this.#disjunction()];
    while (this.#peek() && this.#peek()!.kind !== "close") {
      this.#takeWord("AND");
      terms.push(this.#disjunction());
    }
    return terms.length === 1 ? terms[0]! : (resource) => terms.every((term) => term(resource));
  }

  #disjunction(): Filter {
    const terms = [this.#term()];
    while (this.#takeWord("OR")) terms.push(this.#term());
    return terms.length === 1 ? terms[0]! : (resource) => terms.some((term) => term(resource));
  }

  #term(): Filter {
    if (this.#takeWord("NOT") || this.#takeWord("-")) {
      const inner = this.#term();
      return (resource) => !inner(resource);
    }
    const token = this.#tokens[this.#at++];
    if (token?.kind === "open") {
      const inner = this.#conjunction();
      if (this.#tokens[this.#at++]?.kind !== "close") throw invalid("invalid filter: a parenthesis is not closed");
      return inner;
    }
    if (token?.kind !== "word")
      throw invalid(`invalid filter: expected a field name, got ${token ? `"${token.text}"` : "the end"}`);
    const operator = this.#tokens[this.#at++];
    const value = this.#tokens[this.#at++];
    if (operator?.kind !== "operator") throw invalid(`invalid filter: expected an operator after "${token.text}"`);
    if (value?.kind !== "word" && value?.kind !== "string")
      throw invalid(`invalid filter: expected a value after "${token.text}${operator.text}"`);
    const [negate, path] = token.text.startsWith("-") ? [true, token.text.slice(1)] : [false, token.text];
    const compare = operators[operator.text]!;
    return (resource) => compare(readField(resource, path), value.text) !== negate;
  }
}

/** @throws ApiError INVALID_ARGUMENT that says what was expected. */
export function parseFilter(text: string): Filter {
  return text.trim() === "" ? () => true : new Parser(text).parse();
}
