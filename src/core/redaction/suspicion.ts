/** Two characters as one number; letters in either case. */
const toPair = (first: number, second: number): number => ((first | 32) << 8) | (second | 32);

/**
 * A character that is rare, which some secrets have, and what stands before it in them. Engines look for single
 * characters many at a time, so that this costs a fraction of an expression over the whole text.
 */
interface Mark {
  char: string;
  /** The last two characters before it: a look that spares the expression. */
  pairs: ReadonlySet<number>;
  before: RegExp;
}

const mark = (char: string, pairs: readonly string[], before: RegExp): Mark => ({
  char,
  pairs: new Set(pairs.map((pair) => toPair(pair.charCodeAt(0), pair.charCodeAt(1)))),
  before,
});

/** So much before a mark is looked at. */
const BEFORE_MAX = 64;

const marks: readonly Mark[] = [
  mark("_", ["fw", "pk", "hp", "ho", "hu", "hs", "hr", "hf", "at"], /(?:[fF](?:w|pk)|[gG]h[pousr]|[hH]f|b_pat)$/),
  mark("-", ["sk"], /[sS]k$/),
  mark("J", ["ey", "d "], /(?:[eE]y|not valid )$/),
  mark("=", ["re", "ig", "ey", "en", "al"], /[?&][\w-]*(?:signature|sig|key|token|credential)$/i),
];

/** Beginnings of tokens that are rare already. */
const beginnings: readonly string[] = ["AKIA", "ASIA", "AIza", "xox", "Xox"];

const ESCAPE = "\\u00";
const [TWO, SEVEN] = [50, 55];

/** Whether a text has escapes of plain characters, which may hide anything; those of other letters are common. */
export function hasPlainEscape(text: string): boolean {
  for (let at = text.indexOf(ESCAPE); at >= 0; at = text.indexOf(ESCAPE, at + 1)) {
    const digit = text.charCodeAt(at + ESCAPE.length);
    if (digit >= TWO && digit <= SEVEN) return true;
  }
  return false;
}

function has(text: string, { char, pairs, before }: Mark): boolean {
  for (let at = text.indexOf(char, 2); at >= 0; at = text.indexOf(char, at + 1)) {
    if (!pairs.has(toPair(text.charCodeAt(at - 2), text.charCodeAt(at - 1)))) continue;
    if (before.test(text.slice(Math.max(at - BEFORE_MAX, 0), at))) return true;
  }
  return false;
}

/** Whether a text may have tokens: quick, for all that have none. */
export function mayHaveTokens(text: string): boolean {
  for (const each of marks) if (has(text, each)) return true;
  for (const beginning of beginnings) if (text.includes(beginning)) return true;
  if (hasPlainEscape(text)) return true;
  // a password in a URL
  return text.includes("://") && text.includes("@");
}
