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
  /** Whether the text ends with the stop string or before it. */
  keepStop: boolean;
}

export interface Text {
  tokens: string[];
  finish: FinishReason;
  /** The stop string that ended it. */
  stop: string | null;
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

/** The first stop string in a text; the text excludes it (inference §2.1). */
function findStop(text: string, from: number, stop: readonly string[]): { at: number; mark: string } | undefined {
  let first: { at: number; mark: string } | undefined;
  for (const mark of stop) {
    const at = mark === "" ? -1 : text.indexOf(mark, Math.max(from - mark.length, 0));
    if (at >= 0 && (!first || at < first.at)) first = { at, mark };
  }
  return first;
}

function endAt(text: string, { at, mark }: { at: number; mark: string }, { maxTokens, keepStop }: Limits): Text {
  const tokens = tokenize(text.slice(0, keepStop ? at + mark.length : at));
  return tokens.length > maxTokens
    ? { tokens: tokens.slice(0, maxTokens), finish: "length", stop: null }
    : { tokens, finish: "stop", stop: mark };
}

/** A text that is there already, within the limits. */
export function cutText(text: string, limits: Limits): Text {
  const found = findStop(text, 0, limits.stop);
  if (found) return endAt(text, found, limits);
  const tokens = tokenize(text);
  return tokens.length > limits.maxTokens
    ? { tokens: tokens.slice(0, limits.maxTokens), finish: "length", stop: null }
    : { tokens, finish: "stop", stop: null };
}

/**
 * One text: the same for the same randomness and reading, whatever the limits, which only cut it.
 * @param lead what stands before the first word, `" "` when a raw prompt is continued
 */
export function generate(reading: Reading, random: Random, lead: string, limits: Limits): Text {
  const end = naturalEnd(reading, random);
  let [text, pieces] = ["", 0];
  const tokens: string[] = [];
  for (const piece of compose(reading, random)) {
    if (tokens.length > limits.maxTokens) break;
    if (pieces >= end.pieces && tokens.length >= end.tokens && tokens.length >= limits.minTokens)
      return { tokens, finish: "stop", stop: null };
    const next = pieces === 0 ? lead + piece : piece;
    const before = text.length;
    text += next;
    pieces += 1;
    tokenizeInto(tokens, next);
    const found = limits.stop.length > 0 ? findStop(text, before, limits.stop) : undefined;
    if (found) return endAt(text, found, limits);
  }
  return { tokens: tokens.slice(0, limits.maxTokens), finish: "length", stop: null };
}
