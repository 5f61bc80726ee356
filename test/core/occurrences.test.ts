import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { loadCatalog } from "../../src/engine/catalog.ts";
import { defaultConfig, limits } from "../../src/engine/config.ts";
import { countOccurrence } from "../../src/engine/occurrences.ts";
import { openWorld } from "../../src/engine/open-world.ts";
import { createEmulator } from "../../src/index.ts";
import { keep } from "../../src/store/keep.ts";
import { APPLICATION_ID, migrations } from "../../src/store/migrations.ts";
import { caller, SERVERLESS } from "../support/api.ts";
import { dump, inFolder } from "../support/dump.ts";

const ask = { model: SERVERLESS, messages: [{ role: "user", content: "hello" }] };

const rethrow = (error: unknown): void => {
  throw error;
};

/** The ids of the same question, asked again and again; `between` happens before the last one. */
async function idsOf(database: string, times: number, between?: () => void): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < times; n += 1) {
    if (n === times - 1) between?.();
    await using emulator = await createEmulator({ database, clock: "manual" });
    ids.push((await caller(emulator)("POST", "/v1/chat/completions", ask)).body.id);
  }
  return ids;
}

describe("how often the same was asked for", () => {
  test("is known for the newest; the oldest are forgotten, in memory and on disk", async () => {
    await inFolder(async (folder) => {
      const database = join(folder, "world.db");
      const config = { ...defaultConfig, database, clock: "manual" as const };
      const world = openWorld(config, loadCatalog([]), rethrow);
      const most = limits.occurrencesMax;
      for (let n = 0; n < most + 5_000; n += 1) countOccurrence(world.parts, `content ${n}`);
      expect(world.parts.occurrences.size).toBeGreaterThanOrEqual(most);
      expect(world.parts.occurrences.size).toBeLessThanOrEqual(most * 1.01);
      expect(countOccurrence(world.parts, "content 0")).toBe(0);
      expect(countOccurrence(world.parts, `content ${most + 4_999}`)).toBe(1);
      const contents = [...world.parts.occurrences.values()].map((row) => ({ ...row }));
      world.close();
      expect(dump(database)["occurrences"]).toEqual(contents);
      const again = openWorld(config, loadCatalog([]), rethrow);
      expect([...again.parts.occurrences.values()]).toEqual(contents);
      again.close();
    });
  });

  test("goes on in a database of the format before", async () => {
    await inFolder(async (folder) => {
      const straight = await idsOf(join(folder, "straight.db"), 3);
      const database = join(folder, "old.db");
      const migrated = await idsOf(database, 3, () => {
        const connection = keep(new Database(database));
        connection.exec(`
          ALTER TABLE occurrences RENAME TO newer;
          CREATE TABLE occurrences (content TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
          INSERT INTO occurrences SELECT content, count FROM newer;
          DROP TABLE newer;
          PRAGMA user_version = 3;
        `);
        connection.close();
      });
      expect(migrated).toEqual(straight);
      expect(new Set(straight).size).toBe(3);
    });
  });
});

test("a database of every earlier format opens, and is brought up to this one", async () => {
  await inFolder(async (folder) => {
    for (let version = 1; version < migrations.length; version += 1) {
      const database = join(folder, `${version}.db`);
      const connection = keep(new Database(database));
      for (const sql of migrations.slice(0, version)) connection.exec(sql);
      connection.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${version}`);
      connection.close();
      await using emulator = await createEmulator({ database, clock: "manual" });
      expect((await caller(emulator)("POST", "/v1/chat/completions", ask)).status).toBe(200);
    }
  });
});
