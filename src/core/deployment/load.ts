import type { Ms } from "../time.ts";
import { SECOND } from "../time.ts";

/** The computed life of one request on one replica (simulation §2). */
export interface Flight {
  replica: number;
  /** 200; 429 and 503 for requests that were turned away: they take no time and load nothing. */
  status: number;
  admittedAt: Ms;
  startAt: Ms;
  firstTokenAt: Ms;
  endAt: Ms;
  promptTokens: number;
  /** Of the prompt, what the replica remembered. */
  cachedTokens: number;
  completionTokens: number;
}

/** Load averaged over a span of world time, over all replicas together. */
export interface Observation {
  concurrentRequests: number;
  requestsPerSecond: number;
  promptTokensPerSecond: number;
  generatedTokensPerSecond: number;
}

export const NOTHING: Observation = {
  concurrentRequests: 0,
  requestsPerSecond: 0,
  promptTokensPerSecond: 0,
  generatedTokensPerSecond: 0,
};

export const addLoads = (left: Observation, right: Observation): Observation => ({
  concurrentRequests: left.concurrentRequests + right.concurrentRequests,
  requestsPerSecond: left.requestsPerSecond + right.requestsPerSecond,
  promptTokensPerSecond: left.promptTokensPerSecond + right.promptTokensPerSecond,
  generatedTokensPerSecond: left.generatedTokensPerSecond + right.generatedTokensPerSecond,
});

interface Bucket {
  busyMs: number;
  requests: number;
  promptTokens: number;
  generatedTokens: number;
}

const secondOf = (at: Ms): number => Math.floor(at / SECOND);

/**
 * The load of one deployment in one-second buckets of world time, and who is in flight on each replica.
 * A flight is added when it is admitted, with its whole future; no timer runs for it.
 */
export class Load {
  readonly #buckets = new Map<number, Bucket>();
  /** End times of the requests on a replica, ascending. */
  readonly #ends = new Map<number, Ms[]>();

  add(flight: Flight): void {
    if (flight.status === 503) return;
    this.#bucket(secondOf(flight.admittedAt)).requests += 1;
    if (flight.status !== 200) return;
    const ends = this.#ends.get(flight.replica) ?? [];
    let at = ends.length;
    while (at > 0 && ends[at - 1]! > flight.endAt) at -= 1;
    ends.splice(at, 0, flight.endAt);
    this.#ends.set(flight.replica, ends);
    this.#spread(flight.admittedAt, flight.endAt, "busyMs", flight.endAt - flight.admittedAt);
    this.#spread(flight.startAt, flight.firstTokenAt, "promptTokens", flight.promptTokens);
    this.#spread(flight.firstTokenAt, flight.endAt, "generatedTokens", flight.completionTokens);
  }

  /** A client has hung up: what its request had still to do is taken back. */
  cut(flight: Flight, at: Ms): void {
    const ends = this.#ends.get(flight.replica);
    const place = ends?.indexOf(flight.endAt) ?? -1;
    if (!ends || place < 0 || flight.endAt <= at) return;
    ends.splice(place, 1);
    const takeBack = (from: Ms, to: Ms, key: keyof Bucket, amount: number): void => {
      const start = Math.max(from, at);
      if (start < to) this.#spread(start, to, key, (-amount * (to - start)) / (to - from));
    };
    takeBack(flight.admittedAt, flight.endAt, "busyMs", flight.endAt - flight.admittedAt);
    takeBack(flight.startAt, flight.firstTokenAt, "promptTokens", flight.promptTokens);
    takeBack(flight.firstTokenAt, flight.endAt, "generatedTokens", flight.completionTokens);
  }

  /** Requests on a replica that have not ended, waiting ones included. */
  inFlight(replica: number, now: Ms): number {
    return this.#alive(replica, now).length;
  }

  /** When a request admitted now may start on a replica that serves `concurrency` at a time. */
  startAt(replica: number, now: Ms, concurrency: number): Ms {
    const ends = this.#alive(replica, now);
    return ends.length < concurrency ? now : ends[ends.length - concurrency]!;
  }

  /** The average over [from, to); both on whole seconds. */
  observe(from: Ms, to: Ms): Observation {
    if (this.#buckets.size === 0) return NOTHING;
    const total: Bucket = { busyMs: 0, requests: 0, promptTokens: 0, generatedTokens: 0 };
    for (let second = secondOf(from); second < secondOf(to); second += 1) {
      const bucket = this.#buckets.get(second);
      if (!bucket) continue;
      total.busyMs += bucket.busyMs;
      total.requests += bucket.requests;
      total.promptTokens += bucket.promptTokens;
      total.generatedTokens += bucket.generatedTokens;
    }
    const seconds = (to - from) / SECOND;
    return {
      concurrentRequests: total.busyMs / (to - from),
      requestsPerSecond: total.requests / seconds,
      promptTokensPerSecond: total.promptTokens / seconds,
      generatedTokensPerSecond: total.generatedTokens / seconds,
    };
  }

  /** Forgets buckets before `before`. */
  prune(before: Ms): void {
    const first = secondOf(before);
    for (const second of this.#buckets.keys()) if (second < first) this.#buckets.delete(second);
  }

  /** Whether any load lies at `from` or later. */
  isActive(from: Ms): boolean {
    const first = secondOf(from);
    for (const second of this.#buckets.keys()) if (second >= first) return true;
    return false;
  }

  #alive(replica: number, now: Ms): Ms[] {
    const ends = this.#ends.get(replica);
    if (!ends) return [];
    let over = 0;
    while (over < ends.length && ends[over]! <= now) over += 1;
    if (over > 0) ends.splice(0, over);
    return ends;
  }

  #bucket(second: number): Bucket {
    let bucket = this.#buckets.get(second);
    if (!bucket) this.#buckets.set(second, (bucket = { busyMs: 0, requests: 0, promptTokens: 0, generatedTokens: 0 }));
    return bucket;
  }

  /** Shares `amount` over the seconds of [from, to) by how much of each lies inside. */
  #spread(from: Ms, to: Ms, key: keyof Bucket, amount: number): void {
    if (to <= from) {
      this.#bucket(secondOf(from))[key] += amount;
      return;
    }
    const perMs = amount / (to - from);
    for (let second = secondOf(from); second * SECOND < to; second += 1) {
      const inside = Math.min(to, (second + 1) * SECOND) - Math.max(from, second * SECOND);
      this.#bucket(second)[key] += inside * perMs;
    }
  }
}
