import type { DeploymentSpec } from "../../schema/deployment.ts";
import type { Ms } from "../time.ts";
import { DAY, HOUR, MINUTE, parseDuration, SECOND, toDuration } from "../time.ts";

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

/** What the autoscaler reads of a deployment's settings. */
export interface Policy {
  min: number;
  max: number;
  scaleUpWindowMs: Ms;
  scaleDownWindowMs: Ms;
  scaleToZeroWindowMs: Ms;
  loadTargets: Record<string, number>;
}

/** Never below one while anything runs: zero is reached by the scale-to-zero window alone. */
export const floorOf = (policy: Policy): number => Math.min(Math.max(policy.min, 1), policy.max);

export const defaultAutoscalingPolicy = (): DeploymentSpec["autoscalingPolicy"] => ({
  scaleUpWindow: toDuration(SCALE_UP_WINDOW_MS),
  scaleDownWindow: toDuration(SCALE_DOWN_WINDOW_MS),
  scaleToZeroWindow: toDuration(SCALE_TO_ZERO_WINDOW_MS),
  loadTargets: { default: LOAD_TARGET_DEFAULT },
  scalingSchedules: {},
});

const cache = new WeakMap<DeploymentSpec, Policy>();

/** A spec is never changed in place, so its policy is parsed once. */
export function policyOf(spec: DeploymentSpec): Policy {
  const known = cache.get(spec);
  if (known) return known;
  const windows = spec.autoscalingPolicy;
  const policy: Policy = {
    min: spec.minReplicaCount,
    max: spec.maxReplicaCount,
    scaleUpWindowMs: parseDuration(windows.scaleUpWindow) ?? SCALE_UP_WINDOW_MS,
    scaleDownWindowMs: parseDuration(windows.scaleDownWindow) ?? SCALE_DOWN_WINDOW_MS,
    scaleToZeroWindowMs: parseDuration(windows.scaleToZeroWindow) || SCALE_TO_ZERO_WINDOW_MS,
    loadTargets: windows.loadTargets,
  };
  cache.set(spec, policy);
  return policy;
}
