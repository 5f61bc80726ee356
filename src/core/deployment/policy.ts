import type { DeploymentSpec } from "../../schema/deployment.ts";
import type { Ms } from "../time.ts";
import { DAY, HOUR, MINUTE, parseDuration, SECOND, toDuration } from "../time.ts";
import type { Schedule } from "./schedule.ts";
import { parseSchedules, scheduledAt } from "./schedule.ts";

/** Defaults of the page and the official schema (control-plane §3.1). */
const SCALE_UP_WINDOW_MS = 30 * SECOND;
const SCALE_DOWN_WINDOW_MS = 10 * MINUTE;
const SCALE_TO_ZERO_WINDOW_MS = HOUR;
export const SCALE_TO_ZERO_WINDOW_MIN_MS = 5 * MINUTE;
export const WINDOW_MAX_MS = HOUR;
export const LOAD_TARGET_DEFAULT = 0.8;
/** A deployment with min 0 and no traffic for this long is deleted by the service. */
export const UNUSED_DELETE_MS = 7 * DAY;
/** From soft delete to purge; until then it can be undeleted. */
export const PURGE_MS = 7 * DAY;
/** DELETE is refused within this time of a request, unless checks are ignored. */
export const RECENT_TRAFFIC_MS = HOUR;

/** Load per replica that the autoscaler aims at (control-plane §3.2). */
export const loadTargetKeys = [
  "default",
  "tokens_generated_per_second",
  "prompt_tokens_per_second",
  "requests_per_second",
  "concurrent_requests",
] as const;
export type LoadTarget = (typeof loadTargetKeys)[number];

/** What the autoscaler reads of a deployment's settings. */
export interface Policy {
  min: number;
  max: number;
  /** With revocable replicas on top of max. */
  ceiling: number;
  scaleUpWindowMs: Ms;
  scaleDownWindowMs: Ms;
  scaleToZeroWindowMs: Ms;
  loadTargets: [LoadTarget, number][];
  schedules: Schedule[];
}

/** The replica counts that are allowed at a moment. */
export interface Bounds {
  min: number;
  max: number;
  /** Never below one while anything runs: zero is reached by the scale-to-zero window alone. */
  floor: number;
  /** The schedule that raises `min`; empty for none. */
  schedule: string;
  /** When a schedule next opens or closes. */
  until: Ms | null;
}

export const defaultAutoscalingPolicy = (): DeploymentSpec["autoscalingPolicy"] => ({
  scaleUpWindow: toDuration(SCALE_UP_WINDOW_MS),
  scaleDownWindow: toDuration(SCALE_DOWN_WINDOW_MS),
  scaleToZeroWindow: toDuration(SCALE_TO_ZERO_WINDOW_MS),
  loadTargets: { default: LOAD_TARGET_DEFAULT },
  scalingSchedules: {},
});

const policies = new WeakMap<DeploymentSpec, Policy>();

/** A spec is never changed in place, so its policy is parsed once. */
export function policyOf(spec: DeploymentSpec): Policy {
  const known = policies.get(spec);
  if (known) return known;
  const windows = spec.autoscalingPolicy;
  const { minReplicaCount: min, maxReplicaCount: max } = spec;
  const policy: Policy = {
    min,
    max,
    ceiling: max === 0 ? 0 : Math.max(max, spec.maxWithRevocableReplicaCount),
    scaleUpWindowMs: parseDuration(windows.scaleUpWindow) ?? SCALE_UP_WINDOW_MS,
    scaleDownWindowMs: parseDuration(windows.scaleDownWindow) ?? SCALE_DOWN_WINDOW_MS,
    scaleToZeroWindowMs: parseDuration(windows.scaleToZeroWindow) || SCALE_TO_ZERO_WINDOW_MS,
    loadTargets: Object.entries(windows.loadTargets) as [LoadTarget, number][],
    schedules: parseSchedules(windows.scalingSchedules),
  };
  policies.set(spec, policy);
  return policy;
}

const toBounds = (policy: Policy, scheduledMin: number, schedule: string, until: Ms | null): Bounds => {
  const min = Math.min(Math.max(policy.min, scheduledMin), policy.ceiling);
  return { min, max: policy.ceiling, floor: Math.min(Math.max(min, 1), policy.ceiling), schedule, until };
};

const known = new WeakMap<Policy, { from: Ms; bounds: Bounds }>();

/** The bounds in force: schedules raise the minimum while they are open (control-plane §3.6). */
export function boundsAt(policy: Policy, now: Ms): Bounds {
  const last = known.get(policy);
  if (last && last.from <= now && now < (last.bounds.until ?? Infinity)) return last.bounds;
  const { min, name, until } = policy.schedules.length > 0 ? scheduledAt(policy.schedules, now) : noSchedule;
  const bounds = toBounds(policy, min, min > policy.min ? name : "", until);
  known.set(policy, { from: policy.schedules.length > 0 ? now : 0, bounds });
  return bounds;
}

const noSchedule = { min: 0, name: "", until: null };
