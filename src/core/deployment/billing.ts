import type { Ms } from "../time.ts";
import { DAY, toDay } from "../time.ts";
import type { DeploymentRecord, UsageEntry } from "./record.ts";

/** GPU time of one deployment on one world day (UTC). */
export interface UsageDay {
  deployment: string;
  day: string;
  acceleratorType: string;
  gpuMs: number;
}

/** Splits a replica's time over the days it touches; sums are exact, in milliseconds. */
export function splitByDay(deployment: string, entry: UsageEntry): UsageDay[] {
  const days: UsageDay[] = [];
  for (let from = entry.from; from < entry.to;) {
    const to = Math.min(entry.to, (Math.floor(from / DAY) + 1) * DAY);
    days.push({
      deployment,
      day: toDay(from),
      acceleratorType: entry.acceleratorType,
      gpuMs: (to - from) * entry.gpus,
    });
    from = to;
  }
  return days;
}

/** Time of replicas that still run, up to now: added on reading, so that sums never depend on when they are read. */
export function runningUsage(record: DeploymentRecord, now: Ms): UsageDay[] {
  return record.replicas
    .filter((replica) => replica.phase === "ready")
    .flatMap((replica) =>
      splitByDay(record.name, {
        acceleratorType: record.spec.acceleratorType,
        gpus: replica.gpus,
        from: replica.since,
        to: now,
      }),
    );
}
