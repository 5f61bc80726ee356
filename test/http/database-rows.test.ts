import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createEmulator, DatabaseError } from "../../src/index.ts";
import { storedShapes } from "../../src/engine/stored-shapes.ts";
import { caller, SERVERLESS, SMALL } from "../support/api.ts";
import { alter } from "../support/database-files.ts";
import { dump, inFolder } from "../support/dump.ts";

const DEPLOYMENT = "accounts/local/deployments/d";
const CHAT = "/inference/v1/chat/completions";

/** A world that holds a document of every kind. */
async function furnish(database: string): Promise<void> {
  await using emulator = await createEmulator({ database, clock: "manual", rateLimits: "on", promptCache: "on" });
  const call = caller(emulator);
  const post = async (path: string, body: object, method = "POST"): Promise<any> => {
    const answer = await call(method, path, body);
    expect(answer.status, `${method} ${path}: ${answer.text}`).toBeLessThan(300);
    return answer.body;
  };
  await post("/v1/accounts/local/deployments?deploymentId=d", { baseModel: SMALL, minReplicaCount: 1 });
  await emulator.clock.advance({ until: "settled" });
  const prompt = "word ".repeat(200);
  await post("/inference/v1/completions", { model: `${SMALL}#${DEPLOYMENT}`, prompt });
  await post(CHAT, { model: SERVERLESS, messages: [{ role: "user", content: prompt }] });
  await post("/inference/v1/responses", { model: SERVERLESS, input: "hello", store: true });
  await post("/__emulator/faults", { match: { path: "/x" }, respond: { status: 418 } });
  await post("/__emulator/scripts", { id: "s", match: { model: "none" }, respond: { text: "x" } });
  await post("/__emulator/stockouts", { region: "US_IOWA_1", startsIn: "1h", duration: "1h" });
  await post("/__emulator/reservations", { acceleratorType: "NVIDIA_H100_80GB", multiRegion: "US", reservedCount: 2 });
  await post("/__emulator/fleet", { unlimited: true }, "PATCH");
  await post("/v1/accounts/local/quotas/global--a100-count", { value: "9", maxValue: "10" }, "PATCH");
  await call("GET", "/v1/accounts/local/metrics");
}

/** What opening it says, which must be one line for users. */
async function refusal(database: string): Promise<string> {
  const error: unknown = await createEmulator({ database }).then(
    (emulator) => emulator.close(),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DatabaseError);
  const { message } = error as Error;
  expect(message).not.toContain("\n");
  expect(message.startsWith(`database ${database} is damaged: `)).toBe(true);
  return message.slice(`database ${database} is damaged: `.length);
}

/** Breaks a world, looks at what it says, and mends it again. */
async function afterEach(database: string, sql: string, look: () => Promise<void>): Promise<void> {
  const before = dump(database);
  alter(database, `CREATE TABLE saved AS SELECT * FROM documents; CREATE TABLE saved2 AS SELECT * FROM meta; ${sql}`);
  await look();
  alter(
    database,
    "DELETE FROM documents; INSERT INTO documents SELECT * FROM saved; DROP TABLE saved; DELETE FROM meta; INSERT INTO meta SELECT * FROM saved2; DROP TABLE saved2; DELETE FROM timers WHERE name = 'nobody'",
  );
  expect(dump(database)).toEqual(before);
}

describe("a row that cannot be is named in one line", () => {
  test("documents of every kind: no JSON, and JSON of another shape", () =>
    inFolder(async (folder) => {
      const database = join(folder, "world.db");
      await furnish(database);
      const found = new Set(dump(database)["documents"]!.map(({ kind }: any) => kind as string));
      expect([...found].sort()).toEqual(Object.keys(storedShapes).sort());
      for (const kind of found) {
        const set = (body: string): string =>
          `UPDATE documents SET body = '${body}' WHERE kind = '${kind}' AND name = (SELECT min(name) FROM documents WHERE kind = '${kind}')`;
        const bad: [string, RegExp][] = [
          ['{"half', new RegExp(`^document ${kind} \\S+ is not JSON: `)],
          ["7", new RegExp(`^document ${kind} \\S+: \\$: Invalid input: expected (object|array), received number`)],
          ["{}", new RegExp(`^document ${kind} \\S+: \\$[.\\w]*: Invalid`)],
        ];
        for (const [body, message] of bad)
          await afterEach(database, set(body), async () => expect(await refusal(database)).toMatch(message));
      }
      await (await createEmulator({ database })).close();
    }));

  const rows: [string, RegExp][] = [
    [
      "UPDATE documents SET body = json_set(body, '$.replicas[0].phase', 'lost') WHERE kind = 'deployment'",
      /^document deployment accounts\/local\/deployments\/d: \$\.replicas\.0\.phase: Invalid option/,
    ],
    [
      "UPDATE documents SET body = json_set(body, '$.name', 'other') WHERE kind = 'deployment'",
      /^document deployment accounts\/local\/deployments\/d: it says that its name is other;/,
    ],
    [
      "INSERT INTO documents VALUES ('stockout', 'nobody', (SELECT body FROM documents WHERE kind = 'stockout')); INSERT INTO timers VALUES ('stockout', 'nobody', 'soon', 1)",
      /^timer stockout nobody: "soon" is no time;/,
    ],
    ["UPDATE meta SET value = 'NaN' WHERE key = 'now'", /^meta now: expected a number up to \d+, got "NaN";/],
    ["UPDATE meta SET value = '1e99' WHERE key = 'now'", /^meta now: .* got "1e99";/],
    ["UPDATE meta SET value = '' WHERE key = 'sequence'", /^meta sequence: .* got "";/],
    ["UPDATE meta SET value = 'x' WHERE key = 'seed'", /^meta seed: .* got "x";/],
    ["UPDATE meta SET value = 'Infinity' WHERE key = 'startTime'", /^meta startTime: .* got "Infinity";/],
    ["UPDATE meta SET value = '{' WHERE key = 'options'", /^meta options is not JSON/],
    [`UPDATE meta SET value = '{"rate": 0}' WHERE key = 'options'`, /^meta options: \$\.rate: Too small/],
  ];

  test("times that are none, and what else the world has of its own", () =>
    inFolder(async (folder) => {
      const database = join(folder, "world.db");
      await furnish(database);
      for (const [sql, message] of rows)
        await afterEach(database, sql, async () => expect(await refusal(database), sql).toMatch(message));
      await (await createEmulator({ database })).close();
    }));

  test("settings that no sandbox has are not taken from a file", () =>
    inFolder(async (folder) => {
      const database = join(folder, "world.db");
      await furnish(database);
      const options = JSON.stringify({ rate: 2, upstream: "http://127.0.0.1:1/v1", record: folder, buckets: "/" });
      alter(database, `UPDATE meta SET value = '${options}' WHERE key = 'options'`);
      await using emulator = await createEmulator({ database });
      const ask = { model: SERVERLESS, messages: [{ role: "user", content: "hi" }] };
      expect((await caller(emulator)("POST", CHAT, ask)).status).toBe(200);
      expect((await emulator.clock.get()).rate).toBe(2);
    }));

  test("timers of nothing, and of what is never woken, are reported, kept and skipped", () =>
    inFolder(async (folder) => {
      const database = join(folder, "world.db");
      await furnish(database);
      alter(
        database,
        `INSERT INTO documents VALUES ('quota', 'nobody', (SELECT body FROM documents WHERE kind = 'quota'));
         INSERT INTO timers VALUES ('deployment', 'nobody', 1, 1), ('ghost', 'nobody', 1, 1), ('quota', 'nobody', 1, 1)`,
      );
      for (let run = 0; run < 2; run += 1) {
        const bugs: string[] = [];
        await using emulator = await createEmulator({ database, onBug: (_, what) => bugs.push(what) });
        await emulator.clock.advance("1h");
        expect(bugs).toEqual(["timer deployment nobody", "timer ghost nobody", "timer quota nobody"]);
      }
    }));

  test("events and requests, when they are read: the rest of the world is served", () =>
    inFolder(async (folder) => {
      const database = join(folder, "world.db");
      await furnish(database);
      alter(database, "UPDATE events SET detail = '{' WHERE id = 2; UPDATE journal SET headers = 'x' WHERE id = 1");
      const bugs: unknown[] = [];
      await using emulator = await createEmulator({ database, onBug: (error) => bugs.push(error) });
      const call = caller(emulator);
      const events = await call("GET", "/__emulator/events");
      expect([events.status, events.body.message]).toEqual([
        503,
        expect.stringMatching(/^the database is damaged: event 2, detail: not JSON/),
      ]);
      const requests = await call("GET", "/__emulator/requests");
      expect([requests.status, requests.body.message]).toEqual([
        503,
        expect.stringMatching(/^the database is damaged: request 1, headers: not JSON/),
      ]);
      expect((await call("GET", `/v1/${DEPLOYMENT}`)).status).toBe(200);
      expect(bugs).toEqual([]);
    }));
});
