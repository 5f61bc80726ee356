import type { Ms } from "../time.ts";
import { SECOND } from "../time.ts";

type TrafficShape = "constant" | "ramp" | "spike" | "square";

/**
 * Synthetic load on one deployment, in world time: a rule, not a row per request. It is part of the deployment's
 * record, with what became of its requests so far.
 */
export interface Traffic {
  id: string;
  /** Order of creation in the world. */
  sequence: number;
  /** Requests per second, whoever answers; or clients that each always have one request under way. */
  kind: "requestsPerSecond" | "concurrentRequests";
  /** The height of the shape. */
  level: number;
  promptTokens: number;
  completionTokens: number;
  shape: TrafficShape;
  startAt: Ms;
  /** Null for "until it is deleted". */
  endAt: Ms | null;
  /** Of a square wave. */
  periodMs: Ms;
  /** The share of a square wave's period that is on. */
  duty: number;
  /** Requests so far, with the fraction of the one that is due next. */
  sent: number;
  /** Of these: turned away by full replicas (429), by a deployment with no ready replica (503), held for a cold start. */
  refused: number;
  unready: number;
  held: number;
}

/** A stretch of constant level. */
export interface Piece {
  level: number;
  /** Null for "for good". */
  until: Ms | null;
}

/** A slope is a staircase of so many treads (ours), none shorter than the autoscaler can see. */
const TREADS = 60;
const TREAD_MIN_MS = 5 * SECOND;

/** Height in [0, 1] at a share of the duration. */
const slopes = {
  ramp: (share: number): number => share,
  spike: (share: number): number => 1 - Math.abs(2 * share - 1),
};

function tread(traffic: Traffic, now: Ms, heightAt: (share: number) => number): Piece {
  const span = traffic.endAt! - traffic.startAt;
  const length = Math.max(Math.ceil(span / TREADS), TREAD_MIN_MS);
  const from = Math.floor((now - traffic.startAt) / length) * length;
  const to = Math.min(from + length, span);
  return { level: traffic.level * heightAt((from + to) / 2 / span), until: traffic.startAt + to };
}

function wave({ level, startAt, endAt, periodMs, duty }: Traffic, now: Ms): Piece {
  const start = now - ((now - startAt) % periodMs);
  const off = start + Math.round(periodMs * duty);
  const until = now < off ? off : start + periodMs;
  return { level: now < off ? level : 0, until: Math.min(until, endAt ?? Infinity) };
}

const shapes: Record<TrafficShape, (traffic: Traffic, now: Ms) => Piece> = {
  constant: ({ level, endAt }) => ({ level, until: endAt }),
  ramp: (traffic, now) => tread(traffic, now, slopes.ramp),
  spike: (traffic, now) => tread(traffic, now, slopes.spike),
  square: wave,
};

/** What a traffic sends at a moment, and how long it stays so. */
export function pieceAt(traffic: Traffic, now: Ms): Piece {
  if (now < traffic.startAt) return { level: 0, until: traffic.startAt };
  if (traffic.endAt !== null && now >= traffic.endAt) return { level: 0, until: null };
  return shapes[traffic.shape](traffic, now);
}

/** The end of the current pieces of all traffic: when the load next changes by itself. */
export function nextPieceAt(traffic: readonly Traffic[], now: Ms): Ms | null {
  let next = Infinity;
  for (const each of traffic) next = Math.min(next, pieceAt(each, now).until ?? Infinity);
  return next === Infinity ? null : next;
}

/** Sums of fractions end this close to a whole request. */
const EPSILON = 1e-6;

/** Whole requests among the first `sent`: the k-th goes out when the sum of the rate reaches k. */
export const wholeRequests = (sent: number): number => Math.ceil(sent - EPSILON);
