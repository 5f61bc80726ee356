import { describe, expect, test } from "vitest";
import { fresh, SERVERLESS, SMALL } from "../support/api.ts";

const CREATE = "/v1/accounts/acme/deployments?deploymentId=d";
const GET = "/v1/accounts/acme/deployments/d";

describe("clock", () => {
  test("advance by, to, until settled, until the next event", async () => {
    const { call, emulator } = await fresh();
    await call("POST", CREATE, { baseModel: SMALL });
    expect(await emulator.clock.advance({ until: "nextEvent" })).toMatchObject({
      now: "2026-01-01T00:00:00.500Z",
      steps: 1,
    });
    expect(await emulator.clock.advance({ until: "settled" })).toMatchObject({ now: "2026-01-01T00:00:03Z" });
    expect(await emulator.clock.advance({ until: "settled" })).toMatchObject({ now: "2026-01-01T00:00:03Z", steps: 0 });
    expect(await emulator.clock.advance({ to: "2026-01-01T01:00:03+01:00" })).toMatchObject({
      now: "2026-01-01T00:00:03Z",
    });
    const { events } = await emulator.clock.advance("1h");
    expect(events.map(({ type, from, to }) => [type, from, to])).toEqual([
      ["desired", "1", "0"],
      ["replica", "ready", "removed"],
    ]);
  });

  test.each([
    [{}, "body: give exactly one of by, to, until"],
    [{ by: "1h", until: "settled" }, "body: give exactly one of by, to, until"],
    [{ by: "soon" }, 'by: expected a span such as "90s", "1h30m" or "7d", got "soon"'],
    [
      { to: "2020-01-01T00:00:00Z" },
      "to: 2020-01-01T00:00:00Z has passed; it is 2026-01-01T00:00:00Z and time does not run backwards",
    ],
    [{ to: "9999-01-01T00:00:00Z" }, "the clock ends at 9000-01-01T00:00:00Z"],
  ])("refuses %j", async (body, message) => {
    const { call, emulator } = await fresh();
    expect(await call("POST", "/__emulator/clock:advance", body)).toMatchObject({
      status: 400,
      body: { code: 3, message },
    });
    expect(await emulator.clock.now()).toBe("2026-01-01T00:00:00Z");
  });

  test("modes and rates can be changed while it runs", async () => {
    const { emulator } = await fresh();
    expect(await emulator.clock.set({ mode: "real", rate: 1000 })).toMatchObject({ mode: "real", rate: 1000 });
    const before = await emulator.clock.now();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await emulator.clock.now()) > before).toBe(true);
    await emulator.clock.set({ mode: "manual" });
    const stopped = await emulator.clock.now();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await emulator.clock.now()).toBe(stopped);
  });
});

describe("fleet and stockouts", () => {
  test("an exhausted fleet: the replica waits, says why, and starts when capacity returns", async () => {
    const { call, emulator } = await fresh();
    const set = (total: number) =>
      emulator.fleet.set({ pools: [{ region: "US_IOWA_1", acceleratorType: "NVIDIA_A100_80GB", total }] });
    await set(0);
    await call("POST", CREATE, { baseModel: SMALL, placement: { region: "US_IOWA_1" } });
    await emulator.clock.advance("1m");
    expect((await call("GET", GET)).body).toMatchObject({
      state: "CREATING",
      status: {
        code: "RESOURCE_EXHAUSTED",
        message: "no capacity for 1 NVIDIA_A100_80GB in US_IOWA_1; the replica starts when capacity returns",
      },
      replicaStats: { pendingSchedulingReplicaCount: 1 },
    });
    expect(await set(1)).toMatchObject({ waiting: [] });
    await emulator.clock.advance({ until: "settled" });
    expect((await call("GET", GET)).body).toMatchObject({
      state: "READY",
      status: { code: "OK", message: "" },
      region: "US_IOWA_1",
    });
    expect((await emulator.fleet.get()).pools.find(({ region }) => region === "US_IOWA_1")).toMatchObject({
      inUse: 1,
      total: 1,
    });
  });

  test("an injected stockout begins and ends by itself, first come first served, and takes no running replica", async () => {
    const { call, emulator } = await fresh();
    await emulator.fleet.set({
      pools: [{ region: "US_IOWA_1", acceleratorType: "NVIDIA_A100_80GB", total: 2 }],
    });
    const create = (id: string) =>
      call("POST", `/v1/accounts/acme/deployments?deploymentId=${id}`, {
        baseModel: SMALL,
        minReplicaCount: 1,
        placement: { region: "US_IOWA_1" },
      });
    const ready = async (id: string): Promise<number> =>
      (await call("GET", `/v1/accounts/acme/deployments/${id}`)).body.replicaStats.readyReplicaCount;
    await create("first");
    await emulator.clock.advance({ until: "settled" });
    expect(
      await emulator.stockouts.create({ id: "out", region: "US_IOWA_1", startsIn: "1m", duration: "1h" }),
    ).toMatchObject({ active: false, startTime: "2026-01-01T00:01:03Z" });
    await emulator.clock.advance("2m");
    await create("second");
    await emulator.clock.advance("1m");
    await create("third");
    await emulator.clock.advance("50m");
    expect([await ready("first"), await ready("second"), await ready("third")]).toEqual([1, 0, 0]);
    await emulator.clock.advance("20m");
    expect([await ready("first"), await ready("second"), await ready("third")]).toEqual([1, 1, 0]);
    expect(await emulator.stockouts.list()).toEqual([]);
    await call("DELETE", "/v1/accounts/acme/deployments/first?hard=true");
    await emulator.clock.advance({ until: "settled" });
    expect(await ready("third")).toBe(1);
  });

  test("a stockout can be ended by hand; bad ones are refused", async () => {
    const { call, emulator } = await fresh();
    await emulator.stockouts.create({ id: "all" });
    expect((await call("POST", "/__emulator/stockouts", { id: "all" })).status).toBe(409);
    expect((await call("POST", "/__emulator/stockouts", { region: "MOON" })).status).toBe(400);
    await call("POST", CREATE, { baseModel: SMALL });
    await emulator.clock.advance("1m");
    expect((await emulator.fleet.get()).waiting).toEqual(["accounts/acme/deployments/d"]);
    await emulator.stockouts.delete("all");
    await emulator.clock.advance({ until: "settled" });
    expect((await call("GET", GET)).body.state).toBe("READY");
    expect((await call("DELETE", "/__emulator/stockouts/all")).status).toBe(404);
  });
});

describe("what happened", () => {
  test("events filter, page and stream live", async () => {
    const { call, emulator } = await fresh();
    const live = await emulator.fetch(`${emulator.url}/__emulator/events?type=state`, {
      headers: { accept: "text/event-stream" },
    });
    const reader = live.body!.getReader();
    const read = async (): Promise<string> => new TextDecoder().decode((await reader.read()).value);
    expect(await read()).toBe(": following\n\n");
    await call("POST", CREATE, { baseModel: SMALL });
    expect(await read()).toMatch(
      /^id: 1\nevent: state\ndata: \{"id":1,"time":"2026-01-01T00:00:00Z","deployment":"accounts\/acme\/deployments\/d","type":"state","from":"none","to":"CREATING","reason":"created","detail":null\}\n\n$/,
    );
    await reader.cancel();
    await emulator.clock.advance("2h");
    const states = await emulator.events.list({ type: "state" });
    expect(states.map(({ to }) => to)).toEqual(["CREATING", "READY"]);
    const first = (await call("GET", "/__emulator/events?pageSize=3")).body;
    const second = (await call("GET", `/__emulator/events?pageSize=100&pageToken=${first.nextPageToken}`)).body;
    expect([...first.events, ...second.events]).toEqual(await emulator.events.list());
  });

  test("the journal has requests and answers, newest first, and never a key", async () => {
    const { call, emulator } = await fresh();
    await call(
      "POST",
      "/v1/completions",
      { model: SERVERLESS, prompt: "Say hi" },
      { authorization: "Bearer fw_secret_key" },
    );
    await call("GET", "/v1/accounts/acme/deployments/none", undefined, { "x-api-key": "fw_secret_key" });
    const entries = await emulator.requests.list();
    expect(entries.map(({ method, path, status }) => [method, path, status])).toEqual([
      ["GET", "/v1/accounts/acme/deployments/none", 404],
      ["POST", "/v1/completions", 200],
    ]);
    expect(JSON.parse(entries[1]!.responseBody).choices[0].text).toBe(" Hi.");
    expect(JSON.stringify(entries)).not.toContain("secret");
    expect(await emulator.requests.list({ status: "404" })).toHaveLength(1);
    await call("DELETE", "/__emulator/requests");
    expect(await emulator.requests.list()).toEqual([]);
  });

  test("keys in bodies are redacted too: direct routes' and whatever looks like one", async () => {
    const { call, emulator } = await fresh();
    const sent = { baseModel: SMALL, directRouteApiKeys: ["hush1", "hush2"], description: "uses fw_hush3Zabc" };
    expect((await call("POST", CREATE, sent)).status).toBe(200);
    const [entry] = await emulator.requests.list();
    expect(JSON.stringify(entry)).not.toContain("hush");
    expect(JSON.parse(entry!.requestBody)).toMatchObject({ directRouteApiKeys: ["[redacted]"], baseModel: SMALL });
    expect(JSON.parse(entry!.responseBody)).toMatchObject({ description: "uses [redacted]", state: "CREATING" });
  });

  test("the journal is bounded", async () => {
    const { call, emulator } = await fresh({ journalMax: 3 });
    for (let n = 0; n < 7; n += 1) await call("GET", `/v1/accounts/a${n}`);
    expect((await emulator.requests.list()).map(({ path }) => path)).toEqual([
      "/v1/accounts/a6",
      "/v1/accounts/a5",
      "/v1/accounts/a4",
    ]);
  });

  test("usage is GPU time from ready to removal, split by day, with money", async () => {
    const { call, emulator } = await fresh({ startTime: "2026-01-01T23:30:00Z" });
    await call("POST", CREATE, { baseModel: SMALL, acceleratorType: "NVIDIA_H100_80GB", acceleratorCount: 2 });
    await emulator.clock.advance("10m");
    expect((await emulator.usage()).totalGpuSeconds).toBe(2 * 597);
    await emulator.clock.advance("3h");
    const { usage, totalCost } = await emulator.usage();
    const row = (day: string, seconds: number) => ({
      deployment: "accounts/acme/deployments/d",
      day,
      acceleratorType: "NVIDIA_H100_80GB",
      region: "US_IOWA_1",
      baseModel: SMALL,
      gpuSeconds: seconds,
      reservedGpuSeconds: 0,
      cost: (seconds / 3600) * 7,
    });
    expect(usage).toEqual([row("2026-01-01", 2 * 1797), row("2026-01-02", 2 * 1803)]);
    expect(totalCost).toBeCloseTo(14, 9);
  });

  test("explain tells the last look and the next wake-up", async () => {
    const { call, emulator } = await fresh();
    await call("POST", CREATE, { baseModel: SMALL });
    await emulator.clock.advance("1m");
    expect(await emulator.explain("accounts/acme/deployments/d")).toMatchObject({
      state: "READY",
      desired: 1,
      ready: 1,
      bounds: { min: 0, max: 1 },
      nextWakeTime: "2026-01-01T01:00:03Z",
      scaleToZeroTime: "2026-01-01T01:00:03Z",
      nextLookTime: null,
      lastDecision: {
        time: "2026-01-01T00:01:00Z",
        inputs: { default: { observed: 0, target: 0.8, replicas: 0 } },
        raw: 0,
        replicas: 1,
        window: "the recommendation is the desired count; no window runs",
        desired: 1,
      },
      reason:
        "load asks for 0 replicas (0 busy replicas / 0.8), kept at 1: the last one goes by the scale-to-zero window alone; that is what there is; zero 1h0m0s after the last request",
    });
  });

  test("reset clears all or one part, and the world starts over", async () => {
    const { call, emulator } = await fresh({ seed: 3 });
    const ask = async () => (await call("POST", "/v1/completions", { model: SERVERLESS, prompt: "Say hi" })).text;
    const first = await ask();
    await call("POST", CREATE, { baseModel: SMALL });
    await emulator.clock.advance("1h");
    expect(await emulator.reset("journal")).toEqual(["journal"]);
    expect((await call("GET", GET)).status).toBe(200);
    expect(await emulator.reset()).toEqual(["journal", "scripts", "faults", "state", "clock"]);
    expect((await call("GET", GET)).status).toBe(404);
    expect(await emulator.clock.now()).toBe("2026-01-01T00:00:00Z");
    expect(await ask()).toBe(first);
    expect((await call("POST", "/__emulator/reset/everything")).status).toBe(400);
  });
});

test("several worlds in one process share nothing", async () => {
  const [one, two] = [await fresh({ seed: 1 }), await fresh({ seed: 1 })];
  await one.call("POST", CREATE, { baseModel: SMALL });
  await one.emulator.clock.advance("1d");
  expect((await two.call("GET", GET)).status).toBe(404);
  expect(await two.emulator.clock.now()).toBe("2026-01-01T00:00:00Z");
});
