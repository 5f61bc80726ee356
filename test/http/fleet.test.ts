import { describe, expect, test } from "vitest";
import { fresh, SERVERLESS } from "../support/api.ts";

const PATH = "/v1/accounts/local/deployments";
const H100 = { baseModel: SERVERLESS, acceleratorType: "NVIDIA_H100_80GB" };

describe("quotas", () => {
  test("count the ceilings of an account's deployments, asleep or not, parked and deleted ones excepted", async () => {
    const { call, emulator } = await fresh();
    const usage = async () => (await call("GET", "/v1/accounts/local/quotas/global--h100-count")).body.usage;
    await call("POST", `${PATH}?deploymentId=a`, { ...H100, acceleratorCount: 2, maxReplicaCount: 3 });
    await emulator.clock.advance("3h");
    expect(await usage()).toBe(6);
    const refused = await call("POST", `${PATH}?deploymentId=b`, { ...H100, maxReplicaCount: 3 });
    expect([refused.status, refused.body]).toEqual([
      429,
      { code: 8, message: "global--h100-count for account local, in use: 6, quota: 8, requesting: 3", details: [] },
    ]);
    expect((await call("GET", `${PATH}/b`)).status).toBe(404);
    expect((await call("PATCH", `${PATH}/a`, { maxReplicaCount: 5 })).body.message).toContain("requesting: 4");
    expect((await call("GET", `${PATH}/a`)).body.maxReplicaCount).toBe(3);
    // another account, and another type, have quotas of their own
    expect((await call("POST", "/v1/accounts/other/deployments", { ...H100, maxReplicaCount: 8 })).status).toBe(200);
    await call("PATCH", `${PATH}/a`, { minReplicaCount: 0, maxReplicaCount: 0 });
    expect(await usage()).toBe(0);
    await call("PATCH", `${PATH}/a`, { maxReplicaCount: 1 });
    await call("DELETE", `${PATH}/a`);
    expect(await usage()).toBe(0);
    await call("POST", `${PATH}?deploymentId=c`, { ...H100, maxReplicaCount: 8 });
    expect((await call("POST", `${PATH}/a:undelete`, {})).status).toBe(429);
  });

  test("can be listed, changed up to maxValue, raised, and made for a region", async () => {
    const { call } = await fresh({ gpuQuota: 4 });
    const { quotas, totalSize } = (await call("GET", "/v1/accounts/local/quotas")).body;
    expect(totalSize).toBe(10);
    expect(quotas[1]).toEqual({
      name: "accounts/local/quotas/global--a100-count",
      value: "4",
      maxValue: "4",
      usage: 0,
      updateTime: null,
    });
    const set = (id: string, body: object, query = "") =>
      call("PATCH", `/v1/accounts/local/quotas/${id}${query}`, body);
    expect((await set("global--h100-count", { value: "9" })).body.message).toBe(
      "invalid quota: value 9 exceeds max_value 4",
    );
    expect((await set("global--h100-count", { value: "2" })).body).toMatchObject({ value: "2", maxValue: "4" });
    expect((await set("global--h100-count", { value: 16, maxValue: 16 })).body).toMatchObject({ value: "16" });
    expect((await set("h100-us-iowa-1", { value: "1" })).status).toBe(404);
    expect((await set("h100-us-iowa-1", { value: "1" }, "?allowMissing=true")).body).toMatchObject({ maxValue: "1" });
    const inIowa = { ...H100, placement: { region: "US_IOWA_1" }, maxReplicaCount: 2 };
    expect((await call("POST", PATH, inIowa)).body.message).toContain("h100-us-iowa-1 for account local, in use: 0");
    expect((await call("POST", PATH, { ...inIowa, placement: { multiRegion: "US" } })).status).toBe(200);
  });

  test("gpuQuota Infinity lifts them", async () => {
    const { call } = await fresh({ gpuQuota: Infinity });
    expect((await call("POST", PATH, { ...H100, maxReplicaCount: 900 })).status).toBe(200);
  });
});

describe("reservations", () => {
  const reserve = { acceleratorType: "NVIDIA_H100_80GB", region: "US_IOWA_1", reservedCount: 2 } as const;

  test("are set aside for their account, out of reach of stockouts, and paid for already", async () => {
    const { call, emulator } = await fresh({ gpuQuota: Infinity });
    await emulator.reservations.create({ id: "r", account: "local", duration: "10h", ...reserve });
    await emulator.stockouts.create({});
    await call("POST", `${PATH}?deploymentId=mine`, { ...H100, minReplicaCount: 2 });
    await call("POST", "/v1/accounts/other/deployments?deploymentId=theirs", { ...H100, minReplicaCount: 1 });
    await emulator.clock.advance("1h");
    expect((await call("GET", `${PATH}/mine`)).body).toMatchObject({ state: "READY", region: "US_IOWA_1" });
    expect((await call("GET", "/v1/accounts/other/deployments/theirs")).body.status.code).toBe("RESOURCE_EXHAUSTED");
    const usage = await emulator.usage({ account: "local" });
    expect(usage.totalGpuSeconds).toBe(2 * 3597);
    expect(usage.totalCost).toBe(0);
    const iowa = (await emulator.fleet.get()).pools.find(
      ({ region, acceleratorType }) => region === "US_IOWA_1" && acceleratorType === "NVIDIA_H100_80GB",
    );
    expect(iowa).toMatchObject({ reserved: 2, inUse: 2 });
    expect((await call("GET", "/v1/accounts/local/reservations/r")).body).toMatchObject({
      name: "accounts/local/reservations/r",
      acceleratorType: "NVIDIA_H100_80GB",
      reservedCount: 2,
      region: "US_IOWA_1",
      endTime: "2026-01-01T10:00:00Z",
    });
    expect((await call("GET", "/v1/accounts/other/reservations")).body.reservations).toEqual([]);
  });

  test("others cannot use them; when one ends, who waits is served", async () => {
    const { call, emulator } = await fresh({ gpuQuota: Infinity });
    await emulator.fleet.set({ pools: [{ region: "US_IOWA_1", acceleratorType: "NVIDIA_H100_80GB", total: 2 }] });
    await emulator.reservations.create({ account: "other", duration: "1h", ...reserve });
    await call("POST", `${PATH}?deploymentId=d`, { ...H100, placement: { region: "US_IOWA_1" } });
    await emulator.clock.advance("59m");
    expect((await call("GET", `${PATH}/d`)).body.state).toBe("CREATING");
    await emulator.clock.advance("2m");
    expect((await call("GET", `${PATH}/d`)).body.state).toBe("READY");
  });

  test("cannot exceed the hardware", async () => {
    const { call } = await fresh();
    const { status, body } = await call("POST", "/__emulator/reservations", { ...reserve, reservedCount: 999 });
    expect([status, body.message]).toEqual([400, "only 64 of 999 NVIDIA_H100_80GB in US_IOWA_1 are not reserved yet"]);
  });
});

describe("preemptible and revocable", () => {
  test("a preemptible deployment loses its replicas to a stockout and gets others when it ends", async () => {
    const { call, emulator } = await fresh();
    await call("POST", `${PATH}?deploymentId=d`, { ...H100, minReplicaCount: 1, preemptible: true });
    await emulator.clock.advance("1m");
    expect((await call("GET", `${PATH}/d`)).body.replicaStats).toMatchObject({
      readyReplicaCount: 1,
      revocableReplicaCount: 1,
    });
    await emulator.stockouts.create({ duration: "10m" });
    expect((await call("GET", `${PATH}/d`)).body.replicaStats).toMatchObject({ readyReplicaCount: 0 });
    await emulator.clock.advance("11m");
    expect((await call("GET", `${PATH}/d`)).body.replicaStats).toMatchObject({ readyReplicaCount: 1 });
  });
});

test("shards: one for each region that has replicas", async () => {
  const { call, emulator } = await fresh();
  await emulator.fleet.set({
    pools: (await emulator.fleet.get()).pools
      .filter(({ acceleratorType }) => acceleratorType === "NVIDIA_H200_141GB")
      .map(({ region, acceleratorType }) => ({ region, acceleratorType, total: 2 })),
  });
  const placement = { regions: ["EU_ICELAND_1", "EU_ICELAND_2"] };
  await call("POST", `${PATH}?deploymentId=d`, {
    ...H100,
    acceleratorType: "NVIDIA_H200_141GB",
    placement,
    minReplicaCount: 3,
  });
  await emulator.clock.advance("1m");
  const { deploymentShards, totalSize } = (await call("GET", `${PATH}/d/shards`)).body;
  expect(totalSize).toBe(2);
  expect(
    deploymentShards.map(({ name, state, replicaStats }: any) => [name, state, replicaStats.readyReplicaCount]),
  ).toEqual([
    ["accounts/local/deployments/d/shards/eu-iceland-1", "READY", 2],
    ["accounts/local/deployments/d/shards/eu-iceland-2", "READY", 1],
  ]);
});

describe("hardware rules", () => {
  test.each([
    [
      { baseModel: "accounts/fireworks/models/gpt-oss-20b", acceleratorType: "NVIDIA_A100_80GB" },
      "invalid deployment: model type gpt_oss requires one of: NVIDIA_H100_80GB, NVIDIA_B200_180GB, NVIDIA_GB200, NVIDIA_B300_288GB, NVIDIA_H200_141GB",
    ],
    [
      { baseModel: SERVERLESS, acceleratorType: "NVIDIA_A100_80GB", precision: "FP8" },
      "invalid deployment: precision FP8 is not supported on NVIDIA_A100_80GB",
    ],
    [
      { baseModel: "accounts/fireworks/models/mixtral-8x7b-instruct", acceleratorType: "AMD_MI300X_192GB" },
      "invalid deployment: model type mixtral is not supported on AMD_MI300X_192GB",
    ],
    [
      { ...H100, maxWithRevocableReplicaCount: 1, maxReplicaCount: 2 },
      "invalid deployment: max_with_revocable_replica_count must be greater than or equal to max_replica_count",
    ],
  ])("%j", async (body, message) => {
    const { call } = await fresh();
    const answer = await call("POST", PATH, body);
    expect([answer.status, answer.body.message]).toEqual([400, message]);
  });

  test("longPrompt: at least two GPUs, and twice as many", async () => {
    const { call } = await fresh({ gpuQuota: Infinity });
    const count = async (model: string) =>
      (await call("POST", PATH, { baseModel: `accounts/fireworks/models/${model}`, autoTune: { longPrompt: true } }))
        .body.acceleratorCount;
    expect(await count("llama-v3p2-3b-instruct")).toBe(2);
    expect(await count("llama-v3p1-70b-instruct")).toBe(8);
  });

  const schedule = { minReplicaCount: 1, schedule: "0 8 * * *", duration: "3600s", timezone: "UTC" };
  test.each([
    [{ schedule: "0 8 * *" }, 'scaling_schedules["s"].schedule must be a five-field cron expression, got "0 8 * *"'],
    [{ timezone: "Mars/Base" }, 'scaling_schedules["s"].timezone must be an IANA time zone, got "Mars/Base"'],
    [{ duration: "60s" }, 'scaling_schedules["s"].duration must be whole seconds between 300s and 604800s'],
    [{ minReplicaCount: 9 }, 'scaling_schedules["s"].min_replica_count must be between 0 and max_replica_count (1)'],
  ])("a schedule with %j", async (change, message) => {
    const { call } = await fresh();
    const body = { ...H100, autoscalingPolicy: { scalingSchedules: { s: { ...schedule, ...change } } } };
    expect((await call("POST", PATH, body)).body.message).toBe(`invalid deployment: ${message}`);
  });
});
