import { expect, test } from "vitest";
import { fresh, SMALL } from "../support/api.ts";

const PATH = "/v1/accounts/acme/deployments";

const refusals: [string, object | string, string][] = [
  ["unknown field", { baseModel: SMALL, loadTargets: {} }, `proto: (line 1:65): unknown field "loadTargets"`],
  [
    "enum",
    { acceleratorType: "h200-141gb" },
    `proto: (line 1:2): invalid value for enum field acceleratorType: "h200-141gb"`,
  ],
  ["number", { minReplicaCount: "many" }, `proto: (line 1:2): invalid value for int32 field minReplicaCount: "many"`],
  [
    "duration",
    { autoscalingPolicy: { scaleUpWindow: "5m" } },
    `proto: (line 1:23): invalid value for google.protobuf.Duration field scaleUpWindow: "5m"`,
  ],
  ["body id", { deploymentId: "x" }, `proto: (line 1:2): unknown field "deploymentId"`],
  ["no base model", {}, "invalid deployment: base_model is required"],
  [
    "zero window",
    { baseModel: SMALL, autoscalingPolicy: { scaleToZeroWindow: "60s" } },
    "invalid deployment: scale_to_zero_window must be at least 5 minutes",
  ],
  [
    "up window",
    { baseModel: SMALL, autoscalingPolicy: { scaleUpWindow: "3601s" } },
    "invalid deployment: scale_up_window must be between 0s and 3600s",
  ],
  [
    "max",
    { baseModel: SMALL, maxReplicaCount: 1001 },
    "invalid deployment: max_replica_count must be between 0 and 1000",
  ],
  [
    "min > max",
    { baseModel: SMALL, minReplicaCount: 3, maxReplicaCount: 2 },
    "invalid deployment: min_replica_count must be less than or equal to max_replica_count",
  ],
  [
    "display name",
    { baseModel: SMALL, displayName: "x".repeat(64) },
    "invalid resource: display_name must be fewer than 64 characters",
  ],
  [
    "MoE on MI300X",
    { baseModel: "accounts/fireworks/models/mixtral-8x7b-instruct", acceleratorType: "AMD_MI300X_192GB" },
    "invalid deployment: model type mixtral is not supported on AMD_MI300X_192GB",
  ],
  [
    "too large",
    { baseModel: "accounts/fireworks/models/deepseek-v3" },
    "accelerator_type must be specified for non-embeddings engines",
  ],
  [
    "too few GPUs",
    { baseModel: "accounts/fireworks/models/llama-v3p1-70b-instruct", acceleratorCount: 1 },
    "invalid deployment: accelerator_count must be at least 4 to serve accounts/fireworks/models/llama-v3p1-70b-instruct on NVIDIA_A100_80GB",
  ],
  [
    "quantised addons",
    { baseModel: SMALL, precision: "FP8", enableAddons: true },
    "invalid deployment: addons cannot be enabled with quantized precisions (FP8/FP4)",
  ],
  [
    "no such hardware there",
    { baseModel: SMALL, placement: { region: "AP_TOKYO_1" } },
    `invalid deployment: NVIDIA_A100_80GB is not available in "AP_TOKYO_1"`,
  ],
  [
    "two places",
    { baseModel: SMALL, placement: { region: "US_IOWA_1", multiRegion: "US" } },
    "invalid deployment: placement must set exactly one of region, multi_region, regions",
  ],
  [
    "load target",
    { baseModel: SMALL, autoscalingPolicy: { loadTargets: { cpu: 1 } } },
    'invalid deployment: unknown load target "cpu", expected one of: default, tokens_generated_per_second, prompt_tokens_per_second, requests_per_second, concurrent_requests',
  ],
];

test.each(refusals)("refused with 400 and nothing changed: %s", async (_, body, message) => {
  const { call, emulator } = await fresh();
  const { status, body: error } = await call("POST", `${PATH}?deploymentId=d1`, body);
  expect({ status, error }).toEqual({ status: 400, error: { code: 3, message, details: [] } });
  expect((await call("GET", `${PATH}/d1`)).status).toBe(404);
  expect(await emulator.events.list()).toEqual([]);
});

test.each(["Bad", "1abc", "a-", "-a", "a_b", "a".repeat(64), "é"])("refused as a deployment ID: %s", async (id) => {
  const { call } = await fresh();
  const { status, body } = await call("POST", `${PATH}?deploymentId=${encodeURIComponent(id)}`, { baseModel: SMALL });
  expect([status, body.code]).toEqual([400, 3]);
});

test("what a broken request leaves in the journal does not break the audit log", async () => {
  const { emulator, call } = await fresh();
  expect((await call("POST", "/v1/accounts/local/users", "[".repeat(20_000) + "]".repeat(20_000))).status).toBe(400);
  const { status, body } = await call("GET", "/v1/accounts/local/auditLogs");
  expect([status, body.auditLogs[0].payload]).toEqual([200, null]);
  await emulator.close();
});

test("an account that cannot be has no quotas to change", async () => {
  const { emulator, call } = await fresh();
  for (const account of ["%2f", "x%20y", "-"])
    expect((await call("PATCH", `/v1/accounts/${account}/quotas/global--h100-count`, { value: "1" })).status).toBe(400);
  await emulator.close();
});
