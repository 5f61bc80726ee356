import type { Ms } from "../time.ts";
import { SECOND, toSpan } from "../time.ts";
import type { Observation } from "./load.ts";
import type { Policy } from "./policy.ts";
import { floorOf } from "./policy.ts";
import type { Decision, Run } from "./record.ts";

/** The autoscaler looks this often while load can change its mind (ours; simulation §3). */
const LOOK_INTERVAL_MS = 5 * SECOND;
/** Load is averaged over this long (ours). */
export const OBSERVATION_MS = 10 * SECOND;

/** The next look after `now`, on a grid that all deployments share. */
export const nextLook = (now: Ms): Ms => (Math.floor(now / LOOK_INTERVAL_MS) + 1) * LOOK_INTERVAL_MS;

export interface Signal {
  observation: Observation;
  /** True while a bucket of load lies in the observed span or in the future. */
  active: boolean;
  /** Requests that one replica serves at a time. */
  concurrencyPerReplica: number;
}

export interface Look extends Decision {
  history: Run[];
  nextLookAt: Ms | null;
}

const observed: Record<string, (signal: Signal) => number> = {
  // replicas x utilisation / target, with utilisation = in flight / (replicas x concurrency per replica)
  default: (signal) => signal.observation.concurrentRequests / signal.concurrencyPerReplica,
  concurrent_requests: (signal) => signal.observation.concurrentRequests,
  requests_per_second: (signal) => signal.observation.requestsPerSecond,
  prompt_tokens_per_second: (signal) => signal.observation.promptTokensPerSecond,
  tokens_generated_per_second: (signal) => signal.observation.generatedTokensPerSecond,
};

/** Averages are sums of floating point shares; this much above a whole replica is still that replica. */
const EPSILON = 1e-9;

function recommend(policy: Policy, signal: Signal): { recommended: number; inputs: Record<string, number> } {
  const inputs: Record<string, number> = {};
  let raw = 0;
  for (const [key, target] of Object.entries(policy.loadTargets)) {
    const wanted = Math.ceil(observed[key]!(signal) / target - EPSILON);
    inputs[key] = wanted;
    raw = Math.max(raw, wanted);
  }
  return { recommended: Math.min(Math.max(raw, floorOf(policy)), policy.max), inputs };
}

/** Appends a run, and drops those that no window can see any more. */
function remember(history: Run[], now: Ms, replicas: number, policy: Policy): Run[] {
  const next = history.at(-1)?.replicas === replicas ? [...history] : [...history, { at: now, replicas }];
  const horizon = now - Math.max(policy.scaleUpWindowMs, policy.scaleDownWindowMs);
  while (next.length > 1 && next[1]!.at <= horizon) next.shift();
  return next;
}

/** The recommendations that held at any moment of [now - window, now]; undefined when history is shorter than that. */
function inWindow(history: Run[], now: Ms, window: Ms): number[] | undefined {
  const from = now - window;
  if (history.length === 0 || history[0]!.at > from) return undefined;
  return history
    .filter((_, index) => index === history.length - 1 || history[index + 1]!.at > from)
    .map((run) => run.replicas);
}

/**
 * One look of the autoscaler: pure. Up when the recommendation stood above `desired` for the whole scale-up window,
 * to the lowest in it; down when below for the whole scale-down window, to the highest in it (simulation §3).
 */
export function decide(policy: Policy, desired: number, history: Run[], signal: Signal, now: Ms): Look {
  const { recommended, inputs } = recommend(policy, signal);
  const runs = remember(history, now, recommended, policy);
  const look = { at: now, inputs, recommended, history: runs };

  const up = inWindow(runs, now, policy.scaleUpWindowMs);
  const lowest = up ? Math.min(...up) : desired;
  const down = inWindow(runs, now, policy.scaleDownWindowMs);
  const highest = down ? Math.max(...down) : desired;
  const [next, reason] =
    lowest > desired
      ? [lowest, `load asked for at least ${lowest} replicas for ${toSpan(policy.scaleUpWindowMs)}`]
      : highest < desired
        ? [highest, `load asked for at most ${highest} replicas for ${toSpan(policy.scaleDownWindowMs)}`]
        : [desired, waiting(policy, desired, recommended)];
  return {
    ...look,
    desired: next,
    reason,
    nextLookAt: signal.active ? nextLook(now) : nextBoundary(policy, next, runs, now),
  };
}

function waiting(policy: Policy, desired: number, recommended: number): string {
  if (recommended > desired)
    return `load asks for ${recommended} replicas; waiting for the scale-up window (${toSpan(policy.scaleUpWindowMs)})`;
  if (recommended < desired)
    return `load asks for ${recommended} replicas; waiting for the scale-down window (${toSpan(policy.scaleDownWindowMs)})`;
  return "load asks for the replicas there are";
}

/** With no load the recommendation stands still, so only a run that leaves a window can change the outcome. */
function nextBoundary(policy: Policy, desired: number, runs: Run[], now: Ms): Ms | null {
  const recommended = runs.at(-1)!.replicas;
  if (recommended === desired) return null;
  const window = recommended > desired ? policy.scaleUpWindowMs : policy.scaleDownWindowMs;
  const times = runs.map((run) => run.at + window).filter((at) => at > now);
  return times.length > 0 ? Math.min(...times) : null;
}
