import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { keep } from "../../src/store/keep.ts";
import { fresh, SMALL } from "../support/api.ts";
import { newFolder } from "../support/dump.ts";

test("a reset is there whole or not at all: one that cannot be finished leaves the world before", async () => {
  const database = join(newFolder(), "world.db");
  const { emulator, call } = await fresh({ database });
  await call("POST", "/v1/accounts/local/deployments?deploymentId=d", { baseModel: SMALL });
  await emulator.scripts.create({ match: {}, respond: { text: "canned" } });
  await emulator.clock.advance("1h");
  // the last thing that is written fails, as a kill there would: nothing of what came before it stays
  const before = (await emulator.events.list()).length;
  await emulator.close();
  {
    const connection = keep(new Database(database));
    connection.exec("CREATE TRIGGER refuse BEFORE DELETE ON occurrences BEGIN SELECT RAISE(ABORT, 'no'); END");
    connection.close();
  }
  {
    const { emulator: again, call: callAgain } = await fresh({ database });
    expect((await callAgain("POST", "/__emulator/reset")).status).toBe(503);
    await again.close().catch(() => undefined);
  }
  const { emulator: last, call: callLast } = await fresh({ database });
  expect((await callLast("GET", "/v1/accounts/local/deployments/d")).status).toBe(200);
  expect((await last.events.list()).length).toBe(before);
  expect((await last.scripts.list()).length).toBe(1);
  expect(await last.clock.now()).toBe("2026-01-01T01:00:00Z");
  await last.close();
});

test("files of models that are not there are gone when the world is opened", async () => {
  const database = join(newFolder(), "world.db");
  const { emulator, call } = await fresh({ database });
  const model = { kind: "HF_BASE_MODEL", baseModelDetails: { worldSize: 1 } };
  await call("POST", "/v1/accounts/local/models", { modelId: "kept", model });
  await emulator.close();
  const folderOf = (id: string): string => join(`${database}.files`, "accounts/local/models", id);
  for (const id of ["kept", "left"]) {
    mkdirSync(folderOf(id), { recursive: true });
    writeFileSync(join(folderOf(id), "model.bin"), "x");
  }
  const { emulator: again } = await fresh({ database });
  expect(["kept", "left"].map((id) => existsSync(folderOf(id)))).toEqual([true, false]);
  await again.close();
});
