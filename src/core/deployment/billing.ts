import type { Ms } from "../time.ts";
import { DAY, HOUR, SECOND, toDay } from "../time.ts";
import { usageOf } from "./draft.ts";
import type { DeploymentRecord, UsageEntry } from "./record.ts";

/** GPU time of one deployment on one world day (UTC), on one type in one region. */
export interface UsageDay {
  deployment: string;
  day: string;
  acceleratorType: string;
  region: string;
  baseModel: string;
  gpuMs: number;
  /** Of these, on reserved capacity: paid for already. */
  reservedMs: number;
}

/** Tokens of the shared service that one account used on one world day. */
export interface TokenDay {
  account: string;
  day: string;
  model: string;
  promptTokens: number;
  completionTokens: number;
}

/** Rows of one key are one row of the bill. */
export const keyOf = (row: UsageDay): string =>
  `${row.deployment} ${row.day} ${row.acceleratorType} ${row.region} ${row.baseModel}`;

/** Splits a replica's time over the days it touches; sums are exact, in milliseconds. */
export function splitByDay(deployment: string, entry: UsageEntry): UsageDay[] {
  const { acceleratorType, region, baseModel, gpus, reservedGpus } = entry;
  const days: UsageDay[] = [];
  for (let from = entry.from; from < entry.to;) {
    const to = Math.min(entry.to, (Math.floor(from / DAY) + 1) * DAY);
    const row = { deployment, day: toDay(from), acceleratorType, region, baseModel };
    days.push({ ...row, gpuMs: (to - from) * gpus, reservedMs: (to - from) * reservedGpus });
    from = to;
  }
  return days;
}

/** Time of replicas that still run, up to now: added on reading, so that sums never depend on when they are read. */
export const runningUsage = (record: DeploymentRecord, now: Ms): UsageDay[] =>
  record.replicas
    .filter((replica) => replica.phase === "ready")
    .flatMap((replica) => splitByDay(record.name, usageOf(record, replica, now)));

/** One row for each deployment, day, type, region and model; by name and day. */
export function sumUsage(rows: Iterable<UsageDay>): UsageDay[] {
  const sums = new Map<string, UsageDay>();
  for (const row of rows) {
    const key = keyOf(row);
    const known = sums.get(key);
    if (!known) sums.set(key, { ...row });
    else {
      known.gpuMs += row.gpuMs;
      known.reservedMs += row.reservedMs;
    }
  }
  return [...sums.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

export const gpuSeconds = (row: UsageDay): number => row.gpuMs / SECOND;

/** US dollars: what is not reserved, by the GPU's price per hour (control-plane §3.11, §5.2). */
export const costOf = (row: UsageDay, pricePerHour: number): number =>
  ((row.gpuMs - row.reservedMs) / HOUR) * pricePerHour;
