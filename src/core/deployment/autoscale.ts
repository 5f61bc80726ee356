import type { Ms } from "../time.ts";
import { MINUTE, toSpan, toTimestamp } from "../time.ts";
import { accruedTraffic, lastArrival, nextArrival } from "./accrual.ts";
import { decide, nextLook } from "./autoscaler.ts";
import type { Draft } from "./draft.ts";
import { beginDelete, isActive, setDesired } from "./draft.ts";
import { flowAt, isSameFlow } from "./flow.ts";
import { touch } from "./handlers.ts";
import { foreseeLook, looksUntil } from "./looks.ts";
import { boundsAt, policyOf, UNUSED_DELETE_MS } from "./policy.ts";
import { changeText, toExplanation } from "./reason.ts";
import type { DeploymentRecord } from "./record.ts";
import { readyCount } from "./record.ts";

/** Flows are kept this long for metrics (control-plane §3.9: the default time range). */
export const FLOW_RETENTION_MS = 10 * MINUTE;

/** Counts what the traffic sent since the last step; it keeps a deployment awake as requests do, and wakes it. */
export function accrue(draft: Draft): void {
  const { record, now, surroundings } = draft;
  if (record.traffic.length > 0) {
    const last = lastArrival(record, now);
    record.traffic = accruedTraffic(record, surroundings.coldStart, now);
    if (last) touch(draft, last.at, last.endAt);
    else if (record.desired === 0 && nextArrival(record, now)?.at === now) touch(draft, now, now);
  }
  record.accruedAt = now;
}

/** Whether the autoscaler has anything to say: not before the first replicas are up, nor while there are to be none. */
const isWatched = (record: DeploymentRecord): boolean =>
  isActive(record) && record.state !== "CREATING" && record.desired > 0;

/** Takes all looks up to now; only one that was foreseen, or that stands at this very moment, can change anything. */
export function takeLooks(draft: Draft): void {
  const { record, now, surroundings } = draft;
  if (!isWatched(record) || nextLook(record.lookedAt) > now) return;
  const look = looksUntil(record, surroundings, now).at(-1);
  if (!look) return;
  const [policy, from] = [policyOf(record.spec), record.desired];
  record.history = look.history;
  record.lookedAt = look.at;
  const to = look.at === now ? decide(policy, from, look.history, now) : from;
  record.decision = { at: look.at, from, to, ...look.recommendation };
  if (to === from) return;
  const bounds = boundsAt(policy, now);
  const detail = toExplanation(record.decision, policy, bounds);
  setDesired(draft, to, changeText(record.decision, policy, bounds), detail);
}

/** A schedule that opens raises the count at once; when it closes, the windows run from there. */
function followSchedule(draft: Draft): void {
  const { record, now } = draft;
  if (record.boundsUntil === null || record.boundsUntil > now) return;
  const bounds = boundsAt(policyOf(record.spec), now);
  draft.lookAgain = true;
  record.idleSince = Math.max(record.idleSince, now);
  if (record.desired < bounds.min && bounds.max > 0)
    setDesired(draft, bounds.min, `schedule "${bounds.schedule}" asks for at least ${bounds.min}`);
}

/** The autoscaler's look, schedules, scale to zero, and deletion after a week without traffic. */
export function autoscale(draft: Draft): void {
  const { record, now } = draft;
  if (!isActive(record)) return;
  followSchedule(draft);
  if (record.lookAt !== null && record.lookAt <= now) {
    takeLooks(draft);
    draft.lookAgain = true;
  }
  const zeroAt = scaleToZeroAt(record, now);
  if (zeroAt !== null && zeroAt <= now)
    setDesired(draft, 0, `no requests for ${toSpan(policyOf(record.spec).scaleToZeroWindowMs)}`);
  const unusedAt = unusedDeleteAt(record, now);
  if (unusedAt !== null && unusedAt <= now) beginDelete(draft, `no requests for ${toSpan(UNUSED_DELETE_MS)}`);
}

/** When it will have been quiet for a window; null when traffic comes more often, as long as it stays as it is. */
function quietAt(record: DeploymentRecord, since: Ms, window: Ms, now: Ms): Ms | null {
  const at = since + window;
  const next = nextArrival(record, now);
  if (!next || at < next.at) return at;
  return next.everyMs < window ? null : next.at + window;
}

/** When the scale-to-zero window ends; null when it does not apply. */
export function scaleToZeroAt(record: DeploymentRecord, now: Ms): Ms | null {
  if (record.state !== "READY" || record.desired === 0) return null;
  const policy = policyOf(record.spec);
  return boundsAt(policy, now).min > 0 ? null : quietAt(record, record.idleSince, policy.scaleToZeroWindowMs, now);
}

/** When the service deletes it for lack of traffic; not while a schedule keeps it up. */
export function unusedDeleteAt(record: DeploymentRecord, now: Ms): Ms | null {
  if (!isActive(record) || boundsAt(policyOf(record.spec), now).min > 0) return null;
  return quietAt(record, record.trafficSince, UNUSED_DELETE_MS, now);
}

/** The flow that the traffic now makes of the replicas that are now ready. */
export function reflow(draft: Draft): void {
  const { record, now, surroundings } = draft;
  if (record.traffic.length === 0 && record.flows.length === 0) return;
  const flow = flowAt(record.traffic, readyCount(record), surroundings.capacity, now);
  const last = record.flows.at(-1);
  if (last && isSameFlow(last, flow)) return;
  takeLooks(draft);
  const kept = record.flows.filter(
    (each, index) => each.from < now && (record.flows[index + 1]?.from ?? Infinity) > now - FLOW_RETENTION_MS,
  );
  record.flows = [...kept, flow];
  draft.lookAgain = true;
}

/** Finds the next look that can matter, when something happened that it depends on. */
export function planLook(draft: Draft): void {
  const { record, now, surroundings } = draft;
  record.boundsUntil = isActive(record) ? boundsAt(policyOf(record.spec), now).until : null;
  if (!isWatched(record)) {
    record.lookAt = null;
    return;
  }
  if (!draft.lookAgain) return;
  takeLooks(draft);
  record.lookAt = draft.requested ? nextLook(now) : foreseeLook(record, surroundings, now);
  for (const { detail } of draft.log)
    if (detail) detail.nextLookTime = record.lookAt === null ? null : toTimestamp(record.lookAt);
}
