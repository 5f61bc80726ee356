import { Cron } from "croner";
import type { DeploymentSpec } from "../../schema/deployment.ts";
import { invalid } from "../error.ts";
import type { Ms } from "../time.ts";
import { DAY, MINUTE, parseDuration, toDate } from "../time.ts";

/** Bounds of the official schema (control-plane §3.6). */
const SCHEDULES_MAX = 5;
const DURATION_MIN_MS = 5 * MINUTE;
const DURATION_MAX_MS = 7 * DAY;

type Schedules = DeploymentSpec["autoscalingPolicy"]["scalingSchedules"];

/** A schedule that is in use, parsed. */
export interface Schedule {
  name: string;
  minReplicaCount: number;
  durationMs: Ms;
  cron: Cron;
}

const toCron = (schedule: string, timezone: string): Cron =>
  new Cron(schedule, { mode: "5-part", timezone, paused: true });

/** Whether a text names a zone of the IANA database. */
export const isTimezone = (timezone: string): boolean => {
  try {
    Intl.DateTimeFormat("en", { timeZone: timezone });
    return timezone !== "";
  } catch {
    return false;
  }
};

const isCron = (schedule: string): boolean => {
  try {
    toCron(schedule, "UTC");
    return true;
  } catch {
    return false;
  }
};

const reject = (message: string): Error => invalid(`invalid deployment: ${message}`);

/** @throws ApiError INVALID_ARGUMENT naming the schedule and the field; the texts are ours */
export function checkSchedules(schedules: Schedules, max: number): void {
  const entries = Object.entries(schedules);
  if (entries.length > SCHEDULES_MAX)
    throw reject(`scaling_schedules must have at most ${SCHEDULES_MAX} entries, got ${entries.length}`);
  for (const [name, { minReplicaCount, schedule, duration, timezone }] of entries) {
    const field = (key: string): string => `scaling_schedules["${name}"].${key}`;
    if (!(minReplicaCount >= 0 && minReplicaCount <= max))
      throw reject(`${field("min_replica_count")} must be between 0 and max_replica_count (${max})`);
    if (!isCron(schedule ?? ""))
      throw reject(`${field("schedule")} must be a five-field cron expression, got "${schedule ?? ""}"`);
    if (!isTimezone(timezone ?? ""))
      throw reject(`${field("timezone")} must be an IANA time zone, got "${timezone ?? ""}"`);
    const span = parseDuration(duration ?? "") ?? 0;
    if (span < DURATION_MIN_MS || span > DURATION_MAX_MS || span % 1000 !== 0)
      throw reject(`${field("duration")} must be whole seconds between 300s and 604800s`);
  }
}

export const parseSchedules = (schedules: Schedules): Schedule[] =>
  Object.entries(schedules)
    .filter(([, { disabled }]) => !disabled)
    .map(([name, { minReplicaCount, schedule, duration, timezone }]) => ({
      name,
      minReplicaCount,
      durationMs: parseDuration(duration)!,
      cron: toCron(schedule, timezone),
    }));

/** What the schedules ask for at a moment, until when. */
export interface Scheduled {
  min: number;
  /** The schedule that asks for it; empty when none is open. */
  name: string;
  /** Null when nothing will ever change. */
  until: Ms | null;
}

/** Overlapping schedules: the highest minimum wins; the window opens at each run of the cron expression. */
export function scheduledAt(schedules: readonly Schedule[], now: Ms): Scheduled {
  const result: Scheduled = { min: 0, name: "", until: null };
  let until = Infinity;
  for (const { name, minReplicaCount, durationMs, cron } of schedules) {
    // the millisecond makes a run at this very moment the previous one
    const opened = cron.previousRuns(1, toDate(now + 1))[0]?.getTime() ?? -Infinity;
    const isOpen = opened + durationMs > now;
    // every run counts as a turn, so that it does not matter since when one has been looking
    const next = cron.nextRun(toDate(now))?.getTime() ?? Infinity;
    until = Math.min(until, next, isOpen ? opened + durationMs : Infinity);
    if (isOpen && (minReplicaCount > result.min || result.name === ""))
      Object.assign(result, { min: minReplicaCount, name });
  }
  result.until = until === Infinity ? null : until;
  return result;
}
