import { stopWords } from "./phrases.ts";

type Intent = "exact" | "greeting" | "code" | "list" | "story" | "verse" | "yesNo" | "explain";

/** What the generator made of a request: the kind of answer, and the words to talk about. */
export interface Reading {
  intent: Intent;
  /** The whole answer, for `exact`. */
  exact: string;
  topics: readonly string[];
  /** Proper names that were said, such as places. */
  names: readonly string[];
  itemCount: number;
  language: string;
}

const TOPICS_MAX = 6;
const READ_MAX = 4000;
const ITEMS_DEFAULT = 5;
const ITEMS_MAX = 20;

const languages: [RegExp, string][] = [
  [/\b(typescript|tsx?)\b/i, "typescript"],
  [/\b(javascript|node(\.js)?|jsx?)\b/i, "javascript"],
  [/\b(golang|go (function|code|program))\b/i, "go"],
  [/\b(sql|query|postgres|sqlite)\b/i, "sql"],
  [/\b(bash|shell script|shell)\b/i, "bash"],
  [/\bpython\b/i, "python"],
];

const CODE =
  /\b(code|function|program|script|implement|algorithm|class|regex|python|javascript|typescript|golang|sql|bash)\b|```|^\s*(def|function|class|import|const|fn|func) /i;
const numbers: Record<string, number> = {
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
};

/** Words worth talking about, in the order they came; the last ones first when there are many. */
function findTopics(text: string): string[] {
  const found = new Set<string>();
  for (const word of text.slice(-READ_MAX).match(/[A-Za-z][A-Za-z'-]{2,24}/g) ?? []) {
    if (!stopWords.has(word.toLowerCase())) found.add(word === word.toUpperCase() ? word : word.toLowerCase());
  }
  const topics = [...found].slice(-TOPICS_MAX);
  return topics.length > 0 ? topics : ["the subject"];
}

/** Words with a capital that do not begin a sentence, and those that follow one another as one name. */
function findNames(text: string): string[] {
  const found = text.matchAll(/(?<=[a-z,;:][ \n])(?:[A-Z][a-zà-ÿ]+(?: [A-Z][a-zà-ÿ]+)*)/g);
  return [...new Set([...found].map(([name]) => name))].slice(-TOPICS_MAX);
}

/** Answers that a reader can check: said things, sums, remembered names. */
function findExact(last: string, said: readonly string[]): string | undefined {
  const asked =
    /^\s*(?:please\s+)?(?:say|repeat|reply with|respond with|answer with|print)(?:\s+(?:exactly|only|just|the words?))*:?\s+["'“]?(.{1,200}?)["'”]?[.!]?\s*$/i.exec(
      last,
    );
  if (asked && !/\b(something|anything|a (joke|story|poem|word))\b/i.test(asked[1]!))
    return `${asked[1]!.charAt(0).toUpperCase()}${asked[1]!.slice(1)}.`;
  const sum = /(-?\d{1,9}(?:\.\d{1,6})?)\s*([+*/x×-])\s*(-?\d{1,9}(?:\.\d{1,6})?)\s*(?:=|\?|$)/.exec(last);
  if (sum) return String(calculate(Number(sum[1]), sum[2]!, Number(sum[3])));
  if (!/\b(what(?:'s| is) my name|who am i|remember my name)\b/i.test(last)) return undefined;
  const name = /\bmy name(?:'s| is)\s+([A-Z][\w-]*|\w+)/i.exec(said.join("\n"));
  return name ? `Your name is ${name[1]}.` : undefined;
}

function calculate(left: number, operator: string, right: number): number | string {
  const results: Record<string, number> = { "+": left + right, "-": left - right, "/": left / right };
  const value = results[operator] ?? left * right;
  return Number.isFinite(value) ? Number(value.toFixed(6)) : "That is undefined: nothing can be divided by zero.";
}

function findIntent(last: string): Intent {
  if (/^\s*(hi|hello|hey|good (morning|afternoon|evening))\b[\s!.,]*(there)?[\s!.,]*$/i.test(last)) return "greeting";
  if (CODE.test(last)) return "code";
  if (/\b(poem|haiku|verse|sonnet|song)\b/i.test(last)) return "verse";
  if (/\b(story|tale|once upon a time|novel)\b/i.test(last)) return "story";
  if (
    /\b(list|steps|ways|tips|ideas|examples|reasons|name (two|three|four|five|six|seven|eight|nine|ten|\d+))\b/i.test(
      last,
    )
  )
    return "list";
  return /^\s*(is|are|can|could|does|do|did|will|would|should|has|have|was|were)\b.*\?\s*$/i.test(last)
    ? "yesNo"
    : "explain";
}

function findItemCount(last: string): number {
  const match = /\b(\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten)\b/i.exec(last);
  const count = match ? (numbers[match[1]!.toLowerCase()] ?? Number(match[1])) : ITEMS_DEFAULT;
  return Math.min(Math.max(count, 1), ITEMS_MAX);
}

/**
 * Reads a request.
 * @param last the text to answer: the last user message, or the prompt
 * @param said everything that was said, for what must be remembered
 */
export function read(last: string, said: readonly string[]): Reading {
  const text = last.slice(-READ_MAX);
  const exact = findExact(text, said);
  const intent = exact === undefined ? findIntent(text) : "exact";
  const language = intent === "code" ? (languages.find(([pattern]) => pattern.test(text))?.[1] ?? "python") : "";
  let names: string[] | undefined;
  return {
    intent,
    exact: exact ?? "",
    topics: findTopics(text),
    // few answers need them
    get names() {
      return (names ??= findNames(text));
    },
    itemCount: intent === "list" ? findItemCount(text) : 0,
    language,
  };
}
