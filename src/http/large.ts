/** Texts of this length and more are kept as bytes while they wait to be sent. */
const LARGE = 131_072;

/**
 * What to send for a text. A large one leaves V8's heap, which grows to a multiple of what lives in it, and is not
 * copied again when it is written.
 */
export const toSend = (text: string): string | Uint8Array<ArrayBuffer> =>
  text.length < LARGE ? text : new TextEncoder().encode(text);

/** A text of which parts are asked for, one after another. */
export type Parts = (from: number, to: number) => string;

// two functions: closures made in one would share what they hold, and the text would stay
const ofText =
  (text: string): Parts =>
  (from, to) =>
    text.slice(from, to);
/** Where a byte is a character. */
const ofBytes =
  (bytes: Buffer): Parts =>
  (from, to) =>
    bytes.toString("latin1", from, to);

export const toParts = (text: string): Parts =>
  text.length < LARGE || Buffer.byteLength(text) > text.length ? ofText(text) : ofBytes(Buffer.from(text, "latin1"));
