import type { TextPattern } from "../schema/pattern.ts";
import { toExpression } from "./expression.ts";
import { toGlob } from "./glob.ts";
import { Memo } from "./memo.ts";
import { includes } from "./search.ts";

/** Texts that expressions caught, by number and name. */
export type Captures = Record<string, string>;

const globs = new Memo<(name: string) => boolean>(512, 4096);

/** A full name, or its last part: `llama-*` matches `accounts/fireworks/models/llama-v3p1-8b-instruct`. */
export const isGlob = (glob: string, name: string): boolean => globs.get(glob, (text) => toGlob(text, true))(name);

/** What is wrong with the expressions among some patterns, and where, if anything is. */
export function findPatternFault(patterns: Iterable<readonly [string, TextPattern | undefined]>): string | undefined {
  for (const [path, pattern] of patterns) {
    if (typeof pattern !== "object" || pattern.regex === undefined) continue;
    try {
      toExpression(pattern.regex);
    } catch (error) {
      return `${path}.regex: ${(error as Error).message}`;
    }
  }
  return undefined;
}

/** Whether a text is as demanded; what groups of an expression caught goes to `captures`, where they are wanted. */
export function fits(pattern: TextPattern, text: string, captures?: Captures): boolean {
  if (typeof pattern === "string") return includes(text, pattern);
  if (pattern.equals !== undefined && text !== pattern.equals) return false;
  if (pattern.contains !== undefined && !includes(text, pattern.contains)) return false;
  if (pattern.regex === undefined) return true;
  const expression = toExpression(pattern.regex);
  if (!captures) return expression.test(text);
  const found = expression.exec(text);
  Object.assign(captures, found);
  return found !== undefined;
}

/** Whether one of several texts is as demanded; an expression's bound holds for all of them together. */
export function fitsAny(pattern: TextPattern, texts: readonly string[], captures: Captures): boolean {
  if (typeof pattern === "object" && pattern.regex !== undefined)
    toExpression(pattern.regex).admit(texts.reduce((sum, text) => sum + text.length, 0));
  return texts.some((text) => fits(pattern, text, captures));
}

/** A value for a message. */
export const shown = (value: unknown): string => {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "none");
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
};
