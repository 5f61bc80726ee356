import type { Gauge } from "prom-client";
import { cumulate, histograms, sumOf, countByStatus } from "../core/deployment/meter.ts";
import type { Histogram, Meter } from "../core/deployment/meter.ts";
import type { DeploymentRecord } from "../core/deployment/record.ts";
import { FLOW_RETENTION_MS } from "../core/deployment/autoscale.ts";
import { invalid } from "../core/error.ts";
import { accountOf, idOf, resourceName } from "../core/name.ts";
import { parseDuration, parseSpan } from "../core/time.ts";
import { countScrape, deploymentMetrics, exportSpan, gaugesOf, meterOf } from "../engine/metrics.ts";
import type { World } from "../engine/world.ts";
import { deploymentMetricsQuery, deploymentMetricsResult } from "../schema/metrics.ts";
import type { Call, Reply, Route } from "./route.ts";

/** Upper bounds of the histograms (ours; the service's are not known). */
const MS_BOUNDS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000, Infinity];
const TOKEN_BOUNDS = [1, 8, 32, 128, 512, 1024, 2048, 4096, 8192, 16_384, 32_768, 131_072, Infinity];
const boundsOf = (name: Histogram): readonly number[] => (name.startsWith("tokens") ? TOKEN_BOUNDS : MS_BOUNDS);
const toLe = (bound: number): string => (bound === Infinity ? "+Inf" : String(bound));

const LABELS = ["base_model", "deployment", "deployment_account", "deployment_id"] as const;
type Labels = Record<(typeof LABELS)[number], string>;

const labelsOf = ({ name, spec }: DeploymentRecord): Labels => ({
  base_model: spec.baseModel,
  deployment: name,
  deployment_account: accountOf(name),
  deployment_id: idOf(name),
});

/** Rates over the window, by metric. */
const counters: Record<string, (meter: Meter) => number> = {
  request_counter_total: (meter) =>
    sumOf(
      meter,
      () => 1,
      () => true,
    ),
  tokens_cached_prompt_total: (meter) => sumOf(meter, ({ cachedTokens }) => cachedTokens),
  tokens_prompt_total: (meter) => sumOf(meter, ({ promptTokens }) => promptTokens),
};

/** The service's export of one account, in Prometheus' text form (control-plane §1.4). */
async function toExport(world: World, account: string): Promise<string> {
  const prom = await import("prom-client");
  const registry = new prom.Registry();
  const gauges = new Map<string, Gauge>();
  const set = (name: string, help: string, labels: Record<string, string>, value: number): void => {
    let gauge = gauges.get(name);
    if (!gauge)
      gauges.set(
        name,
        (gauge = new prom.Gauge({ name, help, labelNames: Object.keys(labels), registers: [registry] })),
      );
    gauge.set(labels, value);
  };
  world.saver.flush();
  const { from, to } = exportSpan(world);
  for (const record of world.parts.deployments.values()) {
    if (accountOf(record.name) !== account || record.state === "DELETED") continue;
    const [meter, labels] = [meterOf(world, record, from, to), labelsOf(record)];
    for (const [name, value] of Object.entries(counters))
      set(`${name}:sum_by_deployment`, "Per second, over one minute.", labels, value(meter) / meter.seconds);
    for (const [status, count] of countByStatus(meter)) {
      if (status !== 200)
        set(
          "requests_error_total:sum_by_deployment",
          "Per second, over one minute.",
          { ...labels, http_code: String(status) },
          count / meter.seconds,
        );
    }
    for (const name of Object.keys(histograms) as Histogram[]) {
      const bounds = boundsOf(name);
      for (const [index, count] of cumulate(meter, name, bounds).entries())
        set(
          `${name}_bucket:sum_by_deployment`,
          "Per second, over one minute, cumulative.",
          { ...labels, le: toLe(bounds[index]!) },
          count / meter.seconds,
        );
    }
    const { utilisation, forwardMs, concurrent } = gaugesOf(world, record, meter);
    const averages = {
      generator_kv_blocks_fraction: utilisation,
      generator_kv_slots_fraction: utilisation,
      generator_model_forward_time: forwardMs,
      requests_coordinator_concurrent_count: concurrent,
      prefiller_prompt_cache_ttl: 0,
    };
    for (const [name, value] of Object.entries(averages))
      set(`${name}:avg_by_deployment`, "Mean over one minute.", labels, value);
  }
  return registry.metrics();
}

/** Of Prometheus' text form. */
export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

async function exportMetrics({ world, params }: Call): Promise<Reply> {
  const account = params["account_id"]!;
  countScrape(world, account);
  return { body: await toExport(world, account), headers: { "content-type": CONTENT_TYPE } };
}

function oneDeployment({ world, params, query }: Call): Reply {
  const record = world.deployment(resourceName(params["account_id"]!, "deployments", params["deployment_id"]!));
  const text = (query["timeRange"] as string | undefined) || "10m";
  const range = parseSpan(text) ?? parseDuration(text);
  if (!range || range <= 0) throw invalid(`time_range: expected a span such as "10m", got "${text}"`);
  return { body: { metrics: deploymentMetrics(world, record, Math.min(range, FLOW_RETENTION_MS)) } };
}

export const metricsRoutes = (): Route[] => [
  {
    method: "GET",
    path: "/v1/accounts/{account_id}/metrics",
    plane: "control",
    tag: "Deployment",
    summary: "Metrics of an account's deployments, as Prometheus text; six reads a minute",
    handle: exportMetrics,
  },
  {
    method: "GET",
    path: "/v1/accounts/{account_id}/deployments/{deployment_id}:metrics",
    writes: false,
    plane: "control",
    tag: "Deployment",
    summary: "Metrics of a deployment over a time range (deprecated by the service)",
    query: deploymentMetricsQuery,
    result: deploymentMetricsResult,
    handle: oneDeployment,
  },
];
