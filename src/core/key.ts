import { timingSafeEqual } from "node:crypto";
import { digest } from "./random.ts";

/** What is kept of a key that was made here. */
export const hashKey = (key: string): string => digest("api-key", key);

const MARK = "sha256:";
/** So many digits of a hash are shown. */
const SHOWN_LENGTH = 12;
const HASHED = /^sha256:[0-9a-f]{64}$/;
const SHOWN = /^sha256:[0-9a-f]{12}$/;

/** What is kept of a key that a client chose: its SHA-256, marked as such. */
export const hashDirectKey = (key: string): string => MARK + digest(key);

/** The part of a key that is shown: enough to distinguish it from others. */
export const shownDirectKey = (hash: string): string => hash.slice(0, MARK.length + SHOWN_LENGTH);

/**
 * The hashes of a list of keys as a client sends it: keys, and what is shown of known ones, which stay.
 * @returns undefined when something looks as if it stood for a key, and none is known: taken for a key it would be
 * one that everybody has seen
 */
export function toDirectKeys(sent: readonly string[], known: readonly string[]): string[] | undefined {
  const hashes = sent.map((key) =>
    SHOWN.test(key) ? known.find((each) => shownDirectKey(each) === key) : hashDirectKey(key),
  );
  return hashes.every((hash) => hash !== undefined) ? hashes : undefined;
}

/** Whether a list is from a time when the keys themselves were kept. */
export const hasPlainKeys = (stored: readonly string[]): boolean => stored.some((key) => !HASHED.test(key));

/** Whether a key is one of those with these hashes. Comparing takes the same time however alike they are. */
export function isDirectKey(key: string, hashes: readonly string[]): boolean {
  const own = Buffer.from(hashDirectKey(key));
  // all of them, so that a match is no quicker either
  return hashes.filter((hash) => timingSafeEqual(own, Buffer.from(hash))).length > 0;
}
