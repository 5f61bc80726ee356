import type { Ms } from "../time.ts";
import { SECOND } from "../time.ts";
import type { Capacity } from "./capacity.ts";
import { crowd } from "./capacity.ts";
import { hashText } from "../random.ts";
import type { Flight, Load } from "./load.ts";

/** Synthetic traffic on each replica, beside the requests that came over HTTP. */
export interface Background {
  inFlight: number;
  /** How long a request that arrives now waits behind it. */
  queueMs: Ms;
}

export const NO_BACKGROUND: Background = { inFlight: 0, queueMs: 0 };

/** A place on a replica, and how many are in flight there already. */
export interface Seat {
  replica: number;
  inFlight: number;
}

/** What a request asks of a replica; tokens that it remembers need not be read. */
export interface Work {
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
  /** Of these, what was predicted rightly: many of them are checked at once. */
  speculatedTokens: number;
  /** When the tokens are told, as spans from now, where that is not left to the replica. */
  offsets?: readonly Ms[] | undefined;
}

/** What a token costs that only needs to be checked, as a share of one that is made (ours). */
const CHECK_COST = 0.25;

/** A replica for an affinity key: the same as long as it is there, whichever others come and go. */
function stickTo<T extends { number: number }>(replicas: readonly T[], key: string): T {
  const rank = ({ number }: T): number => hashText(`${key} ${number}`);
  return replicas.reduce((best, replica) => (rank(replica) > rank(best) ? replica : best));
}

/**
 * The ready replica with the fewest in flight, ties by replica number (simulation §2); undefined when all are full.
 * @param key sends requests to the same replica as long as it serves them at once
 */
export function findSeat(
  load: Load,
  replicas: readonly { number: number }[],
  capacity: Capacity,
  background: Background,
  now: Ms,
  key?: string,
): Seat | undefined {
  const inFlightOn = ({ number }: { number: number }): number => load.inFlight(number, now) + background.inFlight;
  if (key !== undefined && replicas.length > 1) {
    const own = stickTo(replicas, key);
    if (inFlightOn(own) < capacity.concurrency) return { replica: own.number, inFlight: inFlightOn(own) };
  }
  let best: Seat | undefined;
  for (const replica of replicas) {
    const inFlight = inFlightOn(replica);
    if (inFlight < (best?.inFlight ?? capacity.concurrency * 2)) best = { replica: replica.number, inFlight };
  }
  return best;
}

/** The whole timing of a request on its replica. */
export function admit(
  load: Load,
  { replica, inFlight }: Seat,
  capacity: Capacity,
  background: Background,
  now: Ms,
  { promptTokens, cachedTokens, completionTokens, speculatedTokens, offsets }: Work,
): Flight {
  const slots = Math.max(Math.floor(capacity.concurrency - background.inFlight), 1);
  let startAt = now;
  let firstTokenAt = now + (offsets?.[0] ?? 0);
  let endAt = now + (offsets?.at(-1) ?? 0);
  if (!offsets || offsets.length === 0) {
    startAt = Math.ceil(load.startAt(replica, now, slots) + background.queueMs);
    firstTokenAt = startAt + Math.ceil(((promptTokens - cachedTokens) / capacity.prefillTokensPerSecond) * SECOND);
    const tokens = completionTokens - speculatedTokens * (1 - CHECK_COST);
    endAt = firstTokenAt + Math.ceil((tokens / capacity.decodeTokensPerSecond) * crowd(capacity, inFlight) * SECOND);
  }
  return {
    replica,
    status: 200,
    admittedAt: now,
    startAt,
    firstTokenAt,
    endAt,
    promptTokens,
    cachedTokens,
    completionTokens,
  };
}
