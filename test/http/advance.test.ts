import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import type { Emulator, EmulatorOptions } from "../../src/index.ts";
import { createEmulator } from "../../src/index.ts";
import { keep } from "../../src/store/keep.ts";
import { fresh, SERVERLESS, SMALL } from "../support/api.ts";
import { newFolder } from "../support/dump.ts";

const DEPLOYMENTS = "/v1/accounts/local/deployments";

const deploy = (call: Awaited<ReturnType<typeof fresh>>["call"], id: string, body: object = {}) =>
  call("POST", `${DEPLOYMENTS}?deploymentId=${id}`, { baseModel: SMALL, ...body });

/** An emulator that gives way after every event, and whose first advance takes hundreds of turns. */
async function busy(options: EmulatorOptions = {}) {
  const { emulator, call } = await fresh({ turnMs: 0, gpuQuota: Infinity, ...options });
  for (let n = 0; n < 100; n += 1) await deploy(call, `d${n}`);
  return { emulator, call };
}

/** Begins an advance; `isOver` says whether it has been answered. */
function advance(emulator: Emulator, by: string) {
  const state = { isOver: false, done: emulator.clock.advance(by) };
  const end = (): boolean => (state.isOver = true);
  state.done.then(end, end);
  return state;
}

/** Lets an advance that was asked for begin. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("in the middle of a long advance", () => {
  test("health and other worlds are served; the world itself is not, until it is over", async () => {
    const { emulator, call } = await busy();
    await emulator.sandboxes.create({ name: "other", clock: "manual" });
    const going = advance(emulator, "8d");
    await turn();
    for (const [method, path, body] of [
      ["GET", "/health"],
      ["GET", "/ready"],
      ["GET", "/metrics"],
      ["GET", "/sandboxes"],
      [
        "POST",
        "/sandboxes/other/v1/chat/completions",
        { model: SERVERLESS, messages: [{ role: "user", content: "hi" }] },
      ],
      ["POST", "/sandboxes/other/__emulator/clock:advance", { by: "1h" }],
      ["POST", "/sandboxes", { name: "third" }],
      ["DELETE", "/sandboxes/third"],
    ] as const) {
      expect((await call(method, path, body)).status, path).toBe(200);
      expect(going.isOver, path).toBe(false);
    }
    const answered = await call("GET", "/__emulator/clock");
    expect(answered.body.now).toBe("2026-01-09T00:00:00Z");
    expect((await going.done).steps).toBeGreaterThan(300);
    await emulator.close();
  });

  test("with a real clock it begins where the clock has come, and never goes back", async () => {
    await using emulator = await createEmulator({ clock: "real", startTime: "2026-01-01T00:00:00Z", rate: 1000 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const { now } = await emulator.clock.advance("1h");
    expect(now >= "2026-01-01T01:00:50Z").toBe(true);
    const passed = emulator.clock.advance({ to: "2026-01-01T00:30:00Z" });
    await expect(passed).rejects.toThrow(/has passed/);
  });

  test("in clock mode skip a delay of a hundred years gives way too, and a stop ends it", async () => {
    const { emulator, call } = await busy({ clock: "skip" });
    for (let n = 0; n < 20; n += 1)
      await emulator.traffic.create({ deployment: `d${n}`, requestsPerSecond: 1, shape: "square" });
    const held = call(
      "POST",
      "/v1/completions",
      { model: SERVERLESS, prompt: "hi" },
      {
        authorization: "Bearer k",
        "x-emulator-fault": '{"delay":"36500d"}',
      },
    );
    await turn();
    expect((await call("GET", "/health")).status).toBe(200);
    const behind = call("GET", DEPLOYMENTS);
    await emulator.close();
    expect((await held).status).toBeGreaterThanOrEqual(404);
    expect((await behind).status).toBeGreaterThanOrEqual(404);
    expect((await call("GET", DEPLOYMENTS)).status).toBe(404);
  });

  test("a second advance begins where the first ends", async () => {
    const { emulator } = await busy();
    const [first, second] = [advance(emulator, "1h"), advance(emulator, "1h")];
    expect((await first.done).now).toBe("2026-01-01T01:00:00Z");
    expect((await second.done).now).toBe("2026-01-01T02:00:00Z");
    await emulator.close();
  });

  test("a sandbox can be deleted: its advance ends with 404", async () => {
    const { emulator, call } = await fresh({ turnMs: 0, gpuQuota: Infinity });
    await emulator.sandboxes.create({ name: "s", clock: "manual", gpuQuota: "none" });
    for (let n = 0; n < 50; n += 1)
      await call("POST", `/sandboxes/s${DEPLOYMENTS}?deploymentId=d${n}`, { baseModel: SMALL });
    const going = call("POST", "/sandboxes/s/__emulator/clock:advance", { by: "8d" });
    await turn();
    expect((await call("DELETE", "/sandboxes/s")).status).toBe(200);
    expect(await going).toMatchObject({ status: 404 });
    await emulator.close();
  });

  test("what is held or paced goes on when time has come to a rest, with the bytes of an advance in one go", async () => {
    const told = async (turnMs: number): Promise<string[]> => {
      const { emulator, call } = await busy({ turnMs, profile: "realistic", pace: "on", coldStart: "wait" });
      const ask = (model: string, stream: boolean) =>
        call("POST", "/v1/chat/completions", {
          model,
          messages: [{ role: "user", content: "Tell me of the sea" }],
          max_tokens: 40,
          stream,
        });
      const answers = [ask(SERVERLESS, true), ask(SERVERLESS, false), ask("local/d7", true), ask("local/d8", false)];
      await turn();
      await emulator.clock.advance("10m");
      // the second half of what was held until a replica was ready
      await emulator.clock.advance("10m");
      const all = await Promise.all(answers);
      const journal = await emulator.requests.list();
      await emulator.close();
      return [...all.map(({ status, text }) => `${status} ${text}`), JSON.stringify(journal)];
    };
    const [one, two] = [await told(Infinity), await told(0)];
    expect(one[0]).toMatch(/^200 data: /);
    expect(one[3]).toMatch(/^200 /);
    expect(two).toEqual(one);
  });
});

test("a stream that is read when its world has ended fails, and nothing goes on waiting", async () => {
  const { emulator, call } = await fresh({ profile: "realistic", clock: "real", pace: "on" });
  await emulator.sandboxes.create({ name: "s" });
  const response = await emulator.fetch(`${emulator.url}/sandboxes/s/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: "Bearer k" },
    body: JSON.stringify({ model: SERVERLESS, messages: [{ role: "user", content: "hi" }], stream: true }),
  });
  expect((await call("DELETE", "/sandboxes/s")).status).toBe(200);
  await expect(response.text()).rejects.toThrow(/deleted/);
  await emulator.close();
});

describe("a timer that fails", () => {
  test("is reported once and stands still; everything else goes on, and the process lives", async () => {
    const database = join(newFolder(), "world.db");
    {
      const { emulator, call } = await fresh({ database });
      await deploy(call, "broken");
      await deploy(call, "whole");
      await emulator.close();
    }
    const connection = keep(new Database(database));
    connection.exec(
      `UPDATE documents SET body = json_set(body, '$.spec.baseModel', 'accounts/fireworks/models/gone') WHERE name LIKE '%/broken'`,
    );
    connection.close();
    const bugs: string[] = [];
    const { emulator, call } = await fresh({ database, onBug: (_, what) => bugs.push(what) });
    await emulator.clock.advance("8d");
    expect(bugs).toEqual(["timer deployment accounts/local/deployments/broken"]);
    expect((await call("GET", `${DEPLOYMENTS}/whole`)).body.state).toBe("DELETED");
    expect((await call("GET", `${DEPLOYMENTS}/broken`)).body.state).toBe("CREATING");
    expect((await deploy(call, "next")).status).toBe(200);
    await emulator.clock.advance({ until: "settled" });
    expect((await call("GET", `${DEPLOYMENTS}/next`)).body.state).toBe("READY");
    expect(bugs.length).toBe(1);
    await emulator.close();
  });

  test("of a kind that is not known is reported when the database is opened, kept and skipped", async () => {
    const database = join(newFolder(), "world.db");
    await (await createEmulator({ database, clock: "manual" })).close();
    const read = (sql: string): unknown[] => {
      const connection = keep(new Database(database));
      const statement = keep(connection.prepare(sql));
      const rows = statement.reader ? statement.all() : [statement.run()];
      connection.close();
      return rows;
    };
    read("INSERT INTO timers VALUES ('job', 'accounts/a/jobs/j', 1767225601000, 1)");
    const bugs: string[] = [];
    const emulator = await createEmulator({ database, clock: "manual", onBug: (_, what) => bugs.push(what) });
    expect(bugs).toEqual(["timer job accounts/a/jobs/j"]);
    expect((await emulator.clock.advance("1h")).steps).toBe(0);
    await emulator.close();
    expect(read("SELECT kind, name FROM timers")).toEqual([{ kind: "job", name: "accounts/a/jobs/j" }]);
  });

  test("that is further away than a host timer reaches waits quietly", async () => {
    const warnings: string[] = [];
    const note = ({ name }: Error): void => void warnings.push(name);
    process.on("warning", note);
    await using emulator = await createEmulator({ clock: "real", rate: 1, profile: "realistic" });
    await emulator.faults.create({ delay: "60d" });
    const leave = new AbortController();
    const held = emulator.fetch(`${emulator.url}/v1/models`, {
      headers: { authorization: "Bearer k" },
      signal: leave.signal,
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    leave.abort();
    await Promise.resolve(held).catch(() => undefined);
    process.off("warning", note);
    expect(warnings).not.toContain("TimeoutOverflowWarning");
  });
});

describe("a reset lets go of what waits", () => {
  test("held requests, paced streams and stalled ones end; a follower of events stays", async () => {
    const { emulator, call } = await fresh({ profile: "realistic", pace: "on", coldStart: "wait" });
    await deploy(call, "d");
    await emulator.faults.create({ match: { path: "*/completions", model: "*qwen3-8b" }, stallAfterChunks: 0 });
    const ask = (model: string, stream: boolean): Promise<Response> =>
      Promise.resolve(
        emulator.fetch(`${emulator.url}/v1/completions`, {
          method: "POST",
          headers: { authorization: "Bearer k" },
          body: JSON.stringify({ model, prompt: "hi", max_tokens: 50, stream }),
        }),
      );
    const held = ask("local/d", false);
    const stream = ask(SERVERLESS, true);
    await turn();
    await emulator.clock.advance("5ms");
    const streaming = await stream;
    const stalled = ask("accounts/fireworks/models/qwen3-8b", true);
    await turn();
    await emulator.clock.advance("10s");
    const stalling = await stalled;
    const events = await emulator.fetch(`${emulator.url}/__emulator/events`, {
      headers: { accept: "text/event-stream" },
    });
    const reader = events.body!.getReader();
    await reader.read();
    const ends = [streaming, stalling].map((response) =>
      response.text().then(
        () => "whole",
        (error: Error) => error.message,
      ),
    );
    await emulator.reset();
    expect((await held).status).toBe(503);
    expect(await (await held).json()).toMatchObject({ error: { message: expect.stringContaining("reset") } });
    expect(await Promise.all(ends)).toContain("the emulator was reset while this was waiting");
    await deploy(call, "after");
    const { value } = await reader.read();
    expect(new TextDecoder().decode(value)).toContain("deployments/after");
    await reader.cancel();
    await emulator.close();
  });
});

test("scaled to zero before its first replica is ready, a deployment is READY, and a request starts it", async () => {
  const { emulator, call } = await fresh({ profile: "realistic" });
  await deploy(call, "d");
  await call("PATCH", `${DEPLOYMENTS}/d:scale`, { replicaCount: 0 });
  expect((await call("GET", `${DEPLOYMENTS}/d`)).body).toMatchObject({ state: "READY", desiredReplicaCount: 0 });
  const events = await emulator.events.list({ type: "state" });
  expect(events.at(-1)).toMatchObject({ to: "READY", reason: "scaled to zero before its first replica was ready" });
  expect((await call("POST", "/v1/completions", { model: "local/d", prompt: "hi" })).status).toBe(503);
  await emulator.clock.advance({ until: "settled" });
  expect((await call("POST", "/v1/completions", { model: "local/d", prompt: "hi" })).status).toBe(200);
  await emulator.close();
});
