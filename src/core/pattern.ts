import type { TextPattern } from "../schema/pattern.ts";
import { Memo } from "./memo.ts";

/** Texts that expressions caught, by number and name. */
export type Captures = Record<string, string>;

/** Expressions are made once; up to so many, each up to this long, are remembered. */
const expressions = new Memo<RegExp>(512, 4096);
const globs = new Memo<RegExp>(512, 4096);

function compile(source: string): RegExp {
  const expression = new RegExp(source, "su");
  // one that is too large says so when it is first used
  expression.test("");
  return expression;
}

/** @throws SyntaxError for an expression that is none, or too large */
export const toExpression = (source: string): RegExp => expressions.get(source, compile);

function globToExpression(glob: string): RegExp {
  const source = glob.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^(?:.*/)?${source.join(".*")}$`, "s");
}

/** A full name, or its last part: `llama-*` matches `accounts/fireworks/models/llama-v3p1-8b-instruct`. */
export const isGlob = (glob: string, name: string): boolean => globs.get(glob, globToExpression).test(name);

/** Whether a text is as demanded; what groups of an expression caught goes to `captures`. */
export function fits(pattern: TextPattern, text: string, captures: Captures): boolean {
  if (typeof pattern === "string") return text.includes(pattern);
  if (pattern.equals !== undefined && text !== pattern.equals) return false;
  if (pattern.contains !== undefined && !text.includes(pattern.contains)) return false;
  if (pattern.regex === undefined) return true;
  const found = toExpression(pattern.regex).exec(text);
  if (!found) return false;
  for (const [at, group] of found.entries()) captures[at] = group ?? "";
  Object.assign(captures, found.groups);
  return true;
}

/** A value for a message. */
export const shown = (value: unknown): string => {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "none");
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
};
