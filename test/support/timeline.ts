import type { Signal } from "../../src/core/deployment/autoscaler.ts";
import type { DeploymentEvent } from "../../src/core/deployment/handlers.ts";
import { createRecord, nextWakeAt, step } from "../../src/core/deployment/lifecycle.ts";
import type { DeploymentRecord } from "../../src/core/deployment/record.ts";
import { readyReplicas } from "../../src/core/deployment/record.ts";
import type { StartTimes } from "../../src/core/deployment/replica.ts";
import { createSpec } from "../../src/core/deployment/spec.ts";
import { parseSpan, toSpan } from "../../src/core/time.ts";
import { loadCatalog } from "../../src/engine/catalog.ts";

const catalog = loadCatalog([]);
const hardware = {
  accelerators: catalog.accelerators,
  fleet: catalog.fleet,
  defaultAccelerator: "NVIDIA_A100_80GB" as const,
};
const MODEL = "accounts/fireworks/models/llama-v3p1-8b-instruct";

/** 1 s of scheduling, 4 s of download, 5 s of initialising, 10 s of drain. */
const TIMES: StartTimes = { schedulingMs: 1000, downloadMs: 4000, initializeMs: 5000, drainMs: 10_000 };

/** Something that happens at an offset. */
interface Cue {
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

const CONCURRENCY = 10;
const noLoad = (): number => 0;

/**
 * Plays one deployment alone and writes a line whenever what a user sees changes:
 * offset, state, ready/all replicas, status.
 */
export function timeline({ body = {}, cues = [], until, inFlight = noLoad, hasGpus = () => true }: Stage): string {
  const end = parseSpan(until)!;
  const signal = (from: number, to: number): Signal => {
    const samples = Array.from({ length: 10 }, (_, n) => inFlight(from + ((to - from) / 10) * n));
    const concurrentRequests = samples.reduce((sum, value) => sum + value, 0) / 10;
    const observation = {
      concurrentRequests,
      requestsPerSecond: 0,
      promptTokensPerSecond: 0,
      generatedTokensPerSecond: 0,
    };
    return { observation, active: inFlight !== noLoad, concurrencyPerReplica: CONCURRENCY };
  };
  const surroundings = { times: TIMES, signal };
  const queue = cues.map(({ at, event }) => ({ at: parseSpan(at)!, event }));
  let record: DeploymentRecord | undefined = createRecord(
    "accounts/a/deployments/d",
    1,
    createSpec({ baseModel: MODEL, ...body }, catalog.facts.get(MODEL)!, hardware),
    "",
    true,
    0,
  );
  const lines: string[] = [];
  const apply = (at: number, event: DeploymentEvent): void => {
    record = record && step(record, event, at, surroundings).record;
    for (const waiter of record?.replicas.filter((replica) => replica.phase === "waiting") ?? []) {
      const next: DeploymentEvent = hasGpus(at)
        ? { type: "placed", replica: waiter.number, region: "US_IOWA_1" }
        : { type: "short", message: "no capacity" };
      record = step(record!, next, at, surroundings).record;
    }
    const text = line(at, record);
    if (text.slice(text.indexOf(" ")) !== lines.at(-1)?.slice(lines.at(-1)!.indexOf(" "))) lines.push(text);
  };
  apply(0, { type: "wake" });
  while (record) {
    const wakeAt = nextWakeAt(record) ?? Infinity;
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
