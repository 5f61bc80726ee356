import type { Ms } from "../time.ts";
import { MINUTE, toSpan, toTimestamp } from "../time.ts";
import { accruedTraffic, lastArrival, nextArrival } from "./accrual.ts";
import { decide, nextLook, recommend } from "./autoscaler.ts";
import type { Draft } from "./draft.ts";
import { beginDelete, isActive, setDesired } from "./draft.ts";
import type { Flow } from "./flow.ts";
import { flowAt } from "./flow.ts";
import { keepAwake, touch } from "./handlers.ts";
import { foreseeLook, lookBy } from "./looks.ts";
import { boundsAt, policyOf, UNUSED_DELETE_MS } from "./policy.ts";
import { changeText, toExplanation } from "./reason.ts";
import type { DeploymentRecord } from "./record.ts";
import { readyCount } from "./record.ts";

/** Flows are kept this long for metrics (control-plane §3.9: the default time range). */
export const FLOW_RETENTION_MS = 10 * MINUTE;

/** Counts what the traffic sent until now; it keeps a deployment awake as requests do. */
export function accrue(draft: Draft): void {
  const { record, now, surroundings } = draft;
  if (record.accruedAt === now) return;
  const last = lastArrival(record, now);
  if (last) keepAwake(draft, last.at, last.endAt);
  record.traffic = accruedTraffic(record, surroundings.coldStart, now);
  record.accruedAt = now;
}

/** Synthetic requests wake a deployment that is scaled to zero. */
export function answerTraffic(draft: Draft): void {
  const { record, now } = draft;
  if (record.desired > 0 || record.traffic.length === 0) return;
  if (!lastArrival(record, now) && nextArrival(record, now)?.at !== now) return;
  accrue(draft);
  touch(draft, now, now);
}

/** Whether the autoscaler has anything to say: not before the first replicas are up, nor while there are to be none. */
const isWatched = (record: DeploymentRecord): boolean =>
  isActive(record) && record.state !== "CREATING" && record.desired > 0;

/** Takes all looks up to now; only one that was foreseen, or that stands at this very moment, can change anything. */
export function takeLooks(draft: Draft): void {
  const { record, now, surroundings } = draft;
  if (!isWatched(record) || nextLook(record.lookedAt) > now) return;
  const look = lookBy(record, surroundings, now);
  if (!look) return;
  const [policy, from] = [policyOf(record.spec), record.desired];
  record.history = look.history;
  record.lookedAt = look.at;
  const to = look.at === now ? decide(policy, from, look.history, now) : from;
  const bounds = boundsAt(policy, look.at);
  const { inputs, raw, replicas } = recommend(policy, bounds, look.signal);
  record.decision = { at: look.at, from, to, inputs, raw, replicas };
  if (to === from) return;
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
  if (record.zeroAt !== null && record.zeroAt <= now && (scaleToZeroAt(record, now) ?? Infinity) <= now)
    setDesired(draft, 0, `no requests for ${toSpan(policyOf(record.spec).scaleToZeroWindowMs)}`);
  if (record.unusedAt !== null && record.unusedAt <= now && (unusedDeleteAt(record, now) ?? Infinity) <= now)
    beginDelete(draft, `no requests for ${toSpan(UNUSED_DELETE_MS)}`);
}

/** When it will have been quiet for a window; null when traffic comes more often, as long as it stays as it is. */
function quietAt(record: DeploymentRecord, since: Ms, window: Ms, now: Ms): Ms | null {
  const next = nextArrival(record, now);
  if (next && next.everyMs < window) return null;
  const at = Math.max(since, lastArrival(record, now)?.endAt ?? 0) + window;
  return !next || at < next.at ? at : next.at + window;
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

/** Whether the last flow still tells how the traffic runs. */
function isCurrent(flow: Flow | undefined, ready: number, now: Ms): boolean {
  if (!flow || (flow.until !== null && flow.until <= now)) return false;
  return flow.ready === ready || flow.streams.length === 0;
}

/** The flow that the traffic now makes of the replicas that are now ready. */
export function reflow(draft: Draft): void {
  const { record, now, surroundings } = draft;
  if (record.traffic.length === 0 && record.flows.length === 0) return;
  const ready = readyCount(record);
  if (!draft.flowStale && isCurrent(record.flows.at(-1), ready, now)) return;
  accrue(draft);
  takeLooks(draft);
  const oldest = now - FLOW_RETENTION_MS;
  const kept = record.flows.filter(
    ({ from }, index) => from < now && (record.flows[index + 1]?.from ?? Infinity) > oldest,
  );
  record.flows = [...kept, flowAt(record.traffic, ready, surroundings.capacity, now)];
  draft.lookAgain = true;
}

/** Finds when the service next has to look: what it depends on may have changed in this step. */
export function plan(draft: Draft): void {
  const { record, before, now } = draft;
  if (
    record.idleSince !== before.idleSince ||
    record.trafficSince !== before.trafficSince ||
    record.spec !== before.spec ||
    record.state !== before.state ||
    record.desired !== before.desired ||
    record.flows !== before.flows ||
    Math.min(record.zeroAt ?? Infinity, record.unusedAt ?? Infinity, record.boundsUntil ?? Infinity) <= now
  ) {
    record.boundsUntil = isActive(record) ? boundsAt(policyOf(record.spec), now).until : null;
    record.zeroAt = scaleToZeroAt(record, now);
    record.unusedAt = unusedDeleteAt(record, now);
  }
  planLook(draft);
}

function planLook(draft: Draft): void {
  const { record, now, surroundings } = draft;
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
