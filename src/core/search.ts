/** The engine's own search is the quickest for short texts, but takes the product of both lengths at worst. */
const SHORT_MAX = 32;

/** How much of the part's beginning stands again at each of its places (Knuth, Morris, Pratt). */
function bordersOf(part: string): Int32Array {
  const borders = new Int32Array(part.length);
  for (let at = 1, length = 0; at < part.length; at += 1) {
    while (length > 0 && part.charCodeAt(at) !== part.charCodeAt(length)) length = borders[length - 1]!;
    if (part.charCodeAt(at) === part.charCodeAt(length)) length += 1;
    borders[at] = length;
  }
  return borders;
}

/** `text.indexOf(part, from)`, in time linear in both whatever they are. */
export function find(text: string, part: string, from = 0): number {
  if (part.length <= SHORT_MAX) return text.indexOf(part, from);
  if (part.length > text.length - from) return -1;
  const borders = bordersOf(part);
  for (let at = from, length = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    while (length > 0 && code !== part.charCodeAt(length)) length = borders[length - 1]!;
    if (code === part.charCodeAt(length)) length += 1;
    if (length === part.length) return at - length + 1;
  }
  return -1;
}

export const includes = (text: string, part: string): boolean => find(text, part) >= 0;
