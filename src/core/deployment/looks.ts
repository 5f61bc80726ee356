import type { Ms } from "../time.ts";
import type { Signal } from "./autoscaler.ts";
import {
  decide,
  lastLook,
  LOOK_INTERVAL_MS,
  nextLook,
  nextVerdict,
  OBSERVATION_MS,
  remember,
  wanted,
} from "./autoscaler.ts";
import { meanFlow } from "./flow.ts";
import { addLoads, NOTHING } from "./load.ts";
import { boundsAt, policyOf } from "./policy.ts";
import type { DeploymentRecord, Run } from "./record.ts";
import type { Surroundings } from "./draft.ts";

/**
 * When the autoscaler looks. In principle every five seconds; where nothing can change between two looks, those in
 * between are left out, and the next that changes something is computed. The outcome is that of looking every time.
 */

/** What a look at `at` sees: requests that came over HTTP, and synthetic traffic. */
function signalAt(record: DeploymentRecord, { load, capacity }: Surroundings, at: Ms): Signal {
  const from = at - OBSERVATION_MS;
  const [real, flow] = [load.observe(from, at), meanFlow(record.flows, from, at)];
  const observation = real === NOTHING ? flow : flow === NOTHING ? real : addLoads(real, flow);
  return { concurrencyPerReplica: capacity.concurrency, observation };
}

/** From here on every look sees the same synthetic load, until the flow changes. */
const steadyFrom = (record: DeploymentRecord): Ms => (record.flows.at(-1)?.from ?? -Infinity) + OBSERVATION_MS;

interface Look {
  at: Ms;
  signal: Signal;
  history: readonly Run[];
}

/** The last look by `now`, after every look before it that can differ from its predecessor; undefined when none is due. */
export function lookBy(record: DeploymentRecord, surroundings: Surroundings, now: Ms): Look | undefined {
  const policy = policyOf(record.spec);
  let look: Look | undefined;
  const end = lastLook(now);
  let history: readonly Run[] = record.history;
  const steady = steadyFrom(record);
  for (let at = nextLook(record.lookedAt); at <= end; at += LOOK_INTERVAL_MS) {
    const isSteady = at >= steady && !surroundings.load.isActive(at - OBSERVATION_MS);
    const signal = signalAt(record, surroundings, at);
    history = remember(history, at, wanted(policy, boundsAt(policy, at), signal), policy);
    look = { at, signal, history };
    if (isSteady) at = Math.max(at, end - LOOK_INTERVAL_MS);
  }
  return look;
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
    history = remember(history, at, wanted(policy, bounds, signalAt(record, surroundings, at)), policy);
    if (decide(policy, record.desired, history, at) !== record.desired) return at;
    if (at >= steady) break;
  }
  return nextVerdict(policy, record.desired, history, at);
}
