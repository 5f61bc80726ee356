import type { Random } from "../random.ts";
import { compose } from "./compose.ts";
import type { Reading } from "./reading.ts";
import { tokenize, tokenizeInto } from "./token.ts";

export type FinishReason = "stop" | "length";

/** What a text may be: its bounds in tokens, and where it must stop. */
export interface Limits {
  maxTokens: number;
  minTokens: number;
  stop: readonly string[];
}

export interface Text {
  tokens: string[];
  finish: FinishReason;
}

/** A natural answer has about this many tokens (ours). */
const TARGET_MIN = 24;
const TARGET_SPREAD = 120;
const CODE_REMARKS = 2;

/** Pieces and tokens after which an answer may end by itself. */
function naturalEnd(reading: Reading, random: Random): { pieces: number; tokens: number } {
  const fixed: Partial<Record<Reading["intent"], number>> = {
    exact: 1,
    greeting: 1,
    list: 1 + reading.itemCount,
    code: 3 + random.below(CODE_REMARKS),
  };
  const pieces = fixed[reading.intent];
  return pieces === undefined ? { pieces: 1, tokens: TARGET_MIN + random.below(TARGET_SPREAD) } : { pieces, tokens: 0 };
}

/** Cuts at the first stop string; the text excludes it (inference §2.1). */
function cutAtStop(text: string, from: number, stop: readonly string[]): number {
  let first = -1;
  for (const mark of stop) {
    const at = mark === "" ? -1 : text.indexOf(mark, Math.max(from - mark.length, 0));
    if (at >= 0 && (first < 0 || at < first)) first = at;
  }
  return first;
}

/**
 * One text: the same for the same randomness and reading, whatever the limits, which only cut it.
 * @param lead what stands before the first word, `" "` when a raw prompt is continued
 */
export function generate(reading: Reading, random: Random, lead: string, limits: Limits): Text {
  const end = naturalEnd(reading, random);
  let [text, pieces] = ["", 0];
  let tokens: string[] = [];
  for (const piece of compose(reading, random)) {
    if (tokens.length > limits.maxTokens) break;
    if (pieces >= end.pieces && tokens.length >= end.tokens && tokens.length >= limits.minTokens)
      return { tokens, finish: "stop" };
    const next = pieces === 0 ? lead + piece : piece;
    const before = text.length;
    text += next;
    pieces += 1;
    tokenizeInto(tokens, next);
    const cut = limits.stop.length > 0 ? cutAtStop(text, before, limits.stop) : -1;
    if (cut >= 0) {
      tokens = tokenize(text.slice(0, cut));
      return tokens.length > limits.maxTokens
        ? { tokens: tokens.slice(0, limits.maxTokens), finish: "length" }
        : { tokens, finish: "stop" };
    }
  }
  return { tokens: tokens.slice(0, limits.maxTokens), finish: "length" };
}
