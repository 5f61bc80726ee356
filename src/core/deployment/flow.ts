import type { Ms } from "../time.ts";
import { SECOND } from "../time.ts";
import type { Capacity } from "./capacity.ts";
import { crowd } from "./capacity.ts";
import type { Observation } from "./load.ts";
import { NOTHING } from "./load.ts";
import type { Traffic } from "./traffic.ts";
import { nextPieceAt, pieceAt } from "./traffic.ts";

/** A client of closed-loop traffic that was turned away asks again after this long (ours). */
const RETRY_SECONDS = 1;

/** What becomes of one traffic's requests while nothing changes. */
export interface Stream {
  id: string;
  /** Requests per second that arrive. */
  arriving: number;
  /** The share of them that full replicas turn away. */
  refusedShare: number;
  /** The timing that every request gets. */
  queueMs: Ms;
  prefillMs: Ms;
  decodeMs: Ms;
}

/** The steady load that all traffic together puts on the ready replicas, from a moment until the next flow. */
export interface Flow extends Observation {
  from: Ms;
  /** When the traffic next changes by itself; null for never. */
  until: Ms | null;
  ready: number;
  streams: Stream[];
}

interface Demand {
  traffic: Traffic;
  /** Per replica: requests per second, or clients. */
  rate: number;
  clients: number;
  prefillSeconds: number;
  decodeSeconds: number;
}

const secondsFor = (tokens: number, tokensPerSecond: number): number => Math.max(tokens / tokensPerSecond, 1 / SECOND);

function demandOf(traffic: Traffic, now: Ms, ready: number, capacity: Capacity): Demand {
  const share = pieceAt(traffic, now).level / Math.max(ready, 1);
  return {
    traffic,
    rate: traffic.kind === "requestsPerSecond" ? share : 0,
    clients: traffic.kind === "concurrentRequests" ? share : 0,
    prefillSeconds: secondsFor(traffic.promptTokens, capacity.prefillTokensPerSecond),
    decodeSeconds: traffic.completionTokens / capacity.decodeTokensPerSecond,
  };
}

/** One replica in balance: what it serves, and what it cannot. */
interface Balance {
  inFlight: number;
  /** The share of the work on offer that is served. */
  served: number;
  /** The share of clients that have a request under way. */
  seated: number;
  queueing: number;
}

/**
 * Little's law, in closed form: in flight = clients + rate x (prefill + decode x (1 + in flight / half speed)).
 * Where that exceeds the concurrency, the replica works at full width and its queue is full, unless the clients are few.
 */
function balance(demands: readonly Demand[], capacity: Capacity): Balance {
  let [clients, prefill, decode, rate] = [0, 0, 0, 0];
  for (const demand of demands) {
    clients += demand.clients;
    rate += demand.rate;
    prefill += demand.rate * demand.prefillSeconds;
    decode += demand.rate * demand.decodeSeconds;
  }
  const { concurrency, halfSpeedConcurrency } = capacity;
  const slope = 1 - decode / halfSpeedConcurrency;
  const fits = slope > 0 ? (clients + prefill + decode) / slope : Infinity;
  if (fits <= concurrency) return { inFlight: fits, served: 1, seated: 1, queueing: 0 };
  const slots = clients + prefill + decode * crowd(capacity, concurrency);
  const inFlight = rate > 0 ? concurrency * 2 : Math.min(clients, concurrency * 2);
  return {
    inFlight,
    served: concurrency / slots,
    seated: Math.min(inFlight / slots, 1),
    queueing: inFlight - concurrency,
  };
}

/** A stream, but for the wait that all have in common. */
function streamOf(demand: Demand, ready: number, capacity: Capacity, state: Balance): Stream {
  const { traffic, rate, clients, prefillSeconds } = demand;
  const decodeSeconds = demand.decodeSeconds * crowd(capacity, state.inFlight);
  const serviceSeconds = prefillSeconds + decodeSeconds;
  const answered = rate > 0 ? rate * state.served : (clients * Math.min(state.served, 1)) / serviceSeconds;
  const refused = rate > 0 ? rate - answered : (clients * (1 - state.seated)) / RETRY_SECONDS;
  const arriving = answered + refused;
  return {
    id: traffic.id,
    arriving: arriving * ready,
    refusedShare: arriving > 0 ? refused / arriving : 0,
    queueMs: 0,
    prefillMs: prefillSeconds * SECOND,
    decodeMs: decodeSeconds * SECOND,
  };
}

/** The steady state of all traffic on some ready replicas; with none, every request finds no one. */
export function flowAt(traffic: readonly Traffic[], ready: number, capacity: Capacity, now: Ms): Flow {
  const demands = traffic
    .map((each) => demandOf(each, now, ready, capacity))
    .filter((each) => each.rate + each.clients > 0);
  const flow: Flow = {
    from: now,
    until: nextPieceAt(traffic, now),
    ready,
    streams: [],
    concurrentRequests: 0,
    requestsPerSecond: 0,
    promptTokensPerSecond: 0,
    generatedTokensPerSecond: 0,
  };
  if (ready === 0) {
    for (const {
      traffic: { id },
      rate,
      clients,
    } of demands) {
      const arriving = rate + clients / RETRY_SECONDS;
      flow.streams.push({ id, arriving, refusedShare: 0, queueMs: 0, prefillMs: 0, decodeMs: 0 });
    }
    return flow;
  }
  const state = balance(demands, capacity);
  flow.concurrentRequests = state.inFlight * ready;
  let total = 0;
  for (const demand of demands) {
    const stream = streamOf(demand, ready, capacity, state);
    const answered = stream.arriving * (1 - stream.refusedShare);
    total += answered;
    flow.requestsPerSecond += stream.arriving;
    flow.promptTokensPerSecond += answered * demand.traffic.promptTokens;
    flow.generatedTokensPerSecond += answered * demand.traffic.completionTokens;
    flow.streams.push(stream);
  }
  const queueMs = total > 0 ? (state.queueing * ready * SECOND) / total : 0;
  for (const stream of flow.streams) stream.queueMs = queueMs;
  return flow;
}

/** The mean of some flows over [from, to). */
export function meanFlow(flows: readonly Flow[], from: Ms, to: Ms): Observation {
  const last = flows.at(-1);
  if (!last) return NOTHING;
  if (last.from <= from) return last.streams.length === 0 ? NOTHING : last;
  const mean = { concurrentRequests: 0, requestsPerSecond: 0, promptTokensPerSecond: 0, generatedTokensPerSecond: 0 };
  for (let index = flows.length - 1; index >= 0; index -= 1) {
    const flow = flows[index]!;
    const end = Math.min(flows[index + 1]?.from ?? Infinity, to);
    if (end <= from) break;
    const share = (end - Math.max(flow.from, from)) / (to - from);
    if (share <= 0) continue;
    mean.concurrentRequests += flow.concurrentRequests * share;
    mean.requestsPerSecond += flow.requestsPerSecond * share;
    mean.promptTokensPerSecond += flow.promptTokensPerSecond * share;
    mean.generatedTokensPerSecond += flow.generatedTokensPerSecond * share;
  }
  return mean;
}
