import { describe, expect, test } from "vitest";
import { fresh, SERVERLESS } from "../support/api.ts";

const PATH = "/v1/accounts/local/deployments?deploymentId=d";
const H100 = {
  baseModel: SERVERLESS,
  acceleratorType: "NVIDIA_H100_80GB",
  minReplicaCount: 1,
  annotations: { "custom/team": "search" },
};
const SPAN = "startTime=2026-01-01T00:00:00Z&endTime=2026-01-03T00:00:00Z";

async function twoDays() {
  const world = await fresh({ startTime: "2026-01-01T12:00:00Z", profile: "instant" });
  await world.call("POST", PATH, H100);
  await world.call("POST", "/v1/completions", {
    model: SERVERLESS,
    prompt: "Why is the sea salty?",
    max_tokens: 8,
    ignore_eos: true,
  });
  await world.emulator.clock.advance("24h");
  return world;
}

describe("billing", () => {
  test("billingUsage: daily buckets, grouped and filtered", async () => {
    const { call } = await twoDays();
    const { body } = await call("GET", `/v1/accounts/local/billingUsage?${SPAN}&groupBy=annotations.team`);
    const bucket = (day: number) => ({
      deploymentId: "d",
      acceleratorType: "NVIDIA_H100_80GB",
      acceleratorSeconds: "43200",
      startTime: `2026-01-0${day}T00:00:00Z`,
      endTime: `2026-01-0${day + 1}T00:00:00Z`,
      baseModel: SERVERLESS,
      usageType: "DEDICATED_DEPLOYMENT",
      placement: "US_IOWA_1",
      group: { "annotations.team": "search" },
    });
    expect(body.dedicatedCosts).toEqual([bucket(1), bucket(2)]);
    expect(body.serverlessCosts).toMatchObject([
      { modelName: SERVERLESS, completionTokens: "8", usageType: "SERVERLESS" },
    ]);
    const filtered = await call(
      "GET",
      `/v1/accounts/local/billingUsage?${SPAN}&usageType=DEDICATED_DEPLOYMENT&filter=deployment_id%3D%22x%22`,
    );
    expect(filtered.body).toEqual({ serverlessCosts: [], dedicatedCosts: [] });
  });

  test("summary: hours, price and money", async () => {
    const { call } = await twoDays();
    expect((await call("GET", `/v1/accounts/local/billing/summary?${SPAN}`)).body.lineItems).toEqual([
      {
        category: "DEDICATED_DEPLOYMENT",
        groupingKey: "accelerator_type",
        groupingValue: "NVIDIA_H100_80GB",
        secondaryGroupingKey: "deployment",
        secondaryGroupingValue: "accounts/local/deployments/d",
        quantity: 24,
        unitAmount: { currencyCode: "USD", units: "7", nanos: 0 },
        totalCost: { currencyCode: "USD", units: "168", nanos: 0 },
      },
    ]);
  });

  test("the export has the service's columns", async () => {
    const { call } = await twoDays();
    const { text, headers } = await call("GET", "/__emulator/usage?format=csv");
    expect(headers.get("content-type")).toBe("text/csv");
    const [head, first] = text.split("\n");
    expect(head).toBe(
      "email,start_time,end_time,usage_type,accelerator_type,accelerator_seconds,base_model_name,model_bucket,parameter_count,prompt_tokens,completion_tokens",
    );
    expect(first).toBe(
      `owner@local.example,2026-01-01T00:00:00Z,2026-01-02T00:00:00Z,DEDICATED_DEPLOYMENT,NVIDIA_H100_80GB,43200,${SERVERLESS},,8030000000,,`,
    );
  });

  test.each([
    ["", "start_time and end_time are required"],
    ["startTime=yesterday&endTime=2026-01-03T00:00:00Z", "start_time: expected an RFC 3339 time"],
    ["startTime=2026-01-03T00:00:00Z&endTime=2026-01-01T00:00:00Z", "end_time must be after start_time"],
    ["startTime=2026-01-01T00:00:00Z&endTime=2026-02-03T00:00:00Z", "the time range must not exceed 31 days"],
    [`${SPAN}&timezone=Mars`, "timezone: expected an IANA time zone"],
  ])("billingUsage?%s is refused", async (query, message) => {
    const { call } = await fresh();
    const { status, body } = await call("GET", `/v1/accounts/local/billingUsage?${query}`);
    expect([status, body.code]).toEqual([400, 3]);
    expect(body.message).toContain(message);
  });
});

describe("metrics", () => {
  test("the export of an account: names, labels, rates over a minute, six reads a minute", async () => {
    const { call, emulator } = await fresh();
    await call("POST", PATH, H100);
    await emulator.clock.advance("1m");
    await emulator.traffic.create({ deployment: "d", requestsPerSecond: 3, promptTokens: 200, completionTokens: 50 });
    await emulator.clock.advance("2m");
    const { text, headers } = await call("GET", "/v1/accounts/local/metrics");
    expect(headers.get("content-type")).toContain("text/plain");
    const labels = `base_model="${SERVERLESS}",deployment="accounts/local/deployments/d",deployment_account="local",deployment_id="d"`;
    const value = (name: string, more = ""): number =>
      Number(
        text
          .split("\n")
          .find((line) => line.startsWith(`${name}{${labels}${more}}`))
          ?.split(" ")
          .at(-1),
      );
    expect(value("request_counter_total:sum_by_deployment")).toBeCloseTo(3, 6);
    expect(value("tokens_prompt_total:sum_by_deployment")).toBeCloseTo(600, 6);
    expect(value("tokens_generated_per_request_bucket:sum_by_deployment", ',le="32"')).toBe(0);
    expect(value("tokens_generated_per_request_bucket:sum_by_deployment", ',le="128"')).toBeCloseTo(3, 6);
    expect(value("latency_overall_ms_bucket:sum_by_deployment", ',le="+Inf"')).toBeCloseTo(3, 6);
    expect(value("requests_coordinator_concurrent_count:avg_by_deployment")).toBeGreaterThan(1);
    for (const name of [
      "tokens_cached_prompt_total:sum_by_deployment",
      "latency_generation_per_token_ms_bucket:sum_by_deployment",
      "latency_generation_queue_ms_bucket:sum_by_deployment",
      "latency_to_first_token_ms_bucket:sum_by_deployment",
      "latency_prefill_ms_bucket:sum_by_deployment",
      "latency_prefill_queue_ms_bucket:sum_by_deployment",
      "tokens_prompt_per_request_bucket:sum_by_deployment",
      "generator_kv_blocks_fraction:avg_by_deployment",
      "generator_kv_slots_fraction:avg_by_deployment",
      "generator_model_forward_time:avg_by_deployment",
      "prefiller_prompt_cache_ttl:avg_by_deployment",
    ])
      expect(text, name).toContain(`# TYPE ${name} gauge`);
    for (let read = 0; read < 5; read += 1) expect((await call("GET", "/v1/accounts/local/metrics")).status).toBe(200);
    const seventh = await call("GET", "/v1/accounts/local/metrics");
    expect([seventh.status, seventh.body.code]).toEqual([429, 8]);
    await emulator.clock.advance("1m");
    expect((await call("GET", "/v1/accounts/local/metrics")).status).toBe(200);
  });

  test("real requests and refusals count too", async () => {
    const { call, emulator } = await fresh();
    await call("POST", PATH, { ...H100, maxConcurrencyPerReplica: 1 });
    await emulator.clock.advance("1m");
    const ask = () =>
      call("POST", "/v1/completions", { model: "accounts/local/deployments/d", prompt: "hi", max_tokens: 10 });
    const statuses = [(await ask()).status, (await ask()).status, (await ask()).status];
    expect(statuses).toEqual([200, 200, 429]);
    await emulator.clock.advance("1m");
    const { text } = await call("GET", "/v1/accounts/local/metrics");
    expect(text).toMatch(/requests_error_total:sum_by_deployment\{.*http_code="429"\} 0\.01666/);
    expect((await call("GET", "/v1/accounts/local/deployments/d:metrics")).body.metrics).toMatchObject({
      replica_count: 1,
      requests_total: 3,
      requests_error_rate: 1 / 3,
      tokens_generated_per_request: 10,
    });
    expect((await call("GET", "/v1/accounts/local/deployments/d:metrics?timeRange=soon")).status).toBe(400);
  });

  test("perf headers, perf_metrics and the metrics tell the same timing", async () => {
    const { call, emulator } = await fresh();
    await call("POST", PATH, H100);
    await emulator.clock.advance("1m");
    const body = {
      model: "accounts/local/deployments/d",
      prompt: "Tell me of rivers",
      max_tokens: 40,
      ignore_eos: true,
      perf_metrics_in_response: true,
    };
    const { headers, body: answer } = await call("POST", "/v1/completions", body);
    await emulator.clock.advance("1m");
    const { metrics } = (await call("GET", "/v1/accounts/local/deployments/d:metrics")).body;
    for (const name of [
      "server-time-to-first-token",
      "server-processing-time",
      "prefill-duration",
      "generation-duration",
    ])
      expect(answer.perf_metrics[name]).toBe(headers.get(`fireworks-${name}`));
    expect(metrics.first_token_latency / 1000).toBeCloseTo(
      Number(headers.get("fireworks-server-time-to-first-token")),
      3,
    );
    expect(metrics.latency / 1000).toBeCloseTo(Number(headers.get("fireworks-server-processing-time")), 3);
  });

  test("the emulator's own", async () => {
    const { call } = await fresh();
    await call("POST", PATH, H100);
    const { text, headers } = await call("GET", "/metrics", undefined, {});
    expect(headers.get("content-type")).toContain("text/plain");
    expect(text).toContain('fireworks_emulator_deployments{state="CREATING"} 1');
    expect(text).toContain('fireworks_emulator_requests_total{plane="control",status="200"} 1');
    expect(text).toContain("fireworks_emulator_world_time_seconds 1767225600");
    expect(text).toContain("process_cpu_user_seconds_total");
  });
});
