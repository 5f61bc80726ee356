import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createEmulator } from "../../src/index.ts";
import { migrations } from "../../src/store/migrations.ts";
import { caller, SMALL } from "../support/api.ts";
import { alter, birthTo, halfBorn, journalHeader, leaveKilled, names, snapshot } from "../support/database-files.ts";
import { dump, inFolder } from "../support/dump.ts";

const CREATE = "/v1/accounts/local/deployments?deploymentId=d";

describe("a database whose maker was killed", () => {
  test.each(Object.keys(halfBorn))("is opened and used: %s", (state) =>
    inFolder(async (folder) => {
      const database = join(folder, "world.db");
      halfBorn[state]!(database);
      {
        await using emulator = await createEmulator({ database, clock: "manual" });
        expect((await caller(emulator)("POST", CREATE, { baseModel: SMALL })).status).toBe(200);
      }
      await using emulator = await createEmulator({ database, clock: "manual" });
      expect((await emulator.status()).counts.deployments).toBe(1);
    }),
  );

  test.each(Object.keys(halfBorn))("is no sandbox, as nobody was told that there is one: %s", (state) =>
    inFolder(async (folder) => {
      const database = join(folder, "world.db");
      mkdirSync(`${database}.sandboxes`);
      const path = join(`${database}.sandboxes`, "w.db");
      halfBorn[state]!(path);
      await using emulator = await createEmulator({ database, clock: "manual" });
      expect(await emulator.sandboxes.list()).toEqual([]);
      expect(names(`${database}.sandboxes`).filter((name) => name.startsWith("w.db") && !name.includes("/"))).toEqual(
        [],
      );
      await emulator.sandboxes.create({ name: "w", seed: 7 });
      expect(await emulator.sandboxes.list()).toMatchObject([{ name: "w", seed: "7", state: "ready" }]);
    }),
  );

  test("of an earlier format has all of the later ones or none, whenever its migration ended", () =>
    inFolder(async (folder) => {
      const [whole, killed] = [join(folder, "whole.db"), join(folder, "killed.db")];
      await (await createEmulator({ database: whole, clock: "manual" })).close();
      leaveKilled(killed, ...birthTo(1), "INSERT INTO meta VALUES ('seed', '5')");
      {
        await using emulator = await createEmulator({ database: killed, clock: "manual" });
        expect((await emulator.status()).seed).toBe("5");
      }
      expect(Object.keys(dump(killed))).toEqual(Object.keys(dump(whole)));
      // a migration that fails is taken back as one: the file is still of the format that it was
      const broken = join(folder, "broken.db");
      for (const sql of birthTo(1)) alter(broken, sql);
      alter(broken, "INSERT INTO documents VALUES ('deployment', 'd', '{')");
      await expect(createEmulator({ database: broken })).rejects.toThrow(/broken\.db .*malformed JSON/);
      expect(readFileSync(broken).readUInt32BE(60)).toBe(1);
      expect(migrations.length).toBeGreaterThan(2);
    }));
});

describe("a file that is another program's is left as it was, with what lies beside it", () => {
  const foreign: Record<string, (path: string) => void> = {
    "a text": (path) => writeFileSync(path, "not a database, and longer than nothing"),
    "tables of its own": (path) => alter(path, "CREATE TABLE t (x)"),
    "no tables, but a mark": (path) => alter(path, "PRAGMA application_id = 7"),
    "all of it in a log": (path) => leaveKilled(path, "PRAGMA journal_mode = WAL", "CREATE TABLE t (x)"),
    "a transaction to be taken back": (path) => {
      alter(path, "CREATE TABLE t (x); INSERT INTO t VALUES (1)");
      writeFileSync(`${path}-journal`, journalHeader(2));
    },
    "a blank page that a journal would make its own again": (path) => {
      leaveKilled(path, "PRAGMA journal_mode = WAL");
      writeFileSync(`${path}-journal`, journalHeader(2));
    },
    "an empty file that a journal would make its own again": (path) => {
      writeFileSync(path, "");
      writeFileSync(`${path}-journal`, journalHeader(2));
    },
  };

  test.each(Object.keys(foreign))("%s", (state) =>
    inFolder(async (folder) => {
      const database = join(folder, "world.db");
      foreign[state]!(database);
      const before = snapshot(folder);
      await expect(createEmulator({ database })).rejects.toThrow(`database ${database} is not an emulator database`);
      expect(snapshot(folder)).toEqual(before);
    }),
  );

  test("and so is one that is in use by this very process, which keeps its lock", () =>
    inFolder(async (folder) => {
      const database = join(folder, "world.db");
      await using emulator = await createEmulator({ database, clock: "manual" });
      await expect(createEmulator({ database })).rejects.toThrow(/is in use by another emulator/);
      expect((await emulator.status()).database).toBe(database);
    }));
});
