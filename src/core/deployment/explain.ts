import type { Ms } from "../time.ts";
import { toSpan } from "../time.ts";
import { scaleToZeroAt, unusedDeleteAt } from "./autoscale.ts";
import { decide, recommend } from "./autoscaler.ts";
import type { Surroundings } from "./draft.ts";
import { isActive } from "./draft.ts";
import { foreseeLook, lookBy } from "./looks.ts";
import type { Bounds, Policy } from "./policy.ts";
import { boundsAt, policyOf } from "./policy.ts";
import { changeText, stateText, windowText } from "./reason.ts";
import type { Decision, DeploymentRecord, Run } from "./record.ts";
import { readyCount } from "./record.ts";

/** The autoscaler's state of mind at a moment. */
export interface Mind {
  bounds: Bounds;
  decision: Decision | null;
  window: string;
  reason: string;
  nextLookAt: Ms | null;
  scaleToZeroAt: Ms | null;
  deleteAt: Ms | null;
}

/** Why the autoscaler has nothing to decide; undefined when it has. */
function idleText(record: DeploymentRecord, bounds: Bounds): string | undefined {
  if (!isActive(record)) return `the deployment is ${record.state}`;
  if (bounds.max === 0) return "parked: max replica count is 0, and requests do not wake it";
  if (record.desired === 0) return "scaled to zero: the next request starts one replica";
  if (record.state === "CREATING")
    return `the first replicas are starting: ${readyCount(record)} of ${record.desired} are ready`;
  return undefined;
}

/** The looks that were left out because they changed nothing are taken here, for the answer alone. */
function present(
  record: DeploymentRecord,
  surroundings: Surroundings,
  now: Ms,
): { decision: Decision | null; history: readonly Run[] } {
  const look = lookBy(record, surroundings, now);
  if (!look) return record;
  const policy = policyOf(record.spec);
  const to = decide(policy, record.desired, look.history, look.at);
  const recommendation = recommend(policy, boundsAt(policy, look.at), look.signal);
  return { decision: { at: look.at, from: record.desired, to, ...recommendation }, history: look.history };
}

function reasonOf(decision: Decision | null, history: readonly Run[], policy: Policy, bounds: Bounds): string {
  if (!decision) return "no look has been taken yet";
  return decision.to === decision.from
    ? stateText(decision, history, policy, bounds)
    : `from ${decision.from} to ${decision.to}: ${changeText(decision, policy, bounds)}`;
}

/** What the autoscaler thinks of a deployment at a moment; reading changes nothing. */
export function explain(record: DeploymentRecord, surroundings: Surroundings, now: Ms): Mind {
  const policy = policyOf(record.spec);
  const bounds = boundsAt(policy, now);
  const idle = idleText(record, bounds);
  const { decision, history } = idle === undefined ? present(record, surroundings, now) : record;
  const zeroAt = scaleToZeroAt(record, now);
  const reason = idle ?? reasonOf(decision, history, policy, bounds);
  return {
    bounds,
    decision,
    window: idle === undefined ? windowText(record.desired, history, policy) : "no window runs",
    reason: zeroAt === null ? reason : `${reason}; zero ${toSpan(policy.scaleToZeroWindowMs)} after the last request`,
    nextLookAt: idle === undefined ? (record.lookAt ?? foreseeLook({ ...record, history }, surroundings, now)) : null,
    scaleToZeroAt: zeroAt,
    deleteAt: unusedDeleteAt(record, now),
  };
}
