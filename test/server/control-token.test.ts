import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Route } from "../../src/http/route.ts";
import type { Emulator } from "../../src/index.ts";
import { createClient, createEmulator } from "../../src/index.ts";
import { inFolder } from "../support/dump.ts";
import { ask } from "../support/raw.ts";
import { routeTable } from "../support/routes.ts";
import { cli, cliUntil, startServer } from "../support/server.ts";

const TOKEN = "s3cret-token";
const VARIABLE = "FIREWORKS_EMULATOR_CONTROL_TOKEN";

/** Routes that answer without the token although they are the emulator's: probes, and what carries its own signature. */
const OPEN = new Set([
  "GET /health",
  "GET /ready",
  "GET /metrics",
  "PUT /__emulator/files",
  "POST /__emulator/files",
  "GET /__emulator/files",
]);

const isOwn = ({ plane }: Route): boolean => plane === "emulator" || plane === "open";

/** Every route under each of its paths, as `METHOD /path`. */
const calls = (): [string, Route][] =>
  routeTable().flatMap((route) =>
    [route.path, ...(route.aliases ?? [])].map((path): [string, Route] => [`${route.method} ${path}`, route]),
  );

/** An address of a route: something stands for each of its parameters. */
const toPath = (path: string): string => path.replace(/\{\w+\}/g, "x");

describe("every GET route with a verb", () => {
  test("says whether it changes anything", () => {
    const verbs = calls().filter(([name]) => /^GET .*:[a-zA-Z]+$/.test(name));
    expect(Object.fromEntries(verbs.map(([name, { writes }]) => [name.slice("GET ".length), writes]))).toEqual({
      "/v1/accounts/{account_id}/models/{model_id}:validateUpload": true,
      "/v1/accounts/{account_id}/models/{model_id}:getDownloadEndpoint": false,
      "/v1/accounts/{account_id}/models/{model_id}/versions:count": false,
      "/v1/accounts/{account_id}/deployments/{deployment_id}:metrics": false,
      "/__emulator/deployments/{account_id}/{deployment_id}:explain": false,
    });
  });
});

describe("with a control token", () => {
  let emulator: Emulator;
  beforeAll(async () => {
    emulator = await createEmulator({ clock: "manual", port: 0, controlToken: TOKEN });
    await emulator.sandboxes.create({ name: "w1" });
  });
  afterAll(() => emulator.close());

  const statusOf = async (name: string, base: string, token?: string): Promise<number> => {
    const [method, path] = name.split(" ") as [string, string];
    const headers = { authorization: "Bearer k", ...(token === undefined ? {} : { "x-emulator-token": token }) };
    return (await ask(emulator.url, method, base + toPath(path), headers)).status;
  };

  test.each(["", "/sandboxes/w1"])("every route of the emulator's own API below %j demands it", async (base) => {
    const own = calls().filter(([name, route]) => isOwn(route) && !OPEN.has(name));
    expect(own.length).toBeGreaterThan(40);
    for (const [name] of own) {
      expect([name, await statusOf(name, base)]).toEqual([name, 401]);
      expect([name, await statusOf(name, base, `${TOKEN}x`)]).toEqual([name, 401]);
      expect([name, await statusOf(name, base, "")]).toEqual([name, 401]);
    }
    // nothing of it was done
    expect((await emulator.sandboxes.list()).map(({ name }) => name)).toEqual(["w1"]);
  });

  test("spellings of a path that lead to the same route demand it too", async () => {
    const spellings = [
      "POST /__emulator%2Freset",
      "POST /__emulator%2freset",
      "POST /v1/../__emulator/reset",
      "POST /%2e%2e/__emulator/reset",
      "POST //__emulator/reset",
      "POST /sandboxes/w1/../../__emulator/reset",
      "POST /sandboxes/w1/__emulator%2Freset",
      "POST /sandboxes/w1/sandboxes",
      "DELETE /sandboxes%2Fw1",
      "DELETE /sandboxes/w1/sandboxes/w1",
      "HEAD /__emulator/status",
    ];
    for (const name of spellings) {
      const status = await statusOf(name, "");
      expect([name, [401, 404, 405].includes(status)]).toEqual([name, true]);
    }
    expect(await emulator.sandboxes.list()).toHaveLength(1);
  });

  test.each(["", "/sandboxes/w1"])("nothing else below %j does", async (base) => {
    for (const [name, route] of calls().filter(([each, { plane }]) => OPEN.has(each) || !isOwn({ plane } as Route)))
      expect([name, route.plane, (await statusOf(name, base)) === 401]).toEqual([name, route.plane, false]);
    expect([
      await statusOf("GET /health", base),
      await statusOf("GET /ready", base),
      await statusOf("GET /metrics", base),
    ]).toEqual([200, 200, 200]);
    expect(await statusOf("GET /__emulator/files", base)).toBe(403);
  });

  test("the right one opens it, and the answer without it says how to send it", async () => {
    expect(await statusOf("GET /__emulator/status", "", TOKEN)).toBe(200);
    expect(await statusOf("GET /sandboxes", "", TOKEN)).toBe(200);
    expect(await statusOf("GET /__emulator/status", "/sandboxes/w1", TOKEN)).toBe(200);
    const { status, headers, text } = await ask(emulator.url, "GET", "/__emulator/status");
    expect([status, headers["content-type"]]).toEqual([401, "application/json"]);
    expect(JSON.parse(text)).toEqual({
      code: 16,
      message: expect.stringMatching(/x-emulator-token.*FIREWORKS_EMULATOR_CONTROL_TOKEN/),
      details: [],
    });
  });

  test("a foreign page is refused with it too", async () => {
    const headers = { "x-emulator-token": TOKEN, origin: "https://evil.example" };
    expect((await ask(emulator.url, "POST", "/__emulator/reset", headers)).status).toBe(403);
  });

  test("clients take it as an option or from the environment; the library's own needs nothing", async () => {
    expect(emulator.controlToken).toBe(TOKEN);
    expect(emulator.env[VARIABLE]).toBe(TOKEN);
    expect((await emulator.status()).url).toBe(emulator.url);
    expect((await createClient(emulator.url, fetch, TOKEN).sandboxes.list())[0]!.name).toBe("w1");
    await expect(createClient(emulator.url).status()).rejects.toMatchObject({ status: 401 });
    process.env[VARIABLE] = TOKEN;
    try {
      expect((await createClient(emulator.url).status()).url).toBe(emulator.url);
      expect((await createClient(`${emulator.url}/sandboxes/w1`).status()).url).toBe(`${emulator.url}/sandboxes/w1`);
    } finally {
      delete process.env[VARIABLE];
    }
  });
});

describe("which emulators have one", () => {
  const open = async (options: Parameters<typeof createEmulator>[0]) => {
    await using emulator = await createEmulator({ clock: "manual", ...options });
    return { token: emulator.controlToken, status: (await ask(emulator.url, "GET", "/__emulator/status")).status };
  };

  test("none on loopback, unless it is given", async () => {
    expect(await open({ port: 0 })).toEqual({ token: undefined, status: 200 });
    expect(await open({ port: 0, host: "localhost" })).toEqual({ token: undefined, status: 200 });
    expect(await open({ port: 0, controlToken: TOKEN })).toEqual({ token: TOKEN, status: 401 });
    process.env[VARIABLE] = TOKEN;
    try {
      expect(await open({ port: 0 })).toEqual({ token: TOKEN, status: 401 });
      expect(await open({ port: 0, controlToken: "none" })).toEqual({ token: undefined, status: 200 });
      process.env[VARIABLE] = "";
      expect(await open({ port: 0 })).toEqual({ token: undefined, status: 200 });
    } finally {
      delete process.env[VARIABLE];
    }
  });

  test("a random one elsewhere, another each time; none for a closed network", async () => {
    const [one, two] = [await open({ port: 0, host: "0.0.0.0" }), await open({ port: 0, host: "0.0.0.0" })];
    expect(one).toEqual({ token: expect.stringMatching(/^[0-9a-f]{48}$/), status: 401 });
    expect(two.token).not.toBe(one.token);
    expect(await open({ port: 0, host: "0.0.0.0", controlToken: "none" })).toEqual({ token: undefined, status: 200 });
  });

  test("none without a port", async () => {
    await using emulator = await createEmulator({ host: "0.0.0.0" });
    expect(emulator.controlToken).toBeUndefined();
  });
});

describe("start", () => {
  /** The environment of commands, for as long as they run. */
  async function withToken<T>(token: string, work: () => Promise<T>): Promise<T> {
    process.env[VARIABLE] = token;
    try {
      return await work();
    } finally {
      delete process.env[VARIABLE];
    }
  }

  test("elsewhere than on loopback: a warning, and a token in the ready line that commands can use", async () => {
    await using server = await startServer("--memory", "--clock", "manual", "--host", "0.0.0.0");
    const token = server.ready["controlToken"] as string;
    expect(token).toMatch(/^[0-9a-f]{48}$/);
    const url = ["--url", server.url];
    const refused = await cli("status", ...url);
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringMatching(/^fireworks-emulator: .*x-emulator-token.*\n$/),
    ]);
    await withToken(token, async () => {
      expect((await cli("status", ...url)).stdout).toMatch(/clock +2026-01-01T00:00:00Z/);
      expect((await cli("clock", "advance", "90s", ...url)).stdout).toBe("it is 2026-01-01T00:01:30Z\n");
      expect((await cli("reset", "journal", ...url)).stdout).toBe("cleared journal\n");
    });
    const { stderr } = await server.stop();
    expect(stderr).toMatch(
      /^fireworks-emulator: warning: listening on 0\.0\.0\.0 so other .* needs the control token\n$/,
    );
  });

  test("the banner prints a token that was made, and not one that was given", async () => {
    const made = await cliUntil(/Ctrl-C/, "start", "--memory", "--port", "0", "--host", "0.0.0.0");
    expect(made).toMatch(/\n {2}control token {3}[0-9a-f]{48}\n/);
    const given = await cliUntil(/Ctrl-C/, "start", "--memory", "--port", "0", "--control-token", TOKEN);
    expect(given).not.toMatch(/control token|s3cret/);
  });

  test("--control-token none is one line of warning, and nothing is asked for", async () => {
    await using server = await startServer("--memory", "--host", "0.0.0.0", "--control-token", "none");
    expect(server.ready).not.toHaveProperty("controlToken");
    expect((await server.status()).url).toBe(server.url);
    const { stderr } = await server.stop();
    expect(stderr).toMatch(/^fireworks-emulator: warning: listening on 0\.0\.0\.0 without a control token: [^\n]*\n$/);
  });

  test("on loopback nothing is new", async () => {
    await using server = await startServer("--memory");
    expect(Object.keys(server.ready)).toEqual(["event", "url", "pid"]);
    expect((await server.stop()).stderr).toBe("");
  });

  test("--allow-host is repeatable, and takes several from the environment", async () => {
    process.env["FIREWORKS_EMULATOR_ALLOW_HOST"] = "a.test, *.b.test";
    try {
      await using server = await startServer("--memory");
      const statusOf = async (host: string) => (await ask(server.url, "GET", "/health", { host })).status;
      expect([await statusOf("a.test"), await statusOf("x.b.test"), await statusOf("c.test")]).toEqual([200, 200, 403]);
      await using other = await startServer("--memory", "--allow-host", "c.test", "--allow-host", "d.test");
      for (const [host, status] of [
        ["c.test", 200],
        ["d.test", 200],
        ["a.test", 403],
      ] as const)
        expect((await ask(other.url, "GET", "/health", { host })).status).toBe(status);
    } finally {
      delete process.env["FIREWORKS_EMULATOR_ALLOW_HOST"];
    }
  });

  test("firectl needs it for billing metrics alone, and says so", () =>
    inFolder(async (folder) => {
      await using server = await startServer("--memory", "--control-token", TOKEN);
      process.env["FIREWORKS_EMULATOR_URL"] = server.url;
      try {
        const command = ["firectl", "billing", "export-metrics", "--filename", `${folder}/out.csv`];
        const refused = await cli(...command);
        expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/Unauthenticated.*x-emulator-token/)]);
        expect((await withToken(TOKEN, () => cli(...command))).code).toBe(0);
        expect(readFileSync(`${folder}/out.csv`, "utf8")).toMatch(/^\w+,/);
        expect((await cli("firectl", "model", "list")).code).toBe(0);
      } finally {
        delete process.env["FIREWORKS_EMULATOR_URL"];
      }
    }));

  test("the image leaves it to the mapping of its port", () => {
    expect(readFileSync(new URL("../../Dockerfile", import.meta.url), "utf8")).toMatch(
      /FIREWORKS_EMULATOR_CONTROL_TOKEN=none/,
    );
  });
});
