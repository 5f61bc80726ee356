import { invalid } from "../error.ts";
import { toGlob } from "../glob.ts";
import { includes } from "../search.ts";
import { isTimestampLike, parseTimestamp } from "../time.ts";
import type { Table } from "./table.ts";

/** Whether the row at a place of a table is meant. */
export type RowTest = (row: number) => boolean;

/**
 * AIP-160 filters: comparisons (= != < > <= >= :), AND, OR, NOT, `-`, parentheses, nested fields,
 * `*` wildcards in strings. OR binds tighter than AND, as the standard says; two terms side by side mean AND.
 */
export type Filter = (table: Table) => RowTest;

type Token = { kind: "word" | "string" | "operator" | "open" | "close"; text: string };

const TOKEN = /\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(<=|>=|!=|=|<|>|:)|(\()|(\))|([^\s"'()=<>!:]+))/y;

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  const end = text.trimEnd().length;
  while (TOKEN.lastIndex < end) {
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

/** A test of a field's value; what is wanted is looked at once, as lists are long. */
type Test = (actual: unknown) => boolean;

/** How a value stands to the one that is wanted: below 0, 0, above 0; undefined where they cannot be compared. */
function toComparison(wanted: string): (actual: unknown) => number | undefined {
  const [number, time] = [Number(wanted), parseTimestamp(wanted)];
  const truth = /^true$/i.test(wanted) ? 1 : /^false$/i.test(wanted) ? 0 : undefined;
  const isInteger = /^-?\d+$/.test(wanted);
  return (actual) => {
    if (typeof actual === "number") return Number.isNaN(number) ? undefined : actual - number;
    if (typeof actual === "boolean") return truth === undefined ? undefined : Number(actual) - truth;
    if (typeof actual !== "string") return undefined;
    const actualTime = time === undefined ? undefined : parseTimestamp(actual);
    if (actualTime !== undefined) return actualTime - time!;
    if (isInteger && /^-?\d+$/.test(actual)) return Number(actual) - number;
    return actual < wanted ? -1 : Number(actual > wanted);
  };
}

function toEquality(wanted: string): Test {
  const compare = toComparison(wanted);
  const isNothing = wanted === "" || wanted === "null";
  const isPlain = parseTimestamp(wanted) === undefined && !/^-?\d+$/.test(wanted);
  const matches = wanted.includes("*") ? toGlob(wanted, false) : undefined;
  return (actual) => {
    if (actual === null || actual === undefined) return isNothing;
    if (typeof actual === "string" && matches) return matches(actual);
    if (typeof actual === "string" && isPlain) return actual === wanted;
    return compare(actual) === 0;
  };
}

/** `:` means "has": a substring of a text, an item of a list, a key of a map; `field:*` means "is set". */
function toPossession(wanted: string): Test {
  if (wanted === "*")
    return (actual) => actual !== undefined && actual !== null && actual !== "" && actual !== 0 && actual !== false;
  const isEqual = toEquality(wanted);
  const small = wanted.toLowerCase();
  return (actual) => {
    if (Array.isArray(actual)) return actual.some(isEqual);
    if (typeof actual === "object" && actual !== null) return Object.hasOwn(actual, wanted);
    if (typeof actual === "string" && !wanted.includes("*")) return includes(actual.toLowerCase(), small);
    return isEqual(actual);
  };
}

/** @param unknown what counts where two values cannot be compared */
const toOrder =
  (isIn: (difference: number) => boolean, unknown: number) =>
  (wanted: string): Test => {
    const compare = toComparison(wanted);
    return (actual) => isIn(compare(actual) ?? unknown);
  };

const operators: Record<string, (wanted: string) => Test> = {
  "=": toEquality,
  "!=": (wanted) => {
    const isEqual = toEquality(wanted);
    return (actual) => !isEqual(actual);
  },
  ":": toPossession,
  "<": toOrder((difference) => difference < 0, 0),
  ">": toOrder((difference) => difference > 0, 0),
  "<=": toOrder((difference) => difference <= 0, 1),
  ">=": toOrder((difference) => difference >= 0, -1),
};

type Both = (left: RowTest, right: RowTest) => RowTest;

/** Several tests as one: halves of halves, so that many of them need little stack. */
function joinTests(tests: RowTest[], both: Both): RowTest {
  if (tests.length === 1) return tests[0]!;
  const middle = tests.length >> 1;
  return both(joinTests(tests.slice(0, middle), both), joinTests(tests.slice(middle), both));
}

const join =
  (filters: Filter[], both: Both): Filter =>
  (table) =>
    joinTests(
      filters.map((each) => each(table)),
      both,
    );

/** Parentheses and negations inside one another. */
const DEPTH_MAX = 100;

class Parser {
  #tokens: Token[];
  #at = 0;
  #depth = 0;

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
    return join(terms, (left, right) => (row) => left(row) && right(row));
  }

  #disjunction(): Filter {
    const terms = [this.#term()];
    while (this.#takeWord("OR")) terms.push(this.#term());
    return join(terms, (left, right) => (row) => left(row) || right(row));
  }

  #term(): Filter {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) throw invalid(`invalid filter: more than ${DEPTH_MAX} parentheses inside one another`);
    const term = this.#oneTerm();
    this.#depth -= 1;
    return term;
  }

  #oneTerm(): Filter {
    if (this.#takeWord("NOT") || this.#takeWord("-")) {
      const inner = this.#term();
      return (table) => {
        const isIn = inner(table);
        return (row) => !isIn(row);
      };
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
    if (isTimestampLike(value.text) && parseTimestamp(value.text) === undefined)
      throw invalid(`invalid filter: there is no time "${value.text}"`);
    const [negate, path] = token.text.startsWith("-") ? [true, token.text.slice(1)] : [false, token.text];
    const test = operators[operator.text]!(value.text);
    return (table) => {
      const values = table.column(path);
      return (row) => test(values[row]) !== negate;
    };
  }
}

/** @throws ApiError INVALID_ARGUMENT that says what was expected. */
export function parseFilter(text: string): Filter {
  return text.trim() === "" ? () => () => true : new Parser(text).parse();
}
