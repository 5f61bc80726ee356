import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createEmulator } from "../../src/index.ts";
import { caller, SERVERLESS, within } from "../support/api.ts";
import { alter } from "../support/database-files.ts";
import { inFolder } from "../support/dump.ts";

const CHAT = "/inference/v1/chat/completions";
const hello = { model: SERVERLESS, messages: [{ role: "user", content: "hello" }] };

describe("a sandbox that cannot be", () => {
  test("removed to the end is gone after a restart, with what was uploaded to it", async () => {
    await inFolder(async (folder) => {
      const database = join(folder, "world.db");
      await (await createEmulator({ database, clock: "manual" })).close();
      mkdirSync(`${database}.sandboxes/w.db.files/accounts`, { recursive: true });
      writeFileSync(`${database}.sandboxes/v.db-wal`, "");
      await using emulator = await createEmulator({ database, clock: "manual" });
      expect(await emulator.sandboxes.list()).toEqual([]);
      expect(readdirSync(`${database}.sandboxes`)).toEqual([]);
    });
  });

  test("made is refused with the reason, and is not there after a restart", async () => {
    await inFolder(async (folder) => {
      const database = join(folder, "world.db");
      {
        await using emulator = await createEmulator({ database, clock: "manual" });
        writeFileSync(`${database}.sandboxes`, "in the way");
        const answer = await caller(emulator)("POST", "/sandboxes", { name: "w" });
        expect(answer.status).toBe(503);
        expect(answer.body.message).toMatch(/^database .*w\.db cannot be opened/);
        expect(await emulator.sandboxes.list()).toEqual([]);
        rmSync(`${database}.sandboxes`);
        await emulator.sandboxes.create({ name: "w" });
      }
      await using emulator = await createEmulator({ database, clock: "manual" });
      expect(await emulator.sandboxes.list()).toMatchObject([{ name: "w" }]);
    });
  });

  test("read costs nobody else anything: it is shown with its reason, and can be made anew or deleted", async () => {
    await inFolder(async (folder) => {
      const database = join(folder, "world.db");
      const path = (name: string): string => join(`${database}.sandboxes`, `${name}.db`);
      {
        await using emulator = await createEmulator({ database, clock: "manual" });
        for (const name of ["damaged", "directory", "foreign", "newer", "whole"])
          await emulator.sandboxes.create({ name });
      }
      alter(path("damaged"), "INSERT INTO documents VALUES ('quota', 'q', '{')");
      rmSync(path("directory"));
      mkdirSync(path("directory"));
      writeFileSync(path("foreign"), "not a database, and longer than nothing");
      alter(path("newer"), "PRAGMA user_version = 99");
      const before = readFileSync(path("foreign"));

      await using emulator = await createEmulator({ database, clock: "manual", sandboxesMax: 5 });
      const call = caller(emulator);
      const reasons = {
        damaged: /damaged\.db is damaged: document quota q is not JSON/,
        directory: /directory\.db is a directory/,
        foreign: /foreign\.db is not an emulator database/,
        newer: /newer\.db was made by a newer emulator \(format 99/,
      };
      const url = (name: string): string => `${emulator.url}/sandboxes/${name}`;
      expect(await emulator.sandboxes.list()).toEqual([
        ...Object.entries(reasons).map(([name, reason]) => ({
          name,
          url: url(name),
          state: "broken",
          reason: expect.stringMatching(reason),
        })),
        expect.objectContaining({ name: "whole", state: "ready", deployments: 0 }),
      ]);
      for (const [name, reason] of Object.entries(reasons)) {
        for (const [method, at] of [
          ["GET", "/ready"],
          ["POST", CHAT],
          ["GET", "/nowhere"],
        ] as const) {
          const answer = await within(emulator, name)(method, at, method === "POST" ? hello : undefined);
          expect([answer.status, answer.body.code]).toEqual([503, 14]);
          expect(answer.body.message).toMatch(reason);
        }
        expect((await call("GET", `/sandboxes/${name}`)).body).toMatchObject({ name, state: "broken" });
        expect(await call("POST", "/sandboxes", { name })).toMatchObject({
          status: 409,
          body: { message: `sandbox "${name}" exists; with "replace" it begins anew` },
        });
      }
      expect((await within(emulator, "whole")("POST", CHAT, hello)).status).toBe(200);
      expect((await call("POST", "/sandboxes", { name: "sixth" })).status).toBe(429);
      expect(readFileSync(path("foreign")).equals(before)).toBe(true);

      for (const name of ["damaged", "directory"]) {
        expect((await call("POST", "/sandboxes", { name, replace: true })).body).toMatchObject({
          name,
          state: "ready",
        });
        expect((await within(emulator, name)("POST", CHAT, hello)).status).toBe(200);
      }
      for (const name of ["foreign", "newer"]) {
        expect((await call("DELETE", `/sandboxes/${name}`)).status).toBe(200);
        expect(existsSync(path(name))).toBe(false);
        expect((await call("DELETE", `/sandboxes/${name}`)).status).toBe(404);
      }
      expect((await emulator.sandboxes.list()).map(({ name }) => name)).toEqual(["damaged", "directory", "whole"]);
      await call("DELETE", "/sandboxes");
      expect(await emulator.sandboxes.list()).toEqual([]);
    });
  });
});
