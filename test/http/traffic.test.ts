import { describe, expect, test } from "vitest";
import { fresh, SERVERLESS } from "../support/api.ts";

const CREATE = "/v1/accounts/local/deployments?deploymentId=d";
const NAME = "accounts/local/deployments/d";
const H100 = { baseModel: SERVERLESS, acceleratorType: "NVIDIA_H100_80GB" };

describe("synthetic traffic", () => {
  test("is a rule: it is listed with what became of its requests, shown, and ended", async () => {
    const { call, emulator } = await fresh();
    await call("POST", CREATE, H100);
    await emulator.clock.advance("1m");
    const made = await emulator.traffic.create({ id: "day", deployment: "d", requestsPerSecond: 2, duration: "1h" });
    expect(made).toMatchObject({
      id: "day",
      deployment: NAME,
      requestsPerSecond: 2,
      concurrentRequests: null,
      promptTokens: 500,
      completionTokens: 100,
      shape: "constant",
      startTime: "2026-01-01T00:01:00Z",
      endTime: "2026-01-01T01:01:00Z",
      active: true,
      level: 2,
    });
    await emulator.clock.advance("30m");
    const halfway = { sent: 3600, ok: 3600, tooMany: 0, scalingUp: 0, held: 0 };
    expect((await call("GET", "/__emulator/traffic/day")).body.answers).toEqual(halfway);
    await emulator.clock.advance("2h");
    expect((await emulator.traffic.list())[0]).toMatchObject({ active: false, level: 0, answers: { sent: 7200 } });
    await emulator.traffic.delete("day");
    expect(await emulator.traffic.list()).toEqual([]);
    expect((await call("GET", "/__emulator/traffic/day")).status).toBe(404);
    expect((await call("DELETE", "/__emulator/traffic/day")).status).toBe(404);
  });

  test("a sleeping deployment answers 503 until a replica is ready; with wait it holds them", async () => {
    for (const [coldStart, answers] of [
      ["reject", { sent: 20, ok: 14, scalingUp: 6, held: 0 }],
      ["wait", { sent: 20, ok: 20, scalingUp: 0, held: 0 }],
    ] as const) {
      const { call, emulator } = await fresh({ coldStart });
      await call("POST", CREATE, H100);
      await emulator.clock.advance("2h");
      await emulator.traffic.create({ deployment: "d", requestsPerSecond: 2 });
      // a cold start takes 3 s in this profile
      await emulator.clock.advance("2s");
      const held = coldStart === "wait" ? 4 : 0;
      expect((await emulator.traffic.list())[0]!.answers).toMatchObject({ sent: 4, ok: 0, held });
      await emulator.clock.advance("8s");
      expect((await emulator.traffic.list())[0]!.answers).toMatchObject(answers);
    }
  });

  test("a parked deployment answers 503, and holds nobody", async () => {
    const { call, emulator } = await fresh({ coldStart: "wait" });
    await call("POST", CREATE, { ...H100, maxReplicaCount: 0 });
    await emulator.traffic.create({ deployment: "d", requestsPerSecond: 1 });
    await emulator.clock.advance("1m");
    expect((await emulator.traffic.list())[0]!.answers).toMatchObject({ sent: 60, ok: 0, scalingUp: 60, held: 0 });
  });

  test("full replicas answer 429, and a real request finds them as full as they are", async () => {
    const { call, emulator } = await fresh();
    await call("POST", CREATE, { ...H100, maxConcurrencyPerReplica: 4 });
    await emulator.clock.advance("1m");
    const ask = () => call("POST", "/v1/completions", { model: NAME, prompt: "hi", max_tokens: 1 });
    await emulator.traffic.create({ id: "some", deployment: "d", concurrentRequests: 6 });
    const { status, headers } = await ask();
    expect(status).toBe(200);
    expect(headers.get("fireworks-num-concurrent-requests")).toBe("7");
    expect(Number(headers.get("fireworks-prefill-queue-duration"))).toBeGreaterThan(0);
    await emulator.traffic.create({ id: "more", deployment: "d", requestsPerSecond: 50 });
    await emulator.clock.advance("1m");
    expect((await ask()).body.error.code).toBe("too_many_requests");
    const { sent, ok, tooMany } = (await emulator.traffic.list()).find(({ id }) => id === "more")!.answers;
    expect(sent).toBe(3000);
    expect(ok + tooMany).toBe(sent);
    // four at a time, each 0.9 to 1 s: the rest is turned away
    expect(tooMany).toBeGreaterThan(2700);
  });

  test("counts as recent traffic for the guard of DELETE, and ends with its deployment", async () => {
    const { call, emulator } = await fresh();
    await call("POST", CREATE, H100);
    await emulator.traffic.create({ deployment: "d", requestsPerSecond: 1 });
    await emulator.clock.advance("5h");
    const refused = await call("DELETE", `/v1/${NAME}`);
    expect([refused.status, refused.body.code]).toEqual([400, 9]);
    expect((await call("DELETE", `/v1/${NAME}?ignoreChecks=true`)).status).toBe(200);
    expect(await emulator.traffic.list()).toEqual([]);
  });

  test.each([
    [{ deployment: "d" }, 400, "body: give exactly one of requestsPerSecond, concurrentRequests"],
    [{ deployment: "d", requestsPerSecond: 1, concurrentRequests: 1 }, 400, "give exactly one of"],
    [{ deployment: "d", requestsPerSecond: 1, shape: "ramp" }, 400, "duration: a ramp and a spike need a duration"],
    [{ deployment: "d", requestsPerSecond: 1, duration: "soon" }, 400, 'duration: expected a span such as "90s"'],
    [{ deployment: "d", requestsPerSecond: 1, shape: "square", period: "1s" }, 400, "period: expected at least 10s"],
    [{ deployment: "d", requestsPerSecond: 0 }, 400, "requestsPerSecond"],
    [{ deployment: "none", requestsPerSecond: 1 }, 404, "resource not found"],
    [{ id: "known", deployment: "d", requestsPerSecond: 1 }, 409, "traffic known already exists"],
  ])("%j is refused", async (body, status, message) => {
    const { call, emulator } = await fresh();
    await call("POST", CREATE, H100);
    await emulator.traffic.create({ id: "known", deployment: "d", requestsPerSecond: 1 });
    const answer = await call("POST", "/__emulator/traffic", body);
    expect(answer.status).toBe(status);
    expect(answer.body.message).toContain(message);
    expect(await emulator.traffic.list()).toHaveLength(1);
  });
});

describe("explain and events say why", () => {
  test("while a window runs, and when it has ended", async () => {
    const { call, emulator } = await fresh();
    const body = {
      ...H100,
      minReplicaCount: 1,
      maxReplicaCount: 3,
      autoscalingPolicy: { loadTargets: { requests_per_second: 5 } },
    };
    await call("POST", CREATE, body);
    await emulator.clock.advance("1m");
    await emulator.traffic.create({ deployment: "d", requestsPerSecond: 21 });
    await emulator.clock.advance("20s");
    expect(await emulator.explain(NAME)).toMatchObject({
      bounds: { min: 1, max: 3, schedule: "" },
      lastDecision: {
        time: "2026-01-01T00:01:20Z",
        inputs: { requests_per_second: { observed: 21, target: 5, replicas: 5 } },
        raw: 5,
        replicas: 3,
        window: "above 1 since 2026-01-01T00:01:05Z; the scale-up window (30s) ends at 2026-01-01T00:01:35Z",
        desired: 1,
      },
      reason:
        "load asks for 5 replicas (21 requests/s / 5), cut to max 3; above 1 since 2026-01-01T00:01:05Z; the scale-up window (30s) ends at 2026-01-01T00:01:35Z",
      nextLookTime: "2026-01-01T00:01:35Z",
    });
    await emulator.clock.advance("15s");
    const event = (await emulator.events.list({ type: "desired" })).at(-1)!;
    expect(event).toMatchObject({
      time: "2026-01-01T00:01:35Z",
      from: "1",
      to: "3",
      reason: "load asked for at least 3 replicas for 30s; now 5 replicas (21 requests/s / 5), cut to max 3",
      detail: {
        inputs: { requests_per_second: { observed: 21, target: 5, replicas: 5 } },
        raw: 5,
        replicas: 3,
        window: "above 1 for the whole scale-up window (30s); the lowest in it is 3",
        bounds: { min: 1, max: 3, schedule: "" },
        desired: 3,
        nextLookTime: null,
      },
    });
  });

  test("asleep, parked, starting, deleted", async () => {
    const { call, emulator } = await fresh();
    const reason = async (): Promise<string> => (await emulator.explain(NAME)).reason;
    await call("POST", CREATE, H100);
    expect(await reason()).toBe("the first replicas are starting: 0 of 1 are ready");
    await emulator.clock.advance("2h");
    expect(await reason()).toBe("scaled to zero: the next request starts one replica");
    await call("PATCH", `/v1/${NAME}`, { minReplicaCount: 0, maxReplicaCount: 0 });
    expect(await reason()).toBe("parked: max replica count is 0, and requests do not wake it");
    await call("DELETE", `/v1/${NAME}`);
    expect(await reason()).toBe("the deployment is DELETING");
  });
});

test("the capacity of a model on every accelerator and count grows, but less than the count does", async () => {
  const { call } = await fresh();
  const { body } = await call("GET", "/__emulator/capacity?model=llama-v3p1-8b-instruct");
  const row = (type: string, count: number) =>
    body.capacities.find((each: any) => each.acceleratorType === type && each.acceleratorCount === count);
  const [one, two, eight] = [1, 2, 8].map((count) => row("NVIDIA_H100_80GB", count).requestsPerSecond);
  expect(two).toBeGreaterThan(one);
  expect(eight).toBeLessThan(8 * one);
  expect((await call("GET", "/__emulator/capacity?model=mixtral-8x7b-instruct")).text).not.toContain("MI300X");
  expect((await call("GET", "/__emulator/capacity?model=none")).status).toBe(400);
});

test("an advance that would run through too many events stops with an error, and can go on", async () => {
  const { call, emulator } = await fresh({ advanceMax: 20 });
  await call("POST", CREATE, H100);
  await emulator.traffic.create({ deployment: "d", requestsPerSecond: 1, shape: "square", period: "1m" });
  await expect(emulator.clock.advance("1h")).rejects.toThrow(
    /^20 events have happened and it is 2026-01-01T00:\d\d:\d\dZ; advance again to go on, or raise --advance-max$/,
  );
  const before = await emulator.clock.now();
  await emulator.clock.advance("5m");
  expect((await emulator.clock.now()) > before).toBe(true);
});
