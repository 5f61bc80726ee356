import { spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { names } from "../support/database-files.ts";
import type { Server } from "../support/server.ts";
import { cli, startServer } from "../support/server.ts";

const headers = { authorization: "Bearer k", "content-type": "application/json" };
const MODEL = "accounts/fireworks/models/llama-v3p2-3b-instruct";

interface Disk {
  folder: string;
  fill: () => void;
  makeRoom: () => void;
}

/** A small disk of its own; needs root, which may mount it. */
async function onDisk(work: (disk: Disk) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "fireworks-emulator-disk-"));
  const ballast = join(folder, "ballast");
  const run = (...command: string[]): void => {
    const { status, stderr } = spawnSync(command[0]!, command.slice(1), { encoding: "utf8" });
    expect(status, stderr).toBe(0);
  };
  run("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder);
  try {
    await work({
      folder,
      fill() {
        const fd = openSync(ballast, "a");
        try {
          // to the last page
          for (;;) writeSync(fd, Buffer.alloc(4096));
        } catch (error) {
          expect((error as NodeJS.ErrnoException).code).toBe("ENOSPC");
        } finally {
          closeSync(fd);
        }
      },
      makeRoom: () => rmSync(ballast),
    });
  } finally {
    run("umount", folder);
    rmSync(folder, { recursive: true });
  }
}

const make = (server: Server, id: string): Promise<Response> =>
  fetch(`${server.url}/v1/accounts/local/deployments?deploymentId=${id}`, {
    method: "POST",
    headers,
    body: JSON.stringify({ baseModel: MODEL }),
  });

const statusOf = async (server: Server, path: string): Promise<number> =>
  (await fetch(server.url + path, { headers })).status;

test("on a full disk no database is made, and nothing of one is left", () =>
  onDisk(async ({ folder, fill, makeRoom }) => {
    fill();
    const database = join(folder, "new", "world.db");
    const refuse = async (): Promise<void> => {
      expect(await cli("start", "--port", "0", "--db", join(folder, "world.db"))).toEqual({
        code: 2,
        stdout: "",
        stderr: `fireworks-emulator: database ${join(folder, "world.db")} cannot be written: is the disk full?\n`,
      });
    };
    await refuse();
    expect(readdirSync(folder)).toEqual(["ballast"]);
    makeRoom();
    await using server = await startServer("--db", database);
    expect((await make(server, "d")).status).toBe(200);
  }));

test("a disk that fills up: writes are refused with the reason, reads go on, and all is well when there is room", () =>
  onDisk(async ({ folder, fill, makeRoom }) => {
    const database = join(folder, "world.db");
    {
      await using server = await startServer("--db", database, "--clock", "manual", "--gpu-quota", "none");
      expect((await make(server, "before")).status).toBe(200);
      fill();
      const first = await make(server, "first");
      expect([first.status, await first.json()]).toEqual([
        503,
        { code: 14, message: expect.stringMatching(/^the database cannot be written: .*disk is full/), details: [] },
      ]);
      // from the first that failed on it is known, and nothing is begun any more
      for (const id of ["second", "third"]) {
        expect((await make(server, id)).status).toBe(503);
        expect(await statusOf(server, `/v1/accounts/local/deployments/${id}`)).toBe(404);
      }
      const advanced = await fetch(`${server.url}/__emulator/clock:advance`, {
        method: "POST",
        headers,
        body: JSON.stringify({ by: "1h" }),
      });
      expect(advanced.status).toBe(503);
      expect((await server.clock.get()).now).toBe("2026-01-01T00:00:00Z");
      expect(await statusOf(server, "/ready")).toBe(503);
      expect(await statusOf(server, "/health")).toBe(200);
      expect(await statusOf(server, "/v1/accounts/local/deployments/before")).toBe(200);

      const sandbox = await fetch(`${server.url}/sandboxes`, { method: "POST", body: JSON.stringify({ name: "s" }) });
      expect(sandbox.status).toBe(503);
      expect(existsSync(`${database}.sandboxes/s.db`)).toBe(false);

      makeRoom();
      expect(await statusOf(server, "/ready")).toBe(200);
      expect((await make(server, "second")).status).toBe(200);
      expect((await server.sandboxes.create({ name: "s" })).state).toBe("ready");
      expect(await server.stop()).toMatchObject({ code: 0, stderr: "" });
      expect(names(folder)).toEqual(["world.db", "world.db.sandboxes/s.db"]);
    }
    await using again = await startServer("--db", database, "--clock", "manual");
    for (const id of ["before", "first", "second"])
      expect(await statusOf(again, `/v1/accounts/local/deployments/${id}`), id).toBe(200);
    expect(await statusOf(again, "/v1/accounts/local/deployments/third")).toBe(404);
  }));

test("a sandbox that does not fit is not there, and the server's own world goes on", () =>
  onDisk(async ({ folder, fill, makeRoom }) => {
    const database = join(folder, "world.db");
    await using server = await startServer("--db", database);
    fill();
    const make503 = await fetch(`${server.url}/sandboxes`, { method: "POST", body: JSON.stringify({ name: "s" }) });
    expect(make503.status).toBe(503);
    expect(((await make503.json()) as { message: string }).message).toMatch(
      /s\.db cannot be written: is the disk full/,
    );
    expect(await server.sandboxes.list()).toEqual([]);
    expect(names(folder)).toEqual(["ballast", "world.db", "world.db-wal"]);
    makeRoom();
    expect((await server.sandboxes.create({ name: "s" })).state).toBe("ready");
  }));

test("stopped on a full disk, the log keeps what could not be folded in", () =>
  onDisk(async ({ folder, fill, makeRoom }) => {
    const database = join(folder, "world.db");
    {
      await using server = await startServer("--db", database, "--gpu-quota", "none");
      for (const id of ["a", "b", "c"]) expect((await make(server, id)).status).toBe(200);
      fill();
      const { code, stderr } = await server.stop();
      expect([code, stderr]).toEqual([1, expect.stringMatching(/the database cannot be written: .*disk is full/)]);
    }
    expect(await cli("start", "--port", "0", "--db", database)).toEqual({
      code: 2,
      stdout: "",
      stderr: `fireworks-emulator: database ${database} cannot be written: is the disk full?\n`,
    });
    makeRoom();
    await using again = await startServer("--db", database);
    for (const id of ["a", "b", "c"])
      expect(await statusOf(again, `/v1/accounts/local/deployments/${id}`), id).toBe(200);
    expect(await again.stop()).toMatchObject({ code: 0, stderr: "" });
    expect(names(folder)).toEqual(["world.db"]);
  }));
