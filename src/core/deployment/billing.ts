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

const isSameLine = (left: UsageDay, right: UsageDay): boolean =>
  left.day === right.day &&
  left.acceleratorType === right.acceleratorType &&
  left.region === right.region &&
  left.baseModel === right.baseModel;

/** Adds a row to the bill of its deployment: to the line of the same day, type, region and model, or as a new one. */
export function addToBill(bill: UsageDay[], row: UsageDay): void {
  const last = bill.at(-1);
  const line = last && isSameLine(last, row) ? last : bill.find((each) => isSameLine(each, row));
  if (!line) bill.push(row);
  else {
    line.gpuMs += row.gpuMs;
    line.reservedMs += row.reservedMs;
  }
}

/** Splits a replica's time over the days it touches; sums are exact, in milliseconds. */
export function splitByDay(deployment: string, entry: UsageEntry): UsageDay[] {
  const { acceleratorType, region, baseModel, gpus, reservedGpus } = entry;
  const days: UsageDay[] = [];
  for (let from = entry.from; from < entry.to;) {
    const to = Math.min(entry.to, (Math.floor(from / DAY) + 1) * DAY);
    const [day, gpuMs, reservedMs] = [toDay(from), (to - from) * gpus, (to - from) * reservedGpus];
    days.push({ deployment, day, acceleratorType, region, baseModel, gpuMs, reservedMs });
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
  const bills = new Map<string, UsageDay[]>();
  for (const row of rows) {
    const bill = bills.get(row.deployment);
    if (bill) addToBill(bill, { ...row });
    else bills.set(row.deployment, [{ ...row }]);
  }
  const order = (row: UsageDay): string => `${row.day} ${row.acceleratorType} ${row.region} ${row.baseModel}`;
  return [...bills.keys()]
    .sort()
    .flatMap((deployment) => bills.get(deployment)!.sort((a, b) => (order(a) < order(b) ? -1 : 1)));
}

export const gpuSeconds = (row: UsageDay): number => row.gpuMs / SECOND;

/** US dollars: what is not reserved, by the GPU's price per hour (control-plane §3.11, §5.2). */
export const costOf = (row: UsageDay, pricePerHour: number): number =>
  ((row.gpuMs - row.reservedMs) / HOUR) * pricePerHour;
