import type { Ms } from "../time.ts";
import { SECOND } from "../time.ts";
import type { Observation } from "./load.ts";
import type { Bounds, LoadTarget, Policy } from "./policy.ts";
import type { Run } from "./record.ts";

/** The autoscaler looks this often while load can change its mind (ours; simulation §3). */
export const LOOK_INTERVAL_MS = 5 * SECOND;
/** Load is averaged over this long (ours). */
export const OBSERVATION_MS = 10 * SECOND;

/** The next look after `now`, on a grid that all deployments share. */
export const nextLook = (now: Ms): Ms => (Math.floor(now / LOOK_INTERVAL_MS) + 1) * LOOK_INTERVAL_MS;
/** The last look by `now`. */
export const lastLook = (now: Ms): Ms => Math.floor(now / LOOK_INTERVAL_MS) * LOOK_INTERVAL_MS;

/** What one look sees. */
export interface Signal {
  observation: Observation;
  /** Requests that one replica serves at a time. */
  concurrencyPerReplica: number;
}

/** What one load target asks for. */
export interface Input {
  /** The load of all replicas together, in the target's unit; for `default` in replicas' worth of requests. */
  observed: number;
  target: number;
  replicas: number;
}

/** One look in numbers, before any window. */
export interface Recommendation {
  inputs: Partial<Record<LoadTarget, Input>>;
  /** The largest of the inputs. */
  raw: number;
  /** Within the bounds. */
  replicas: number;
}

const observed: Record<LoadTarget, (signal: Signal) => number> = {
  // replicas x utilisation, with utilisation = in flight / (replicas x concurrency per replica)
  default: (signal) => signal.observation.concurrentRequests / signal.concurrencyPerReplica,
  concurrent_requests: (signal) => signal.observation.concurrentRequests,
  requests_per_second: (signal) => signal.observation.requestsPerSecond,
  prompt_tokens_per_second: (signal) => signal.observation.promptTokensPerSecond,
  tokens_generated_per_second: (signal) => signal.observation.generatedTokensPerSecond,
};

/** Averages are sums of floating point shares; this much above a whole replica is still that replica. */
const EPSILON = 1e-9;

/** What one target asks for. */
const replicasFor = (value: number, target: number): number => Math.ceil(value / target - EPSILON);

/** The replicas that a look asks for: \`recommend\` without its reasons. */
export function wanted(policy: Policy, bounds: Bounds, signal: Signal): number {
  let raw = 0;
  for (const [key, target] of policy.loadTargets) raw = Math.max(raw, replicasFor(observed[key](signal), target));
  return Math.min(Math.max(raw, bounds.floor), bounds.max);
}

/** All load targets together: the largest wins, within the bounds (control-plane §3.2). */
export function recommend(policy: Policy, bounds: Bounds, signal: Signal): Recommendation {
  const inputs: Recommendation["inputs"] = {};
  let raw = 0;
  for (const [key, target] of policy.loadTargets) {
    const value = observed[key](signal);
    const replicas = replicasFor(value, target);
    inputs[key] = { observed: value, target, replicas };
    raw = Math.max(raw, replicas);
  }
  return { inputs, raw, replicas: Math.min(Math.max(raw, bounds.floor), bounds.max) };
}

/** Appends a run, and drops those that no window can see any more. */
export function remember(history: readonly Run[], at: Ms, replicas: number, policy: Policy): readonly Run[] {
  const horizon = at - Math.max(policy.scaleUpWindowMs, policy.scaleDownWindowMs);
  const isNew = history.at(-1)?.replicas !== replicas;
  if (!isNew && (history.length < 2 || history[1]!.at > horizon)) return history;
  const next = isNew ? [...history, { at, replicas }] : [...history];
  while (next.length > 1 && next[1]!.at <= horizon) next.shift();
  return next;
}

/** The lowest and the highest recommendation that held at any moment of [at - window, at]; undefined when history is shorter. */
function inWindow(history: readonly Run[], at: Ms, window: Ms): { lowest: number; highest: number } | undefined {
  const from = at - window;
  if (history.length === 0 || history[0]!.at > from) return undefined;
  let [lowest, highest] = [Infinity, 0];
  for (let index = history.length - 1; index >= 0; index -= 1) {
    const { at: began, replicas } = history[index]!;
    lowest = Math.min(lowest, replicas);
    highest = Math.max(highest, replicas);
    if (began <= from) break;
  }
  return { lowest, highest };
}

/**
 * The verdict of a look: pure. Up when the recommendation stood above `desired` for the whole scale-up window, to the
 * lowest in it; down when below for the whole scale-down window, to the highest in it (simulation §3).
 */
export function decide(policy: Policy, desired: number, history: readonly Run[], at: Ms): number {
  const up = inWindow(history, at, policy.scaleUpWindowMs);
  if (up && up.lowest > desired) return up.lowest;
  const down = inWindow(history, at, policy.scaleDownWindowMs);
  return down && down.highest < desired ? down.highest : desired;
}

/**
 * With a recommendation that stands still, the look at which the verdict changes: only a run that leaves a window can
 * change it. Null when it never will.
 */
export function nextVerdict(policy: Policy, desired: number, history: readonly Run[], after: Ms): Ms | null {
  const current = history.at(-1)?.replicas ?? desired;
  if (current === desired) return null;
  const window = current > desired ? policy.scaleUpWindowMs : policy.scaleDownWindowMs;
  for (const run of history) {
    // on the grid: the first look at which this run has held for the whole window
    const at = Math.ceil((run.at + window) / LOOK_INTERVAL_MS) * LOOK_INTERVAL_MS;
    if (at > after && decide(policy, desired, history, at) !== desired) return at;
  }
  return null;
}
