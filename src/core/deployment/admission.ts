import type { Ms } from "../time.ts";
import { SECOND } from "../time.ts";
import type { Capacity } from "./capacity.ts";
import { crowd } from "./capacity.ts";
import type { Flight, Load } from "./load.ts";

/** Synthetic traffic on each replica, beside the requests that came over HTTP. */
export interface Background {
  inFlight: number;
  /** How long a request that arrives now waits behind it. */
  queueMs: Ms;
}

export const NO_BACKGROUND: Background = { inFlight: 0, queueMs: 0 };

/**
 * The replica that takes a request and its whole timing, or undefined when all are full.
 * The ready replica with the fewest in flight; ties by replica number (simulation §2).
 */
export function admit(
  load: Load,
  replicas: readonly { number: number }[],
  capacity: Capacity,
  background: Background,
  now: Ms,
  promptTokens: number,
  completionTokens: number,
): Flight | undefined {
  let best: { number: number } | undefined;
  let fewest = capacity.concurrency * 2;
  for (const replica of replicas) {
    const inFlight = load.inFlight(replica.number, now) + background.inFlight;
    if (inFlight < fewest) [best, fewest] = [replica, inFlight];
  }
  if (!best) return undefined;
  const slots = Math.max(Math.floor(capacity.concurrency - background.inFlight), 1);
  const startAt = Math.ceil(load.startAt(best.number, now, slots) + background.queueMs);
  const firstTokenAt = startAt + Math.ceil((promptTokens / capacity.prefillTokensPerSecond) * SECOND);
  const decodeMs = (completionTokens / capacity.decodeTokensPerSecond) * crowd(capacity, fewest) * SECOND;
  return {
    replica: best.number,
    status: 200,
    admittedAt: now,
    startAt,
    firstTokenAt,
    endAt: firstTokenAt + Math.ceil(decodeMs),
    promptTokens,
    completionTokens,
  };
}
