import { crowd } from "../core/deployment/capacity.ts";
import { meanFlow } from "../core/deployment/flow.ts";
import { addLoads, Load } from "../core/deployment/load.ts";
import type { Meter } from "../core/deployment/meter.ts";
import { countByStatus, histograms, measure, sumOf } from "../core/deployment/meter.ts";
import type { DeploymentRecord } from "../core/deployment/record.ts";
import { readyCount } from "../core/deployment/record.ts";
import { ApiError } from "../core/error.ts";
import type { Ms } from "../core/time.ts";
import { MINUTE, SECOND } from "../core/time.ts";
import type { World } from "./world.ts";

/** The export refreshes this often, covers this long, and may be read so many times in it (control-plane §1.4). */
const REFRESH_MS = 30 * SECOND;
const WINDOW_MS = MINUTE;
const READS_PER_MINUTE = 6;

/** What a deployment did in [from, to), real and synthetic requests together. */
export function meterOf(world: World, record: DeploymentRecord, from: Ms, to: Ms): Meter {
  const flights = world.parts.store.flightsOf(record.name, from, to);
  const real = new Load();
  for (const flight of flights) real.add(flight);
  const load = addLoads(real.observe(from, to), meanFlow(record.flows, from, to));
  return measure(flights, record.flows, record.traffic, readyCount(record), load, from, to);
}

/** Means over some deployments' gauges. */
export interface Gauges {
  utilisation: number;
  forwardMs: number;
  concurrent: number;
}

export function gaugesOf(world: World, record: DeploymentRecord, meter: Meter): Gauges {
  const capacity = world.capacityOf(record);
  const perReplica = meter.ready > 0 ? meter.load.concurrentRequests / meter.ready : 0;
  return {
    utilisation: Math.min(perReplica / capacity.concurrency, 1),
    forwardMs: meter.ready > 0 ? (SECOND / capacity.decodeTokensPerSecond) * crowd(capacity, perReplica) : 0,
    concurrent: meter.load.concurrentRequests,
  };
}

/** Counts a read of an account's export. @throws ApiError RESOURCE_EXHAUSTED beyond the limit */
export function countScrape(world: World, account: string): void {
  const { scrapes, store } = world.parts;
  const recent = (scrapes.get(account) ?? []).filter((at) => at > world.now - MINUTE);
  if (recent.length >= READS_PER_MINUTE)
    throw new ApiError(
      "RESOURCE_EXHAUSTED",
      `metrics of account ${account} may be read ${READS_PER_MINUTE} times a minute`,
    );
  const reads = [...recent, world.now];
  scrapes.set(account, reads);
  store.putDocument("scrapes", account, reads);
  world.saver.soon();
}

/** The span that the export now covers. */
export function exportSpan(world: World): { from: Ms; to: Ms } {
  const to = Math.floor(world.now / REFRESH_MS) * REFRESH_MS;
  return { from: to - WINDOW_MS, to };
}

const share = (part: number, whole: number): number => (whole > 0 ? part / whole : 0);

/** Names and values of `:metrics`: those of the service's metric list, in lower case (control-plane §3.9; the names are ours). */
export function deploymentMetrics(world: World, record: DeploymentRecord, range: Ms): Record<string, number> {
  world.saver.flush();
  const meter = meterOf(world, record, world.now - range, world.now);
  const counts = countByStatus(meter);
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const ok = counts.get(200) ?? 0;
  const mean = (value: keyof typeof histograms): number =>
    share(
      sumOf(meter, (sample) => histograms[value](sample) ?? 0),
      ok,
    );
  return {
    replica_count: meter.ready,
    load: gaugesOf(world, record, meter).utilisation,
    concurrent_requests: meter.load.concurrentRequests,
    prompt_cache_hit_rate: 0,
    requests_total: Math.round(total),
    requests_error_rate: share(total - ok, total),
    requests_per_second: total / meter.seconds,
    tokens_per_second: sumOf(meter, ({ generatedTokens }) => generatedTokens) / meter.seconds,
    tokens_prompt_per_request: mean("tokens_prompt_per_request"),
    tokens_generated_per_request: mean("tokens_generated_per_request"),
    latency: mean("latency_overall_ms"),
    first_token_latency: mean("latency_to_first_token_ms"),
    prefill_queue_latency: mean("latency_prefill_queue_ms"),
    generation_queue_latency: 0,
    generation_per_token_latency: mean("latency_generation_per_token_ms"),
  };
}
