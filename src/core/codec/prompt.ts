import type { History } from "../generation/family.ts";
import { eachTokenId, tokenId, tokenize } from "../generation/token.ts";
import { hashText, mix } from "../random.ts";

/**
 * A part of a prompt: text, literal token ids (special tokens, images, prompts given as ids), or earlier reasoning,
 * which the model may or may not see again; `turn` when it belongs to the turn that is still going on.
 */
export type Piece = string | readonly number[] | { reasoning: string; turn: boolean };

/** One prompt as the generator sees it. */
export interface Prompt {
  /** The text to answer: the last user message, or the whole prompt. */
  last: string;
  /** Everything that was said, message by message. */
  said: readonly string[];
  pieces: readonly Piece[];
}

/** Ids of special tokens (ours, above the vocabulary): begin of text, header, end of header, end of message, image. */
export const BEGIN = 128_000;
const HEADER = 128_006;
const HEADER_END = 128_007;
const MESSAGE_END = 128_009;
const IMAGE = 128_256;
/** An image, or a video, counts as this many tokens (ours). */
const IMAGE_TOKENS = 576;

const header: readonly number[] = [HEADER, HEADER_END];
const end: readonly number[] = [MESSAGE_END, MESSAGE_END];
export const image: readonly number[] = Array.from({ length: IMAGE_TOKENS }, () => IMAGE);
/** A chat template's beginning, and the start of the answer. */
export const template: readonly number[] = [BEGIN, HEADER, HEADER_END];

/** A message in its template: four tokens around what it says. */
export const wrap = (pieces: readonly Piece[]): Piece[] => [header, ...pieces, end];

/** The pieces that the model sees (inference §3.6, reasoning_history). */
export function seen(pieces: readonly Piece[], history: History): (string | readonly number[])[] {
  const found: (string | readonly number[])[] = [];
  for (const piece of pieces) {
    if (typeof piece === "string" || !("reasoning" in piece)) found.push(piece);
    else if (history === "preserved" || (history === "interleaved" && piece.turn)) found.push(piece.reasoning);
  }
  return found;
}

/** The ids of a prompt's tokens, as many as it counts. */
export const promptIds = (pieces: readonly Piece[], history: History): number[] =>
  seen(pieces, history).flatMap((piece) => (typeof piece === "string" ? tokenize(piece).map(tokenId) : piece));

/** Prompts are remembered in blocks of so many tokens (ours; a usual size). */
export const BLOCK_TOKENS = 16;

/**
 * How many tokens a prompt has, and hashes of its whole blocks; each depends on all that stands before it, so two
 * prompts have as many in common as their tokens begin alike.
 */
export function scanPrompt(pieces: readonly Piece[], history: History): { tokens: number; blocks: number[] } {
  const blocks: number[] = [];
  let [hash, tokens] = [hashText(""), 0];
  const add = (id: number): void => {
    hash = mix(hash, id);
    tokens += 1;
    if (tokens % BLOCK_TOKENS === 0) blocks.push(hash);
  };
  for (const piece of seen(pieces, history)) {
    if (typeof piece === "string") eachTokenId(piece, add);
    else piece.forEach(add);
  }
  return { tokens, blocks };
}
