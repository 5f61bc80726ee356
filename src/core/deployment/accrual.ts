import type { Ms } from "../time.ts";
import { SECOND } from "../time.ts";
import type { Stream } from "./flow.ts";
import type { DeploymentRecord } from "./record.ts";
import type { Traffic } from "./traffic.ts";
import { wholeRequests } from "./traffic.ts";

/** What becomes of requests that find no ready replica: turned away, or held until there is one. */
export interface ColdStart {
  holds: boolean;
}

function accrueOne(traffic: Traffic, stream: Stream, ready: number, span: Ms, holds: boolean): Traffic {
  const sent = traffic.sent + (stream.arriving * span) / SECOND;
  const arrivals = wholeRequests(sent) - wholeRequests(traffic.sent);
  const next = { ...traffic, sent };
  if (ready > 0) {
    next.refused += arrivals * stream.refusedShare;
    next.held = 0;
  } else if (holds) next.held += arrivals;
  else next.unready += arrivals;
  return next;
}

/**
 * The traffic with everything counted that it sent in [accruedAt, now): the flow did not change in between. A step
 * counts only when the flow is about to change; readers count for themselves.
 */
export function accruedTraffic(record: DeploymentRecord, coldStart: ColdStart, now: Ms): readonly Traffic[] {
  const flow = record.flows.at(-1);
  const span = now - record.accruedAt;
  if (!flow || flow.streams.length === 0 || span <= 0) return record.traffic;
  // a parked deployment never wakes, so it holds nobody
  const holds = coldStart.holds && record.spec.maxReplicaCount > 0;
  return record.traffic.map((traffic) => {
    const stream = flow.streams.find(({ id }) => id === traffic.id);
    return stream ? accrueOne(traffic, stream, flow.ready, span, holds) : traffic;
  });
}

/** When the last whole request went out, given the rate since `since`; undefined when none has. */
function lastOf(traffic: Traffic, arriving: number, since: Ms, now: Ms): Ms | undefined {
  const last = wholeRequests(traffic.sent + (arriving * (now - since)) / SECOND) - 1;
  if (last < wholeRequests(traffic.sent)) return undefined;
  return Math.min(Math.ceil(since + ((last - traffic.sent) / arriving) * SECOND), now);
}

const trafficOf = (record: DeploymentRecord, id: string): Traffic | undefined =>
  record.traffic.find((traffic) => traffic.id === id);

/** The last synthetic request in [accruedAt, now) and the end of its service; undefined when there was none. */
export function lastArrival(record: DeploymentRecord, now: Ms): { at: Ms; endAt: Ms } | undefined {
  const flow = record.flows.at(-1);
  if (!flow || flow.streams.length === 0) return undefined;
  let found: { at: Ms; endAt: Ms } | undefined;
  for (const stream of flow.streams) {
    const traffic = trafficOf(record, stream.id);
    const at = traffic && lastOf(traffic, stream.arriving, record.accruedAt, now);
    if (at === undefined || (found && found.at >= at)) continue;
    found = { at, endAt: Math.ceil(at + stream.queueMs + stream.prefillMs + stream.decodeMs) };
  }
  return found;
}

/** The next synthetic request at or after `now`, with the longest pause between two; undefined when none is due in this piece. */
export function nextArrival(record: DeploymentRecord, now: Ms): { at: Ms; everyMs: Ms } | undefined {
  const flow = record.flows.at(-1);
  if (!flow || flow.streams.length === 0) return undefined;
  let [at, everyMs] = [Infinity, Infinity];
  for (const { id, arriving } of flow.streams) {
    const traffic = trafficOf(record, id);
    if (!traffic || arriving <= 0) continue;
    const sent = traffic.sent + (arriving * (now - record.accruedAt)) / SECOND;
    const missing = Math.max(wholeRequests(sent) - sent, 0);
    at = Math.min(at, now + Math.ceil((missing / arriving) * SECOND));
    everyMs = Math.min(everyMs, SECOND / arriving);
  }
  return at < (flow.until ?? Infinity) ? { at, everyMs } : undefined;
}
