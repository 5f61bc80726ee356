import { hashText } from "../random.ts";

/**
 * A stand-in for a real tokenizer: lossless (the tokens join to the text), the same everywhere, and about as many
 * tokens as a BPE vocabulary of 128k makes of English (1.3 per word) (ours).
 */
const WORD_MAX = 9;
const WORD_PIECE = 5;
const DIGITS_MAX = 3;

const [OTHER, LETTER, DIGIT, SPACE, NEWLINE] = [0, 1, 2, 3, 4];
const classes = new Uint8Array(128);
for (let code = 97; code <= 122; code += 1) classes[code] = classes[code - 32] = LETTER;
for (let code = 48; code <= 57; code += 1) classes[code] = DIGIT;
classes[32] = classes[9] = SPACE;
classes[10] = classes[13] = NEWLINE;

const classAt = (text: string, at: number): number => {
  const code = text.charCodeAt(at);
  return code < 128 ? classes[code]! : OTHER;
};

/** The end of the run of `kind` that starts at `at`; of a run that goes beyond `most`, somewhere there. */
function runEnd(text: string, at: number, kind: number, most = text.length): number {
  let end = at;
  while (end < most && classAt(text, end) === kind) end += 1;
  return end;
}

/** Where the token that starts at `start` ends. */
function tokenEnd(text: string, start: number): number {
  let at = start;
  let kind = classAt(text, at);
  if (kind === SPACE) {
    const end = runEnd(text, at, SPACE);
    // one space goes with the word that follows; the others are a token
    const joins = end < text.length && text.charCodeAt(end - 1) === 32 && classAt(text, end) !== NEWLINE;
    if (!joins) return end;
    if (end - 1 > start) return end - 1;
    at = end;
    kind = classAt(text, at);
  }
  if (kind === NEWLINE) return runEnd(text, at, NEWLINE);
  if (kind === OTHER) return at + (text.codePointAt(at)! > 0xffff ? 2 : 1);
  const isWord = kind === LETTER;
  const longest = isWord ? WORD_MAX : DIGITS_MAX;
  // no further: a word of millions of letters would be gone through for each of its pieces
  const end = runEnd(text, at, kind, Math.min(at + longest + 1, text.length));
  return end - at <= longest ? end : at + (isWord ? WORD_PIECE : DIGITS_MAX);
}

/** Appends the tokens of a text. */
export function tokenizeInto(tokens: string[], text: string): void {
  for (let at = 0; at < text.length;) {
    const end = tokenEnd(text, at);
    tokens.push(text.slice(at, end));
    at = end;
  }
}

/** The tokens of a text. */
export function tokenize(text: string): string[] {
  const tokens: string[] = [];
  tokenizeInto(tokens, text);
  return tokens;
}

/** Ids of single characters are their codes; the vocabulary goes to here, as a real one of 128k does (ours). */
const VOCABULARY = 128_000;

/** A token's id: a hash of its text, so that it is the same everywhere and cannot be turned back. */
export const tokenId = (token: string): number => tokenIdAt(token, 0, token.length);

function tokenIdAt(text: string, start: number, end: number): number {
  if (end - start === 1 && text.charCodeAt(start) < 256) return text.charCodeAt(start);
  return 256 + (hashText(text, start, end) % (VOCABULARY - 256));
}

/** The ids of a text's tokens, one by one: what the prompt of every request goes through. */
export function eachTokenId(text: string, work: (id: number) => void): void {
  for (let at = 0; at < text.length;) {
    const end = tokenEnd(text, at);
    work(tokenIdAt(text, at, end));
    at = end;
  }
}

/** How many tokens a text has. */
export function countTokens(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at = tokenEnd(text, at)) count += 1;
  return count;
}
