import { ApiError } from "../error.ts";
import type { Captures } from "../pattern.ts";
import type { Asked } from "./match.ts";

/**
 * Characters that the `{{...}}` of one answer may put in (ours): as much as the longest prompt of any model. A long
 * text with many of them would grow beyond the memory of the process.
 */
export const FILLED_MAX = 4_000_000;

/** Puts what a request said into the texts of one answer. */
export interface Filler {
  /** @throws ApiError invalid_request_error when the answer grows too long */
  text(template: string): string;
  /** The same in every text of a JSON value. */
  value(template: unknown): unknown;
}

const verbatimFiller: Filler = { text: (template) => template, value: (template) => template };

/** `{{lastUserMessage}}`, `{{model}}`, `{{1}}`, `{{name}}`; what is not known stays as it is. */
export function toFiller(isVerbatim: boolean, { last, model, account, turn }: Asked, captures: Captures): Filler {
  if (isVerbatim) return verbatimFiller;
  const known = new Map(Object.entries({ ...captures, lastUserMessage: last, model, account, turn: String(turn) }));
  let filled = 0;
  const text = (template: string): string =>
    template.replace(/\{\{\s*(\w+)\s*\}\}/g, (whole, name: string) => {
      const found = known.get(name) ?? whole;
      filled += found.length;
      if (filled > FILLED_MAX)
        throw new ApiError(
          "invalid_request_error",
          `The script's answer is too long: its {{...}} stand for more than ${FILLED_MAX} characters`,
        );
      return found;
    });
  const value = (template: unknown): unknown => {
    if (typeof template === "string") return text(template);
    if (Array.isArray(template)) return template.map(value);
    if (typeof template !== "object" || template === null) return template;
    return Object.fromEntries(Object.entries(template).map(([key, item]) => [key, value(item)]));
  };
  return { text, value };
}
