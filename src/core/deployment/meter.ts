import type { Ms } from "../time.ts";
import { SECOND } from "../time.ts";
import type { Flow } from "./flow.ts";
import type { Flight, Observation } from "./load.ts";
import type { Traffic } from "./traffic.ts";

/** Requests of one kind in a span of time, with the timing that each had; synthetic ones count as many as they are. */
interface Sample {
  count: number;
  status: number;
  promptTokens: number;
  cachedTokens: number;
  generatedTokens: number;
  queueMs: Ms;
  prefillMs: Ms;
  decodeMs: Ms;
}

/** What a deployment did in [from, to). */
export interface Meter {
  seconds: number;
  samples: Sample[];
  /** The mean of ready replicas and of load over the span. */
  ready: number;
  load: Observation;
}

const ofFlight = ({
  status,
  startAt,
  admittedAt,
  firstTokenAt,
  endAt,
  promptTokens,
  cachedTokens,
  completionTokens,
}: Flight): Sample => ({
  count: 1,
  status,
  promptTokens,
  cachedTokens,
  generatedTokens: completionTokens,
  queueMs: startAt - admittedAt,
  prefillMs: firstTokenAt - startAt,
  decodeMs: endAt - firstTokenAt,
});

/** The requests that a flow brought in so many seconds. */
function ofFlow(flow: Flow, traffic: readonly Traffic[], seconds: number): Sample[] {
  return flow.streams.flatMap(({ id, arriving, refusedShare, ...timing }) => {
    const source = traffic.find((each) => each.id === id);
    const { promptTokens = 0, completionTokens: generatedTokens = 0 } = source ?? {};
    const tokens = { promptTokens, cachedTokens: 0, generatedTokens };
    const none = { promptTokens: 0, cachedTokens: 0, generatedTokens: 0, queueMs: 0, prefillMs: 0, decodeMs: 0 };
    const count = arriving * seconds;
    if (flow.ready === 0) return [{ count, status: 503, ...none }];
    const answered = { count: count * (1 - refusedShare), status: 200, ...tokens, ...timing };
    return refusedShare > 0 ? [answered, { count: count * refusedShare, status: 429, ...none }] : [answered];
  });
}

/**
 * Adds up what is known of a span.
 * @param flights requests that came over HTTP, those of the span
 * @param ready ready replicas now, for the time in which no synthetic traffic ran
 */
export function measure(
  flights: readonly Flight[],
  flows: readonly Flow[],
  traffic: readonly Traffic[],
  ready: number,
  load: Observation,
  from: Ms,
  to: Ms,
): Meter {
  const samples = flights.map(ofFlight);
  let known = 0;
  let replicaMs = 0;
  for (const [index, flow] of flows.entries()) {
    const [begin, end] = [Math.max(flow.from, from), Math.min(flows[index + 1]?.from ?? Infinity, to)];
    if (end <= begin || flow.streams.length === 0) continue;
    samples.push(...ofFlow(flow, traffic, (end - begin) / SECOND));
    known += end - begin;
    replicaMs += flow.ready * (end - begin);
  }
  const span = Math.max(to - from, 1);
  return { seconds: span / SECOND, samples, ready: (replicaMs + ready * (span - known)) / span, load };
}

/** A sum over the requests that were answered, or over those with a status that `which` takes. */
export const sumOf = (
  meter: Meter,
  value: (sample: Sample) => number,
  which = (status: number): boolean => status === 200,
): number =>
  meter.samples.reduce((sum, sample) => (which(sample.status) ? sum + value(sample) * sample.count : sum), 0);

/** Requests by status. */
export function countByStatus(meter: Meter): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { status, count } of meter.samples) counts.set(status, (counts.get(status) ?? 0) + count);
  return counts;
}

/** What a histogram can be made of; undefined where a request has no such value. */
export const histograms = {
  latency_generation_per_token_ms: ({ decodeMs, generatedTokens }: Sample) =>
    generatedTokens > 0 ? decodeMs / generatedTokens : undefined,
  latency_generation_queue_ms: () => 0,
  latency_overall_ms: ({ queueMs, prefillMs, decodeMs }: Sample) => queueMs + prefillMs + decodeMs,
  latency_to_first_token_ms: ({ queueMs, prefillMs }: Sample) => queueMs + prefillMs,
  latency_prefill_ms: ({ prefillMs }: Sample) => prefillMs,
  latency_prefill_queue_ms: ({ queueMs }: Sample) => queueMs,
  tokens_generated_per_request: ({ generatedTokens }: Sample) => generatedTokens,
  tokens_prompt_per_request: ({ promptTokens }: Sample) => promptTokens,
} as const satisfies Record<string, (sample: Sample) => number | undefined>;
export type Histogram = keyof typeof histograms;

/** Answered requests whose value is at most each bound, in order. */
export function cumulate(meter: Meter, histogram: Histogram, bounds: readonly number[]): number[] {
  return bounds.map((bound) =>
    meter.samples.reduce((sum, sample) => {
      const value = sample.status === 200 ? histograms[histogram](sample) : undefined;
      return value !== undefined && value <= bound ? sum + sample.count : sum;
    }, 0),
  );
}
