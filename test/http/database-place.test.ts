import { copyFileSync, mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Emulator } from "../../src/index.ts";
import { createEmulator } from "../../src/index.ts";
import { caller, SERVERLESS, SMALL } from "../support/api.ts";
import { names } from "../support/database-files.ts";
import { dump, inFolder } from "../support/dump.ts";

const DEPLOYMENTS = "/v1/accounts/local/deployments";
const CHAT = "/inference/v1/chat/completions";
const hello = { model: SERVERLESS, messages: [{ role: "user", content: "hello" }] };

/** Makes deployments and looks at them, in a world below a base. */
function within(emulator: Emulator, base = "") {
  const call = caller(emulator);
  return {
    make: (id: string) => call("POST", `${base}${DEPLOYMENTS}?deploymentId=${id}`, { baseModel: SMALL }),
    get: (path: string) => call("GET", base + path),
    post: (path: string, body: object) => call("POST", base + path, body),
  };
}

/** It says why it cannot save, changes nothing, and goes on reading. */
async function expectUnsaved(emulator: Emulator, reason: RegExp, base = ""): Promise<void> {
  const { make, get, post } = within(emulator, base);
  for (const answer of [
    await get("/ready"),
    await make("late"),
    await post("/__emulator/clock:advance", { by: "1s" }),
  ]) {
    expect(answer.status).toBe(503);
    expect(answer.body.message).toMatch(reason);
  }
  expect((await get(`${DEPLOYMENTS}/late`)).status).toBe(404);
  expect((await get(`${DEPLOYMENTS}/early`)).status).toBe(200);
  expect((await get("/__emulator/clock")).body.now).toBe("2026-01-01T00:00:00Z");
  // inference is saved in groups, and its journal is read from the database
  expect((await post(CHAT, hello)).status).toBe(200);
  expect((await get("/__emulator/requests")).body.requests[0]).toMatchObject({ path: CHAT, status: 200 });
  expect((await post("/__emulator/requests:count", { match: { path: CHAT } })).body).toEqual({ count: 1 });
  expect((await get("/metrics")).text).toMatch(/database_ok 0/);
}

describe("a database that is taken away while it is open", () => {
  const takings: [string, (path: string) => void, RegExp][] = [
    ["removed", (path) => unlinkSync(path), /^the database cannot be written: its file .*world\.db was removed while/],
    [
      "removed with its log",
      (path) => ["", "-wal"].forEach((end) => unlinkSync(path + end)),
      /world\.db was removed while it was open$/,
    ],
    ["removed with its folder", (path) => rmSync(join(path, ".."), { recursive: true }), /world\.db was removed/],
    [
      "replaced by a copy of itself",
      (path) => {
        copyFileSync(path, `${path}.copy`);
        renameSync(`${path}.copy`, path);
      },
      /world\.db was replaced while it was open$/,
    ],
  ];

  test.each(takings)("%s: it is not ready, and refuses what it cannot save", (_, take, reason) =>
    inFolder(async (folder) => {
      mkdirSync(join(folder, "in"));
      const database = join(folder, "in", "world.db");
      const emulator = await createEmulator({ database, clock: "manual" });
      await within(emulator).make("early");
      expect((await within(emulator).get("/ready")).status).toBe(200);
      take(database);
      await expectUnsaved(emulator, reason);
      await expect(emulator.close()).rejects.toThrow(reason);
    }),
  );

  test("and brought back: it goes on, and all is in it", () =>
    inFolder(async (folder) => {
      const [database, elsewhere] = [join(folder, "world.db"), join(folder, "elsewhere.db")];
      const emulator = await createEmulator({ database, clock: "manual" });
      await within(emulator).make("early");
      renameSync(database, elsewhere);
      await expectUnsaved(emulator, /was removed/);
      renameSync(elsewhere, database);
      expect((await within(emulator).get("/ready")).status).toBe(200);
      expect((await within(emulator).make("later")).status).toBe(200);
      await emulator.close();
      expect(names(folder)).toEqual(["world.db"]);
      const { documents, journal } = dump(database);
      expect(documents!.filter(({ kind }: any) => kind === "deployment")).toHaveLength(2);
      expect(journal).toHaveLength(6);
    }));

  test("sandboxes have files of their own: they can be made and deleted all the same", () =>
    inFolder(async (folder) => {
      const database = join(folder, "world.db");
      const emulator = await createEmulator({ database, clock: "manual" });
      await emulator.sandboxes.create({ name: "one" });
      unlinkSync(database);
      await emulator.sandboxes.create({ name: "two" });
      await emulator.sandboxes.delete("one");
      expect(await emulator.sandboxes.list()).toMatchObject([{ name: "two", state: "ready" }]);
      await expect(emulator.close()).rejects.toThrow(/was removed/);
    }));

  test("a sandbox's: that sandbox alone, and the list says so", () =>
    inFolder(async (folder) => {
      const database = join(folder, "world.db");
      await using emulator = await createEmulator({ database, clock: "manual" });
      for (const name of ["gone", "kept"]) {
        await emulator.sandboxes.create({ name });
        await within(emulator, `/sandboxes/${name}`).make("early");
      }
      unlinkSync(`${database}.sandboxes/gone.db`);
      await expectUnsaved(emulator, /gone\.db was removed/, "/sandboxes/gone");
      expect((await within(emulator, "/sandboxes/kept").make("later")).status).toBe(200);
      expect((await within(emulator).get("/ready")).status).toBe(200);
      expect(await emulator.sandboxes.list()).toMatchObject([
        { name: "gone", state: "unsaved", reason: expect.stringMatching(/was removed/), deployments: 1 },
        { name: "kept", state: "ready", deployments: 2 },
      ]);
      await emulator.sandboxes.create({ name: "gone", replace: true });
      expect((await within(emulator, "/sandboxes/gone").make("later")).status).toBe(200);
    }));
});

describe("a log that is deleted while the database is open", () => {
  test.each([
    ["deleted", (log: string) => unlinkSync(log)],
    [
      "replaced",
      (log: string) => {
        writeFileSync(`${log}.new`, "something else");
        renameSync(`${log}.new`, log);
      },
    ],
  ])("%s: what was in it is saved with the next write, and a kill loses nothing", (_, take) =>
    inFolder(async (folder) => {
      const database = join(folder, "world.db");
      const killed = join(folder, "killed.db");
      await using emulator = await createEmulator({ database, clock: "manual" });
      const { make, get } = within(emulator);
      await make("early");
      take(`${database}-wal`);
      expect((await make("later")).status).toBe(200);
      expect((await get("/ready")).status).toBe(200);
      for (const end of ["", "-wal"]) copyFileSync(database + end, killed + end);
      await using other = await createEmulator({ database: killed, clock: "manual" });
      expect((await other.status()).counts.deployments).toBe(2);
    }),
  );

  test("is found beside the file itself where the path is a link", () =>
    inFolder(async (folder) => {
      const [database, link] = [join(folder, "world.db"), join(folder, "link.db")];
      await (await createEmulator({ database, clock: "manual" })).close();
      symlinkSync(database, link);
      await using emulator = await createEmulator({ database: link, clock: "manual" });
      await within(emulator).make("early");
      unlinkSync(`${database}-wal`);
      await within(emulator).make("later");
      expect(names(folder)).toEqual(["link.db", "world.db", "world.db-wal"]);
    }));
});
