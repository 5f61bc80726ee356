import type { Capacity } from "../../src/core/deployment/capacity.ts";
import type { Surroundings } from "../../src/core/deployment/draft.ts";
import type { DeploymentEvent } from "../../src/core/deployment/handlers.ts";
import { createRecord, nextWakeAt, step } from "../../src/core/deployment/lifecycle.ts";
import type { Observation } from "../../src/core/deployment/load.ts";
import { NOTHING } from "../../src/core/deployment/load.ts";
import type { DeploymentRecord } from "../../src/core/deployment/record.ts";
import { readyReplicas } from "../../src/core/deployment/record.ts";
import type { StartTimes } from "../../src/core/deployment/replica.ts";
import { createSpec } from "../../src/core/deployment/spec.ts";
import type { Traffic } from "../../src/core/deployment/traffic.ts";
import type { DeploymentSpec } from "../../src/schema/deployment.ts";
import { parseSpan, toSpan } from "../../src/core/time.ts";
import { loadCatalog } from "../../src/engine/catalog.ts";

const catalog = loadCatalog([]);
const hardware = {
  accelerators: catalog.accelerators,
  fleet: catalog.fleet,
  capacity: catalog.capacity,
  defaultAccelerator: "NVIDIA_A100_80GB" as const,
};
const MODEL = "accounts/fireworks/models/llama-v3p1-8b-instruct";

/** 1 s of scheduling, 4 s of download, 5 s of initialising, 10 s of drain. */
export const TIMES: StartTimes = { schedulingMs: 1000, downloadMs: 4000, initializeMs: 5000, drainMs: 10_000 };

/** The settings of a deployment of an 8B model, with defaults filled in. */
export const aSpec = (body: Record<string, unknown>): DeploymentSpec =>
  createSpec({ baseModel: MODEL, ...body }, catalog.facts.get(MODEL)!, hardware);

/** Synthetic traffic of 100 + 100 tokens that begins at an offset. */
export function someTraffic(given: {
  at?: string;
  requestsPerSecond?: number;
  concurrentRequests?: number;
  completionTokens?: number;
  shape?: Traffic["shape"];
  duration?: string;
  period?: string;
}): Traffic {
  const startAt = parseSpan(given.at ?? "0s")!;
  return {
    id: `traffic at ${startAt}`,
    sequence: startAt,
    kind: given.requestsPerSecond === undefined ? "concurrentRequests" : "requestsPerSecond",
    level: given.requestsPerSecond ?? given.concurrentRequests ?? 1,
    promptTokens: 100,
    completionTokens: given.completionTokens ?? 100,
    shape: given.shape ?? "constant",
    startAt,
    endAt: given.duration === undefined ? null : startAt + parseSpan(given.duration)!,
    periodMs: parseSpan(given.period ?? "10m")!,
    duty: 0.5,
    sent: 0,
    refused: 0,
    unready: 0,
    held: 0,
  };
}

/** Something that happens at an offset. */
export interface Cue {
  at: string;
  event: DeploymentEvent;
}

export interface Stage {
  body?: Record<string, unknown>;
  cues?: Cue[];
  until: string;
  /** Requests in flight at an offset; 10 on a replica at a time, none by default. */
  inFlight?: (at: number) => number;
  /** False while there are no GPUs. */
  hasGpus?: (at: number) => boolean;
}

const line = (at: number, record: DeploymentRecord | undefined): string => {
  if (!record) return `${toSpan(at)} purged`;
  const status = record.status.code === "OK" ? "" : ` ${record.status.code}`;
  return `${toSpan(at)} ${record.state} ${readyReplicas(record).length}/${record.replicas.length}${status}`;
};

/** 10 at a time on a replica; each of 100 + 100 tokens takes one second alone and two on a full replica. */
export const CAPACITY: Capacity = {
  prefillTokensPerSecond: 100_000_000,
  decodeTokensPerSecond: 100,
  concurrency: 10,
  halfSpeedConcurrency: 10,
};
const noLoad = (): number => 0;

/**
 * Plays one deployment alone and writes a line whenever what a user sees changes:
 * offset, state, ready/all replicas, status.
 */
export function timeline({ body = {}, cues = [], until, inFlight = noLoad, hasGpus = () => true }: Stage): string {
  const end = parseSpan(until)!;
  const observe = (from: number, to: number): Observation => {
    const samples = Array.from({ length: 10 }, (_, n) => inFlight(from + ((to - from) / 10) * n));
    return { ...NOTHING, concurrentRequests: samples.reduce((sum, value) => sum + value, 0) / 10 };
  };
  const surroundings: Surroundings = {
    times: TIMES,
    capacity: CAPACITY,
    claim: () => undefined,
    coldStart: { holds: false },
    load: { observe, isActive: () => inFlight !== noLoad },
  };
  const queue = cues.map(({ at, event }) => ({ at: parseSpan(at)!, event }));
  let record: DeploymentRecord | undefined = createRecord("accounts/a/deployments/d", 1, aSpec(body), "", true, 0);
  const lines: string[] = [];
  const apply = (at: number, event: DeploymentEvent): void => {
    now = at;
    record = record && step(record, event, at, surroundings).record;
    for (const waiter of record?.replicas.filter((replica) => replica.phase === "waiting") ?? []) {
      const next: DeploymentEvent = hasGpus(at)
        ? { type: "placed", replica: waiter.number, region: "US_IOWA_1", reservedGpus: 0 }
        : { type: "short", message: "no capacity" };
      record = step(record!, next, at, surroundings).record;
    }
    const text = line(at, record);
    if (text.slice(text.indexOf(" ")) !== lines.at(-1)?.slice(lines.at(-1)!.indexOf(" "))) lines.push(text);
  };
  let now = 0;
  apply(0, { type: "wake" });
  while (record) {
    const wakeAt: number = nextWakeAt(record, now) ?? Infinity;
    const cueAt = queue[0]?.at ?? Infinity;
    if (Math.min(wakeAt, cueAt) > end) break;
    if (cueAt < wakeAt) apply(cueAt, queue.shift()!.event);
    else apply(wakeAt, { type: "wake" });
  }
  return lines.join("\n");
}

/** A table in a test, without its indentation. */
export const table = (text: string): string =>
  text
    .trim()
    .split("\n")
    .map((row) => row.trim())
    .join("\n");
