import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Emulator, EmulatorOptions } from "../../src/index.ts";
import { createEmulator } from "../../src/index.ts";
import { caller } from "../support/api.ts";
import { ask, write } from "../support/raw.ts";
import { baseFiles, baseModel, send, sizesOf } from "../support/upload.ts";

const KEY = { authorization: "Bearer fw_local" };
const JSON_TYPE = { "content-type": "application/json" };
const START = "2026-01-01T00:00:00Z";

const serve = (options: EmulatorOptions = {}) => createEmulator({ clock: "manual", port: 0, ...options });
const portOf = ({ url }: Emulator) => new URL(url).port;

/** A world with something to lose: a deployment, and a model that waits to be validated. */
async function filled(options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await serve(options);
  const call = caller(emulator);
  const body = { baseModel: "accounts/fireworks/models/qwen3-8b" };
  expect((await call("POST", "/v1/accounts/local/deployments?deploymentId=d", body)).status).toBe(200);
  await call("POST", "/v1/accounts/local/models", { modelId: "mine", model: baseModel });
  const files = baseFiles();
  const sizes = { filenameToSize: sizesOf(files) };
  const endpoint = await call("POST", "/v1/accounts/local/models/mine:getUploadEndpoint", sizes);
  for (const [file, url] of Object.entries(endpoint.body.filenameToSignedUrls as Record<string, string>))
    expect((await send(emulator, url, files[file]!)).status).toBe(200);
  return emulator;
}

/** What a page may not change. */
async function stateOf(emulator: Emulator) {
  const call = caller(emulator);
  return {
    now: await emulator.clock.now(),
    scripts: (await emulator.scripts.list()).length,
    faults: (await emulator.faults.list()).length,
    sandboxes: (await emulator.sandboxes.list()).length,
    deployment: (await call("GET", "/v1/accounts/local/deployments/d")).body.state,
    model: (await call("GET", "/v1/accounts/local/models/mine")).body.state,
  };
}

const untouched = { now: START, scripts: 0, faults: 0, sandboxes: 0, deployment: "CREATING", model: "UPLOADING" };

const COMPLETION = JSON.stringify({ model: "accounts/fireworks/models/qwen3-8b", prompt: "hi", max_tokens: 1 });
const VALIDATE = "/v1/accounts/local/models/mine:validateUpload";

/** What pages tried: method, path, body. */
const attacks: [string, string, string][] = [
  ["POST", "/__emulator/reset", ""],
  ["POST", "/__emulator/reset/state", ""],
  ["POST", "/__emulator%2Freset", ""],
  ["POST", "/sandboxes/../__emulator/reset", ""],
  ["POST", "/__emulator/clock:advance", '{"by":"8d"}'],
  ["PATCH", "/__emulator/clock", '{"mode":"skip"}'],
  ["POST", "/__emulator/scripts", '{"match":{},"respond":{"text":"evil"}}'],
  ["POST", "/__emulator/faults", '{"respond":{"status":500}}'],
  ["POST", "/sandboxes", '{"name":"evil"}'],
  ["DELETE", "/v1/accounts/local/deployments/d?ignoreChecks=true", ""],
  ["PATCH", "/v1/accounts/local/deployments/d:scale", '{"replicaCount":0}'],
  ["POST", "/inference/v1/completions", COMPLETION],
  ["GET", VALIDATE, ""],
  ["HEAD", VALIDATE, ""],
  ["GET", VALIDATE.replace("models/mine", "models%2Fmine"), ""],
];

describe("a page on a server of the loopback", () => {
  let emulator: Emulator;
  beforeAll(async () => (emulator = await filled()));
  afterAll(() => emulator.close());

  const here = () => ({ host: `localhost:${portOf(emulator)}` });
  const foreign: [string, Record<string, string>][] = [
    ["of another origin, text/plain", { origin: "https://evil.example", "content-type": "text/plain" }],
    [
      "of another origin, a form",
      { origin: "https://evil.example", "content-type": "application/x-www-form-urlencoded" },
    ],
    ["of another port", { origin: "http://localhost:5173", "sec-fetch-site": "same-site", ...JSON_TYPE }],
    ["in a sandboxed frame", { origin: "null", "sec-fetch-site": "cross-site", "content-type": "text/plain" }],
    ["that hides its origin", { "sec-fetch-site": "cross-site", "content-type": "text/plain" }],
    ["of the same site without an origin", { "sec-fetch-site": "same-site", "content-type": "text/plain" }],
  ];
  test.each(foreign)("%s changes nothing", async (_, headers) => {
    for (const [method, path, body] of attacks) {
      const { status } = await ask(emulator.url, method, path, { ...here(), ...KEY, ...headers }, body);
      expect([method, path, status]).toEqual([method, path, 403]);
    }
    expect(await stateOf(emulator)).toEqual(untouched);
  });

  test("under a name of its own gets nothing at all", async () => {
    const port = portOf(emulator);
    for (const host of [
      `evil.example:${port}`,
      "evil.example",
      `127.0.0.1.evil.example:${port}`,
      `localhost.evil.example`,
      "evil",
    ])
      for (const [method, path, body] of [
        ...attacks,
        ["GET", "/__emulator/requests", ""],
        ["GET", "/health", ""],
        ["OPTIONS", "/__emulator/reset", ""],
        ["GET", "/nothing", ""],
      ] as const) {
        const origin = `http://${host}`;
        const answer = await ask(
          emulator.url,
          method,
          path,
          { host, origin, "sec-fetch-site": "same-origin", ...KEY, ...JSON_TYPE },
          body,
        );
        expect([host, method, path, answer.status]).toEqual([host, method, path, 403]);
        expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
      }
    expect(await stateOf(emulator)).toEqual(untouched);
  });

  test("a refused page leaves nothing behind: no row of the journal, and no other ID for those who come after", async () => {
    const before = await emulator.requests.count();
    const headers = { host: "localhost", origin: "http://evil.example", authorization: "Bearer k" };
    expect((await ask(emulator.url, "POST", "/inference/v1/completions", headers, COMPLETION)).status).toBe(403);
    expect((await ask(emulator.url, "POST", "/v1/accounts/local/users", headers, "{}")).status).toBe(403);
    expect(await emulator.requests.count()).toBe(before);
  });

  test("a refusal says what to do, in the words of its plane, and leaves no trace in the journal", async () => {
    const before = await emulator.requests.count();
    const headers = { host: "emu.test:3473" };
    const text =
      'the host "emu.test" is not served, because a web page could reach this server under a name of its own (DNS rebinding); to serve it, start the emulator with --allow-host emu.test';
    const own = await ask(emulator.url, "GET", "/__emulator/status", headers);
    expect(JSON.parse(own.text)).toEqual({ code: 7, message: text, details: [] });
    expect(own.headers).toMatchObject({
      "x-emulator": expect.stringMatching(/^fireworks-emulator\//),
      "x-request-id": expect.any(String),
    });
    const control = await ask(emulator.url, "GET", "/v1/accounts/local/deployments", headers);
    expect(JSON.parse(control.text)).toEqual({ code: 7, message: text, details: [] });
    const inference = await ask(emulator.url, "POST", "/inference/v1/completions", headers, COMPLETION);
    expect(JSON.parse(inference.text).error).toEqual({ message: text, param: null, code: "FORBIDDEN", type: "error" });
    expect(await emulator.requests.count()).toBe(before);

    const page = await ask(emulator.url, "POST", "/__emulator/reset", { origin: "https://a.test" });
    expect(JSON.parse(page.text).message).toMatch(
      /^a page of origin https:\/\/a\.test may not .* --cors https:\/\/a\.test /,
    );
  });

  test("preflights give no permission", async () => {
    const headers = { ...here(), origin: "https://evil.example", "access-control-request-method": "POST" };
    const { status, headers: got } = await ask(emulator.url, "OPTIONS", "/__emulator/reset", headers);
    expect([status, got["access-control-allow-origin"]]).toEqual([405, undefined]);
  });

  test("may read what it cannot see: events, and images", async () => {
    const headers = { ...here(), ...KEY, origin: "https://evil.example", "sec-fetch-site": "cross-site" };
    for (const path of [
      "/__emulator/status",
      "/v1/accounts/local/deployments/d",
      "/v1/accounts/local/models/mine/versions:count",
    ]) {
      const answer = await ask(emulator.url, "GET", path, headers);
      expect([path, answer.status, answer.headers["access-control-allow-origin"]]).toEqual([path, 200, undefined]);
    }
  });

  test("refusals of tricks with the request line and the Host header", async () => {
    const port = portOf(emulator);
    const statusOf = async (...lines: string[]) =>
      Number(
        /^HTTP\/1\.1 (\d+)/.exec(await write(emulator.url, [...lines, "connection: close", "", ""].join("\r\n")))?.[1],
      );
    const at = "GET /__emulator/status HTTP/1.1";
    expect(await statusOf(at, "host: localhost@evil.example")).toBeGreaterThanOrEqual(400);
    expect(await statusOf(at, "host: evil.example#localhost")).toBeGreaterThanOrEqual(400);
    expect(await statusOf(at, "host: evil.example.")).toBe(403);
    expect(await statusOf(at, "host: EVIL.EXAMPLE")).toBe(403);
    expect(await statusOf("GET http://evil.example/__emulator/status HTTP/1.1", `host: localhost:${port}`)).toBe(403);
    expect(await statusOf("GET http://localhost@evil.example/__emulator/status HTTP/1.1", "host: localhost")).toBe(403);
    expect(await statusOf("GET http://localhost/__emulator/status HTTP/1.1", "host: evil.example")).toBe(403);
    expect(await statusOf("GET http://localhost/__emulator/status HTTP/1.1", "host: localhost")).toBe(200);
    // of two, Node takes the first, and so does all behind it
    expect(await statusOf(at, "host: evil.example", "host: localhost")).toBeGreaterThanOrEqual(400);
    expect(await statusOf(at)).toBe(400);
  });
});
