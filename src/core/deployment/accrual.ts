import type { Ms } from "../time.ts";
import { SECOND } from "../time.ts";
import type { Flow, Stream } from "./flow.ts";
import type { DeploymentRecord } from "./record.ts";
import type { Traffic } from "./traffic.ts";
import { nextPieceAt, wholeRequests } from "./traffic.ts";

/** What becomes of requests that find no ready replica: turned away, or held until there is one. */
export interface ColdStart {
  holds: boolean;
}

function accrueOne(traffic: Traffic, stream: Stream, ready: number, span: Ms, { holds }: ColdStart): Traffic {
  const sent = traffic.sent + (stream.arriving * span) / SECOND;
  const arrivals = wholeRequests(sent) - wholeRequests(traffic.sent);
  if (ready === 0) {
    const key = holds ? "held" : "unready";
    return { ...traffic, sent, [key]: traffic[key] + arrivals };
  }
  return { ...traffic, sent, refused: traffic.refused + arrivals * stream.refusedShare, held: 0 };
}

/** The traffic with everything counted that it sent in [accruedAt, now): the flow did not change in between. */
export function accruedTraffic(record: DeploymentRecord, coldStart: ColdStart, now: Ms): readonly Traffic[] {
  const flow = record.flows.at(-1);
  const span = now - record.accruedAt;
  if (!flow || flow.streams.length === 0 || span <= 0) return record.traffic;
  return record.traffic.map((traffic) => {
    const stream = flow.streams.find(({ id }) => id === traffic.id);
    return stream ? accrueOne(traffic, stream, flow.ready, span, coldStart) : traffic;
  });
}

/** When the last whole request went out, given the sum now; null when none has since `since`. */
function lastOf(traffic: Traffic, arriving: number, since: Ms, now: Ms): Ms | null {
  const sent = traffic.sent + (arriving * (now - since)) / SECOND;
  const last = wholeRequests(sent) - 1;
  if (last < wholeRequests(traffic.sent)) return null;
  return Math.min(Math.ceil(since + ((last - traffic.sent) / arriving) * SECOND), now);
}

/** The last synthetic request in [accruedAt, now) and the end of its service; null when there was none. */
export function lastArrival(record: DeploymentRecord, now: Ms): { at: Ms; endAt: Ms } | null {
  const flow: Flow | undefined = record.flows.at(-1);
  let found: { at: Ms; endAt: Ms } | null = null;
  for (const stream of flow?.streams ?? []) {
    const traffic = record.traffic.find(({ id }) => id === stream.id);
    const at = traffic && lastOf(traffic, stream.arriving, record.accruedAt, now);
    if (at === null || at === undefined || (found && found.at >= at)) continue;
    found = { at, endAt: Math.ceil(at + stream.queueMs + stream.prefillMs + stream.decodeMs) };
  }
  return found;
}

/** The next synthetic request at or after `now`, with the longest pause between two; null when none is due in this piece. */
export function nextArrival(record: DeploymentRecord, now: Ms): { at: Ms; everyMs: Ms } | null {
  const flow = record.flows.at(-1);
  if (!flow || flow.streams.length === 0) return null;
  let [at, everyMs] = [Infinity, Infinity];
  for (const { id, arriving } of flow.streams) {
    const traffic = record.traffic.find((each) => each.id === id);
    if (!traffic || arriving <= 0) continue;
    const missing = Math.max(wholeRequests(traffic.sent) - traffic.sent, 0);
    at = Math.min(at, now + Math.ceil((missing / arriving) * SECOND));
    everyMs = Math.min(everyMs, SECOND / arriving);
  }
  const until = nextPieceAt(record.traffic, now) ?? Infinity;
  return at < until ? { at, everyMs } : null;
}
