/**
 * A stand-in for a real tokenizer: lossless (the tokens join to the text), the same everywhere, and about as many
 * tokens as a BPE vocabulary of 128k makes of English (1.3 per word) (ours).
 */
const WORD_MAX = 9;
const WORD_PIECE = 5;
const DIGITS_MAX = 3;

type Class = "letter" | "digit" | "space" | "newline" | "other";

function classOf(code: number): Class {
  if ((code >= 97 && code <= 122) || (code >= 65 && code <= 90)) return "letter";
  if (code === 32 || code === 9) return "space";
  if (code >= 48 && code <= 57) return "digit";
  return code === 10 || code === 13 ? "newline" : "other";
}

/** The end of the run of `kind` that starts at `at`. */
function runEnd(text: string, at: number, kind: Class): number {
  let end = at;
  while (end < text.length && classOf(text.charCodeAt(end)) === kind) end += 1;
  return end;
}

function* pieces(text: string): Generator<string> {
  for (let at = 0; at < text.length;) {
    let start = at;
    let kind = classOf(text.charCodeAt(at));
    if (kind === "space") {
      const end = runEnd(text, at, "space");
      // one space goes with the word that follows; the others are a token
      const joins = end < text.length && text.charCodeAt(end - 1) === 32 && classOf(text.charCodeAt(end)) !== "newline";
      at = joins ? end - 1 : end;
      if (at > start) {
        yield text.slice(start, at);
        continue;
      }
      start = at;
      at += 1;
      kind = classOf(text.charCodeAt(at));
    }
    if (kind === "letter" || kind === "digit") {
      const end = runEnd(text, at, kind);
      const [longest, piece] = kind === "letter" ? [WORD_MAX, WORD_PIECE] : [DIGITS_MAX, DIGITS_MAX];
      at = end - at <= longest ? end : at + piece;
    } else if (kind === "newline") at = runEnd(text, at, kind);
    else at += text.codePointAt(at)! > 0xffff ? 2 : 1;
    yield text.slice(start, at);
  }
}

/** The tokens of a text. */
export const tokenize = (text: string): string[] => [...pieces(text)];

/** How many tokens a text has. */
export function countTokens(text: string): number {
  let count = 0;
  for (const _ of pieces(text)) count += 1;
  return count;
}
