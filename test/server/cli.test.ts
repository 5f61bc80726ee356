import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { keep } from "../../src/store/keep.ts";
import { inFolder } from "../support/dump.ts";
import { cli, startServer } from "../support/server.ts";

/** One line for the user, exit code 2, no stack. */
async function expectRefusal(args: string[], message: RegExp): Promise<void> {
  const { code, stderr, stdout } = await cli(...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr.trim().split("\n")).toHaveLength(1);
  expect(stderr).toMatch(message);
}

describe("start says in one line why it cannot", () => {
  test.each([
    [["start", "--nonsense"], /unknown option '--nonsense'/],
    [["start", "--port", "nope"], /--port <number>.*Expected a whole number from 0 to 65535/],
    [["start", "--clock", "sundial"], /--clock <mode>.*Allowed choices are real, manual, skip/],
    [["start", "--rate", "0"], /Expected a number above 0/],
    [["start", "--start-time", "yesterday"], /Expected an RFC 3339 time/],
    [["start", "--start-time", "2027-02-30T00:00:00Z"], /Expected an RFC 3339 time/],
    [["start", "--start-time", "2027-01-01T00:00:00"], /Expected an RFC 3339 time/],
    [["start", "--max-body", "lots"], /Expected a size such as 32mb/],
    [["start", "--prot", "1"], /unknown option '--prot' \(Did you mean --port\?\)/],
    [["start", "--fixtures", "/nowhere"], /\/nowhere: expected a folder of fixtures, got nothing/],
    [["start", "--gpu-quota", "lots"], /Expected a whole number, or none/],
    [["start", "--record", "x"], /--record and --upstream belong together/],
    [["start", "--cors", "http://localhost:5173/"], /Expected an origin such as/],
    [["start", "--record", "x", "--upstream", "there"], /Expected a URL such as/],
    [["start", "--public-url", "emu.test"], /--public-url <url>.*Expected a URL such as/],
    [["start", "--allow-host", "http://emu.test"], /--allow-host <name>.*Expected a host name without a port/],
    [["start", "--allow-host", "emu.test:80"], /Expected a host name without a port/],
    [["start", "--allow-host", "emu.1"], /Expected a host name without a port/],
    [["start", "--control-token", "a b"], /Expected printable characters without spaces, or none/],
    [["start", "--advance-max", "0"], /Expected a whole number from 1 to 1000000000/],
    [["scenario", "play"], /unknown command 'play'/],
    [["start", "--account", "a b"], /Expected 1-63 letters, digits and dashes/],
    [["start", "--default-accelerator", "GPU"], /Allowed choices are none, NVIDIA_A100_80GB/],
    [["fly"], /too many arguments|unknown command/],
    [["status", "--url", "http://127.0.0.1:9"], /no emulator answers at http:\/\/127\.0\.0\.1:9/],
  ])("%j", (args, message) => expectRefusal(args, message));

  test("a port in use", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    await expectRefusal(
      ["start", "--memory", "--port", String(port)],
      new RegExp(`port ${port} on 127.0.0.1 is in use`),
    );
    server.close();
  });

  test("a bad fixture: file, place, what was expected and what was there", () =>
    inFolder(async (folder) => {
      mkdirSync(join(folder, "catalog"));
      writeFileSync(join(folder, "catalog", "models.json"), JSON.stringify({ models: [{ id: "Bad Id" }] }));
      await expectRefusal(
        ["start", "--memory", "--port", "0", "--fixtures", folder],
        /models\.json: \$\.models\[0\]\.id: .*got "Bad Id"/,
      );
    }));

  test("a database that is foreign, damaged, newer or in use, and the file stays as it was", () =>
    inFolder(async (folder) => {
      const file = join(folder, "world.db");
      const refuse = async (message: RegExp): Promise<void> => {
        const before = readFileSync(file);
        await expectRefusal(["start", "--port", "0", "--db", file], message);
        expect(readFileSync(file).equals(before)).toBe(true);
      };
      writeFileSync(
        file,
        "This is a text file, not a database; it is long enough to have a header of its own. ".repeat(3),
      );
      await refuse(/is not an emulator database/);

      writeFileSync(file, "");
      {
        await using server = await startServer("--db", file);
        await expectRefusal(["start", "--port", "0", "--db", file], /is in use by another emulator/);
        expect((await server.stop()).code).toBe(0);
      }
      const good = readFileSync(file);
      const broken = Buffer.from(good);
      broken.fill(0xab, 4096 + 100, good.length);
      writeFileSync(file, broken);
      await refuse(/is damaged/);

      writeFileSync(file, good);
      const connection = keep(new Database(file));
      connection.exec("PRAGMA user_version = 99");
      connection.close();
      await refuse(/was made by a newer emulator \(format 99/);
    }));
});

describe("commands", () => {
  test("status, clock advance and reset, in words and as JSON", async () => {
    await using server = await startServer("--memory", "--clock", "manual");
    const url = ["--url", server.url];
    expect((await cli("status", ...url)).stdout).toMatch(/clock +2026-01-01T00:00:00Z \(manual\)/);
    expect((await cli("clock", "advance", "90s", ...url)).stdout).toBe("it is 2026-01-01T00:01:30Z\n");
    expect(
      JSON.parse((await cli("clock", "advance", "--to", "2026-02-01T00:00:00Z", "--json", ...url)).stdout),
    ).toMatchObject({ now: "2026-02-01T00:00:00Z" });
    expect((await cli("clock", "show", ...url)).stdout).toBe("2026-02-01T00:00:00Z (manual)\n");
    expect((await cli("reset", ...url)).stdout).toBe("cleared journal, scripts, faults, state, clock\n");
    expect((await cli("clock", "advance", "soon", ...url)).stderr).toMatch(/^fireworks-emulator: by: expected a span/);
  });

  test("flags come from the environment too, and the command line wins", async () => {
    process.env["FIREWORKS_EMULATOR_SEED"] = "42";
    process.env["FIREWORKS_EMULATOR_PROFILE"] = "instant";
    try {
      await using server = await startServer("--memory", "--profile", "realistic");
      expect(await server.status()).toMatchObject({ seed: "42", profile: "realistic" });
    } finally {
      delete process.env["FIREWORKS_EMULATOR_SEED"];
      delete process.env["FIREWORKS_EMULATOR_PROFILE"];
    }
  });

  test("SIGTERM stops it cleanly while a client follows the events", async () => {
    await using server = await startServer("--memory");
    const following = await fetch(`${server.url}/__emulator/events`, { headers: { accept: "text/event-stream" } });
    expect(following.status).toBe(200);
    // shells and runners often send it twice
    void server.stop("SIGINT");
    expect(await server.stop("SIGTERM")).toMatchObject({ code: 0, stderr: "" });
  });
});

test("a fixture file that is no YAML is named in one line", () =>
  inFolder(async (folder) => {
    mkdirSync(join(folder, "scripts"));
    writeFileSync(join(folder, "scripts", "b.yaml"), "scripts: [");
    await expectRefusal(["start", "--memory", "--port", "0", "--fixtures", folder], /b\.yaml: /);
  }));

test("a switch whose variable says off is off; buckets have a flag", () =>
  inFolder(async (folder) => {
    const database = join(folder, "world.db");
    Object.assign(process.env, { FIREWORKS_EMULATOR_MEMORY: "false", FIREWORKS_EMULATOR_STRICT: "0" });
    try {
      await using server = await startServer("--db", database, "--buckets", folder);
      expect((await server.status()).database).toBe(database);
      const models = await fetch(`${server.url}/v1/chat/completions`, {
        method: "POST",
        headers: { authorization: "Bearer k" },
        body: JSON.stringify({
          model: "accounts/fireworks/models/qwen3-8b",
          messages: [{ role: "user", content: "hi" }],
        }),
      });
      expect(models.status).toBe(200);
    } finally {
      delete process.env["FIREWORKS_EMULATOR_MEMORY"];
      delete process.env["FIREWORKS_EMULATOR_STRICT"];
    }
  }));
