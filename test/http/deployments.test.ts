import { expect, test } from "vitest";
import { deployment as schema } from "../../src/schema/deployment.ts";
import { fresh, SERVERLESS, SMALL } from "../support/api.ts";

const PATH = "/v1/accounts/acme/deployments";

test("every field of the resource is stored and returned, in the schema's order", async () => {
  const { call } = await fresh();
  const sent = {
    baseModel: SMALL,
    displayName: "Demo",
    description: "d",
    annotations: { "custom/team": "x" },
    minReplicaCount: 1,
    maxReplicaCount: 3,
    maxWithRevocableReplicaCount: 4,
    maxConcurrencyPerReplica: 7,
    acceleratorCount: 2,
    acceleratorType: "NVIDIA_H100_80GB",
    precision: "BF16",
    enableAddons: true,
    draftTokenCount: 2,
    draftModel: SMALL,
    ngramSpeculationLength: 3,
    enableMtp: true,
    enableSessionAffinity: true,
    directRouteApiKeys: ["k"],
    numPeftDeviceCached: 2,
    directRouteType: "INTERNET",
    deploymentTemplate: "t",
    autoTune: { longPrompt: true },
    placement: { multiRegion: "US" },
    maxContextLength: 4096,
    disableDeploymentSizeValidation: true,
    enableHotLoad: true,
    hotLoadBucketType: "S3",
    enableHotReloadLatestAddon: true,
    activeModelVersion: "v1",
    targetModelVersion: "v1",
    hotLoadBucketUrl: "s3://b",
    pricingPlanId: "p",
    hotLoadTrainerJob: "j",
    hotLoadTransitionType: "SYNC",
    preemptible: true,
    expireTime: "2027-01-01T00:00:00Z",
    autoscalingPolicy: {
      scaleUpWindow: "1s",
      scaleDownWindow: "2s",
      scaleToZeroWindow: "300s",
      loadTargets: { requests_per_second: 2.5 },
      scalingSchedules: {},
    },
  };
  const created = await call("POST", `${PATH}?deploymentId=demo`, sent);
  expect(created.status).toBe(200);
  // what is shown of the key "k"
  const shown = { ...sent, directRouteApiKeys: ["sha256:8254c329a928"] };
  expect(created.body).toMatchObject(shown);
  expect(Object.keys(created.body)).toEqual(Object.keys(schema.shape));
  expect((await call("GET", `${PATH}/demo`)).body).toMatchObject(shown);
});

test("defaults are those of the page: A100, max 1 with min 0, windows 30s, 600s, 3600s", async () => {
  const { call } = await fresh();
  const { body } = await call("POST", PATH, { baseModel: SMALL });
  expect(body).toMatchObject({
    state: "CREATING",
    minReplicaCount: 0,
    maxReplicaCount: 1,
    desiredReplicaCount: 1,
    acceleratorType: "NVIDIA_A100_80GB",
    acceleratorCount: 1,
    precision: "BF16",
    placement: { multiRegion: "GLOBAL" },
  });
  expect(body.autoscalingPolicy).toEqual({
    scaleUpWindow: "30s",
    scaleDownWindow: "600s",
    scaleToZeroWindow: "3600s",
    loadTargets: { default: 0.8 },
    scalingSchedules: {},
  });
  expect(body.name).toMatch(/^accounts\/acme\/deployments\/[a-z0-9]{8}$/);
  expect((await call("POST", PATH, { baseModel: SMALL, minReplicaCount: 2 })).body.maxReplicaCount).toBe(2);
});

test("accelerators: the least count that holds the model, doubled for long prompts", async () => {
  const { call } = await fresh();
  const count = async (body: object): Promise<number> =>
    (await call("POST", `${PATH}?validateOnly=true`, body)).body.acceleratorCount;
  const model = (id: string): string => `accounts/fireworks/models/${id}`;
  expect(await count({ baseModel: model("llama-v3p1-70b-instruct") })).toBe(4);
  expect(await count({ baseModel: model("llama-v3p1-70b-instruct"), acceleratorType: "AMD_MI300X_192GB" })).toBe(1);
  expect(await count({ baseModel: model("llama-v3p1-405b-instruct"), acceleratorType: "AMD_MI300X_192GB" })).toBe(4);
  expect(await count({ baseModel: model("deepseek-v3"), acceleratorType: "NVIDIA_H200_141GB" })).toBe(8);
  expect(await count({ baseModel: SERVERLESS, autoTune: { longPrompt: true } })).toBe(2);
});

test("validateOnly creates nothing, and answers what a create would", async () => {
  const { call, emulator } = await fresh();
  const dry = await call("POST", `${PATH}?validateOnly=True&deploymentId=d1`, { baseModel: SMALL });
  expect(dry.body.name).toBe("accounts/acme/deployments/d1");
  expect((await call("GET", PATH)).body.totalSize).toBe(0);
  expect(await emulator.events.list()).toEqual([]);
});

test("output-only fields are ignored, snake_case names and enum numbers are read", async () => {
  const { call } = await fresh();
  const { status, body } = await call("POST", PATH, {
    base_model: SMALL,
    min_replica_count: "1",
    state: "READY",
    name: "x",
    replicaCount: 9,
    acceleratorType: 2,
  });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    state: "CREATING",
    replicaCount: 1,
    minReplicaCount: 1,
    acceleratorType: "NVIDIA_H100_80GB",
  });
});

test("an ID can be used once, soft-deleted or not; a hard delete frees it", async () => {
  const { call, emulator } = await fresh();
  const create = () => call("POST", `${PATH}?deploymentId=d1`, { baseModel: SMALL });
  expect((await create()).status).toBe(200);
  const conflict = { code: 6, message: "deployment ID already exists", details: [] };
  expect(await create()).toMatchObject({ status: 409, body: conflict });
  expect(await call("DELETE", `${PATH}/d1`)).toMatchObject({ status: 200, body: {} });
  await emulator.clock.advance("1m");
  expect(await create()).toMatchObject({ status: 409, body: conflict });
  expect((await call("DELETE", `${PATH}/d1?hard=true`)).status).toBe(200);
  expect((await call("GET", `${PATH}/d1`)).body).toEqual({ code: 5, message: "resource not found", details: [] });
  expect((await create()).status).toBe(200);
});

test("soft delete hides it from lists, sets deleteTime and purgeTime, and can be undone until then", async () => {
  const { call, emulator } = await fresh();
  await call("POST", `${PATH}?deploymentId=d1`, { baseModel: SMALL });
  await emulator.clock.advance({ until: "settled" });
  await call("DELETE", `${PATH}/d1`);
  expect((await call("GET", `${PATH}/d1`)).body).toMatchObject({
    state: "DELETING",
    deleteTime: "2026-01-01T00:00:03Z",
    purgeTime: "2026-01-08T00:00:03Z",
  });
  await emulator.clock.advance("10s");
  expect((await call("GET", PATH)).body.totalSize).toBe(0);
  expect((await call("GET", `${PATH}?showDeleted=true`)).body.deployments[0].state).toBe("DELETED");
  expect((await call("POST", `${PATH}/d1:undelete`, {})).body).toMatchObject({ state: "CREATING", deleteTime: null });
  await call("DELETE", `${PATH}/d1`);
  await emulator.clock.advance("8d");
  expect((await call("GET", `${PATH}/d1`)).status).toBe(404);
  expect((await call("POST", `${PATH}/d1:undelete`)).status).toBe(404);
});

test("delete is refused within an hour of a request, unless checks are ignored", async () => {
  const { call, emulator } = await fresh();
  await call("POST", `${PATH}?deploymentId=d1`, { baseModel: SMALL });
  await emulator.clock.advance({ until: "settled" });
  await call("POST", "/v1/completions", { model: "accounts/acme/deployments/d1", prompt: "hi" });
  const refusal = {
    code: 9,
    message: "deployment has received inference requests in the last hour, pass ignore_checks to skip this check",
    details: [],
  };
  expect(await call("DELETE", `${PATH}/d1`)).toMatchObject({ status: 400, body: refusal });
  expect((await call("DELETE", `${PATH}/d1?ignoreChecks=True`)).status).toBe(200);
});

test("update merges what is sent, honours updateMask, refuses immutable fields by name", async () => {
  const { call } = await fresh();
  await call("POST", `${PATH}?deploymentId=d1`, { baseModel: SMALL, displayName: "one" });
  const windows = await call("PATCH", `${PATH}/d1`, {
    autoscalingPolicy: { scaleDownWindow: "60s" },
    maxReplicaCount: 4,
  });
  expect(windows.body).toMatchObject({
    displayName: "one",
    maxReplicaCount: 4,
    autoscalingPolicy: { scaleUpWindow: "30s", scaleDownWindow: "60s" },
  });
  const masked = await call("PATCH", `${PATH}/d1?updateMask=display_name`, {
    displayName: "two",
    description: "not this",
  });
  expect(masked.body).toMatchObject({ displayName: "two", description: "" });
  for (const [field, body] of [
    ["base_model", { baseModel: SERVERLESS }],
    ["accelerator_type", { acceleratorType: "NVIDIA_H100_80GB" }],
    ["placement", { placement: { multiRegion: "US" } }],
  ] as const) {
    expect((await call("PATCH", `${PATH}/d1`, body)).body).toEqual({
      code: 3,
      message: `invalid deployment: ${field} is immutable`,
      details: [],
    });
  }
  expect((await call("PATCH", `${PATH}/d1`, { baseModel: SMALL, displayName: "three" })).body.displayName).toBe(
    "three",
  );
});

test("new hardware goes through UPDATING: old replicas serve until new ones are ready", async () => {
  const { call, emulator } = await fresh();
  await call("POST", `${PATH}?deploymentId=d1`, { baseModel: SMALL, minReplicaCount: 1 });
  await emulator.clock.advance({ until: "settled" });
  expect((await call("PATCH", `${PATH}/d1`, { acceleratorCount: 2 })).body).toMatchObject({
    state: "UPDATING",
    replicaCount: 2,
  });
  expect((await call("POST", "/v1/completions", { model: "accounts/acme/deployments/d1", prompt: "hi" })).status).toBe(
    200,
  );
  await emulator.clock.advance({ until: "settled" });
  expect((await call("GET", `${PATH}/d1`)).body).toMatchObject({
    state: "READY",
    replicaCount: 1,
    acceleratorCount: 2,
  });
});

test("scale answers {}, clamps to the bounds, refuses negative counts", async () => {
  const { call } = await fresh();
  await call("POST", `${PATH}?deploymentId=d1`, { baseModel: SMALL, maxReplicaCount: 2 });
  expect(await call("PATCH", `${PATH}/d1:scale`, { replicaCount: 5 })).toMatchObject({ status: 200, body: {} });
  expect((await call("GET", `${PATH}/d1`)).body.desiredReplicaCount).toBe(2);
  expect((await call("PATCH", `${PATH}/d1:scale`, { replicaCount: -1 })).body.code).toBe(3);
  expect((await call("POST", `${PATH}/d1:scale`, { replicaCount: 1 })).status).toBe(405);
});
