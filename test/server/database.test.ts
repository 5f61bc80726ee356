import { spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { names } from "../support/database-files.ts";
import { inFolder } from "../support/dump.ts";
import type { Server } from "../support/server.ts";
import { startServer } from "../support/server.ts";

const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const headers = { authorization: "Bearer k", "content-type": "application/json" };
const MODEL = "accounts/fireworks/models/llama-v3p2-3b-instruct";

/** Makes a deployment, in the server's own world or below a base. */
const make = (server: Server, id: string, base = ""): Promise<Response> =>
  fetch(`${server.url}${base}/v1/accounts/local/deployments?deploymentId=${id}`, {
    method: "POST",
    headers,
    body: JSON.stringify({ baseModel: MODEL }),
  });

const isThere = async (server: Server, id: string, base = ""): Promise<boolean> =>
  (await fetch(`${server.url}${base}/v1/accounts/local/deployments/${id}`, { headers })).status === 200;

test("kill -9 at any time of its making leaves a database that opens", () =>
  inFolder(async (folder) => {
    const database = join(folder, "world.db");
    const flags = ["--db", database, "--clock", "manual"];
    for (let n = 0; n < 6; n += 1) {
      for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
      const child = spawn(process.execPath, [MAIN, "start", "--port", "0", ...flags], { stdio: "ignore" });
      const ended = new Promise((resolve) => child.once("exit", resolve));
      // from the moment that there is a file; each time somewhat later
      while (!existsSync(database) && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 1));
      for (const until = performance.now() + n * 0.8; performance.now() < until;);
      child.kill("SIGKILL");
      await ended;
      await using server = await startServer(...flags);
      expect((await make(server, "d")).status).toBe(200);
    }
  }));

test("of servers that start at once on a new path one gets it, and the others say who has it", () =>
  inFolder(async (folder) => {
    for (let n = 0; n < 4; n += 1) {
      const flags = ["--db", join(folder, `world-${n}.db`)];
      const results = await Promise.allSettled([startServer(...flags), startServer(...flags), startServer(...flags)]);
      const started = results.filter((result) => result.status === "fulfilled");
      const refused = results.filter((result) => result.status === "rejected");
      expect(started).toHaveLength(1);
      for (const { reason } of refused)
        expect(String(reason)).toMatch(/world-\d\.db is in use by another emulator; stop that one, or choose/);
      const server = started[0]!.value;
      expect((await make(server, "d")).status).toBe(200);
      expect(await server.stop()).toMatchObject({ code: 0, stderr: "" });
    }
  }));

describe("stopped, a world is one file beside its folders", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("%s: no log, no shared memory; sandboxes too, and after a kill", (signal) =>
    inFolder(async (folder) => {
      const flags = ["--db", join(folder, "world.db")];
      const bases = ["", "/sandboxes/one", "/sandboxes/two"];
      const all = ["world.db", "world.db.sandboxes/one.db", "world.db.sandboxes/two.db"];
      {
        await using server = await startServer(...flags);
        for (const name of ["one", "two"]) await server.sandboxes.create({ name });
        for (const base of bases) await make(server, "first", base);
        expect(names(folder)).toEqual(all.flatMap((name) => [name, `${name}-wal`]));
        expect(await server.stop(signal)).toMatchObject({ code: 0, stderr: "" });
        expect(names(folder)).toEqual(all);
      }
      {
        await using server = await startServer(...flags);
        for (const base of bases) await make(server, "second", base);
        await server.stop("SIGKILL");
      }
      // shared memory, as another program that looked at it leaves it
      writeFileSync(join(folder, "world.db-shm"), Buffer.alloc(32_768));
      await using server = await startServer(...flags);
      for (const base of bases)
        for (const id of ["first", "second"]) expect(await isThere(server, id, base)).toBe(true);
      expect(await server.stop(signal)).toMatchObject({ code: 0, stderr: "" });
      expect(names(folder)).toEqual(all);
    }),
  );
});

describe("a path that cannot hold a database is refused in one line", () => {
  const start = (database: string, user?: number) =>
    spawnSync(process.execPath, [MAIN, "start", "--port", "0", "--db", database], {
      encoding: "utf8",
      timeout: 20_000,
      ...(user === undefined ? {} : { uid: user, gid: user }),
    });

  const places: [string, (folder: string) => string, RegExp][] = [
    ["a directory", (folder) => folder, /is a directory; name a file in it$/],
    [
      "below a file",
      (folder) => (writeFileSync(join(folder, "f"), "x"), join(folder, "f", "w.db")),
      /a file stands where its folder should be$/,
    ],
    [
      "below a file, deeper",
      (folder) => (writeFileSync(join(folder, "f"), "x"), join(folder, "f", "g", "w.db")),
      /a file stands where its folder should be$/,
    ],
    ["nothing", () => "", /^fireworks-emulator: database "": expected the path of a file, without spaces/],
    [
      "a name with spaces around it",
      (folder) => `${join(folder, "w.db")} `,
      /expected the path of a file, without spaces/,
    ],
    ["a FIFO", (folder) => (spawnSync("mkfifo", [join(folder, "p")]), join(folder, "p")), /is a FIFO, not a file$/],
    ["a device", () => "/dev/full", /database \/dev\/full is a device, not a file$/],
    [
      "a link to itself",
      (folder) => (spawnSync("ln", ["-s", "l", join(folder, "l")]), join(folder, "l")),
      /cannot be opened: ELOOP/,
    ],
    ["a name that is too long", (folder) => join(folder, "x".repeat(300)), /cannot be opened: ENAMETOOLONG/],
    [
      "a directory in the log's place",
      (folder) => (mkdirSync(join(folder, "w.db-wal")), join(folder, "w.db")),
      /cannot be opened/,
    ],
  ];
  test.each(places)("%s", (_, place, message) =>
    inFolder(async (folder) => {
      const { status, stdout, stderr } = start(place(folder));
      expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
      expect(stderr.trim().split("\n")).toHaveLength(1);
      expect(stderr.trim()).toMatch(message);
    }),
  );

  // needs root, which may become another user and is refused nothing itself
  test("what the user may not write: a folder, a file, a folder of which a file may be read", () =>
    inFolder(async (folder) => {
      const NOBODY = 65_534;
      const path = join(folder, "w.db");
      chmodSync(folder, 0o755);
      const refused = (database: string): void => {
        const { status, stderr } = start(database, NOBODY);
        expect(status, stderr).toBe(2);
        expect(stderr).toBe(`fireworks-emulator: database ${database} cannot be opened for writing\n`);
      };
      refused(path);
      refused(join(folder, "new", "w.db"));
      {
        await using server = await startServer("--db", path);
        await server.stop();
      }
      chmodSync(path, 0o444);
      refused(path);
      chownSync(folder, NOBODY, NOBODY);
      refused(path);
      chmodSync(path, 0o600);
      refused(path);
    }));

  test("the same of a sandbox costs it alone, and says so", () =>
    inFolder(async (folder) => {
      const path = join(folder, "w.db");
      mkdirSync(`${path}.sandboxes`);
      spawnSync("mkfifo", [join(`${path}.sandboxes`, "p.db")]);
      await using server = await startServer("--db", path);
      expect(await server.sandboxes.list()).toMatchObject([
        { name: "p", state: "broken", reason: expect.stringMatching(/p\.db is a FIFO/) },
      ]);
    }));
});

test("a database that is taken away while the server runs: stopping says what is lost", () =>
  inFolder(async (folder) => {
    const database = join(folder, "world.db");
    await using server = await startServer("--db", database);
    rmSync(database);
    expect((await fetch(`${server.url}/ready`)).status).toBe(503);
    expect((await make(server, "d")).status).toBe(503);
    const { code, stderr } = await server.stop();
    expect(code).toBe(1);
    expect(stderr).toBe(
      `fireworks-emulator: the database cannot be written: its file ${database} was removed while it was open\n`,
    );
  }));
