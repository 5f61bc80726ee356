import { ApiError } from "./error.ts";

/**
 * Levels that JSON from outside may be nested: all that walks through it, level by level, must have stack to do so
 * (ours).
 */
export const NESTING_MAX = 512;

const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [34, 92, 91, 93, 123, 125];

/** Where the string that begins at `start` has its closing quote. */
export function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}

function isTooDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = stringEnd(text, at);
    else if (code === OPEN_LIST || code === OPEN_OBJECT) depth += 1;
    else if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth -= 1;
    if (depth > NESTING_MAX) return true;
  }
  return false;
}

/** JSON that somebody sent. @throws SyntaxError for what is none, or is nested too deeply */
export function parseJson(text: string): unknown {
  // a shorter text has no room for so many brackets
  if (text.length > 2 * NESTING_MAX && isTooDeep(text))
    throw new SyntaxError(`it is nested more than ${NESTING_MAX} levels deep`);
  return JSON.parse(text) as unknown;
}

/** JSON of a row that is read when it is asked for. @throws ApiError UNAVAILABLE naming it, when somebody else wrote it */
export function parseRow(what: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new ApiError("UNAVAILABLE", `the database is damaged: ${what}: not JSON (${(error as Error).message})`);
  }
}
