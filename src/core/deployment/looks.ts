import type { Ms } from "../time.ts";
import type { Recommendation, Signal } from "./autoscaler.ts";
import {
  decide,
  lastLook,
  LOOK_INTERVAL_MS,
  nextLook,
  nextVerdict,
  OBSERVATION_MS,
  recommend,
  remember,
} from "./autoscaler.ts";
import { meanFlow } from "./flow.ts";
import type { Observation } from "./load.ts";
import type { Bounds, Policy } from "./policy.ts";
import { boundsAt, policyOf } from "./policy.ts";
import type { DeploymentRecord, Run } from "./record.ts";
import type { Surroundings } from "./draft.ts";

/**
 * When the autoscaler looks. In principle every five seconds; where nothing can change between two looks, those in
 * between are left out, and the next that changes something is computed. The outcome is that of looking every time.
 */

/** What a look at `at` sees: requests that came over HTTP, and synthetic traffic. */
export function signalAt(record: DeploymentRecord, { load, capacity }: Surroundings, at: Ms): Signal {
  const [real, flow] = [load.observe(at - OBSERVATION_MS, at), meanFlow(record.flows, at - OBSERVATION_MS, at)];
  const sum = (key: keyof Observation): number => real[key] + flow[key];
  return {
    concurrencyPerReplica: capacity.concurrency,
    observation: {
      concurrentRequests: sum("concurrentRequests"),
      requestsPerSecond: sum("requestsPerSecond"),
      promptTokensPerSecond: sum("promptTokensPerSecond"),
      generatedTokensPerSecond: sum("generatedTokensPerSecond"),
    },
  };
}

/** From here on every look sees the same synthetic load, until the flow changes. */
const steadyFrom = (record: DeploymentRecord): Ms => (record.flows.at(-1)?.from ?? -Infinity) + OBSERVATION_MS;

interface Look {
  at: Ms;
  recommendation: Recommendation;
  history: readonly Run[];
}

function lookAt(
  record: DeploymentRecord,
  history: readonly Run[],
  policy: Policy,
  bounds: Bounds,
  surroundings: Surroundings,
  at: Ms,
): Look {
  const recommendation = recommend(policy, bounds, signalAt(record, surroundings, at));
  return { at, recommendation, history: remember(history, at, recommendation.replicas, policy) };
}

/** Every look in (the last one, `now`] that can differ from the one before it; the last of them stands for the present. */
export function looksUntil(record: DeploymentRecord, surroundings: Surroundings, now: Ms): Look[] {
  const policy = policyOf(record.spec);
  const looks: Look[] = [];
  const end = lastLook(now);
  let history: readonly Run[] = record.history;
  const steady = steadyFrom(record);
  for (let at = nextLook(record.lookedAt); at <= end; at += LOOK_INTERVAL_MS) {
    const isSteady = at >= steady && !surroundings.load.isActive(at - OBSERVATION_MS);
    const look = lookAt(record, history, policy, boundsAt(policy, at), surroundings, at);
    history = look.history;
    looks.push(look);
    if (isSteady) at = Math.max(at, end - LOOK_INTERVAL_MS);
  }
  return looks;
}

/** The next look that changes the desired count, or that must be taken because requests are under way; null for none. */
export function foreseeLook(record: DeploymentRecord, surroundings: Surroundings, now: Ms): Ms | null {
  if (surroundings.load.isActive(nextLook(now) - OBSERVATION_MS)) return nextLook(now);
  const policy = policyOf(record.spec);
  const bounds = boundsAt(policy, now);
  const steady = steadyFrom(record);
  let history: readonly Run[] = record.history;
  let at = nextLook(now);
  for (; ; at += LOOK_INTERVAL_MS) {
    history = lookAt(record, history, policy, bounds, surroundings, at).history;
    if (decide(policy, record.desired, history, at) !== record.desired) return at;
    if (at >= steady) break;
  }
  return nextVerdict(policy, record.desired, history, at);
}
