import { find } from "./search.ts";

/**
 * A pattern with `*` for anything. What is between two stars is looked for once, from where the last was found, so
 * that a match takes time linear in the text.
 * @param isName a text may also be a path whose last parts are meant: `llama-*` for `accounts/a/models/llama-3`
 */
export function toGlob(pattern: string, isName: boolean): (text: string) => boolean {
  const [first, ...rest] = pattern.split("*") as [string, ...string[]];
  const last = rest.pop();
  if (last === undefined) return (text) => text === pattern || (isName && text.endsWith(`/${pattern}`));
  const middle = rest.filter((part) => part !== "");
  /** Where the first part ends, as early as can be; below 0 when it is nowhere. */
  const begin = (text: string): number => {
    if (text.startsWith(first)) return first.length;
    const slash = isName ? find(text, `/${first}`) : -1;
    return slash < 0 ? -1 : slash + 1 + first.length;
  };
  return (text) => {
    if (!text.endsWith(last)) return false;
    let at = begin(text);
    for (const part of middle) {
      if (at < 0) return false;
      const found = find(text, part, at);
      at = found < 0 ? -1 : found + part.length;
    }
    return at >= 0 && at <= text.length - last.length;
  };
}
