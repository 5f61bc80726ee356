import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Emulator, EmulatorOptions } from "../../src/index.ts";
import { createEmulator } from "../../src/index.ts";
import { caller } from "../support/api.ts";
import { ask, write } from "../support/raw.ts";
import { baseModel } from "../support/upload.ts";

const KEY = { authorization: "Bearer fw_local" };
const JSON_TYPE = { "content-type": "application/json" };
const COMPLETION = JSON.stringify({ model: "accounts/fireworks/models/qwen3-8b", prompt: "hi", max_tokens: 1 });

const serve = (options: EmulatorOptions = {}) => createEmulator({ clock: "manual", port: 0, ...options });
const portOf = ({ url }: Emulator) => new URL(url).port;

describe("who may go on calling", () => {
  let emulator: Emulator;
  beforeAll(async () => (emulator = await serve()));
  afterAll(() => emulator.close());

  test.each([
    "localhost",
    "LOCALHOST:3473",
    "localhost.",
    "127.0.0.1:8080",
    "127.9.9.9",
    "[::1]:3473",
    "w1.localhost:3473",
    "host.docker.internal:3473",
    "host.containers.internal",
  ])("Host %s", async (host) => {
    for (let times = 0; times < 2; times += 1) {
      expect((await ask(emulator.url, "GET", "/__emulator/status", { host })).status).toBe(200);
      expect((await ask(emulator.url, "POST", "/inference/v1/completions", { host, ...KEY }, COMPLETION)).status).toBe(
        200,
      );
    }
  });

  test("probes of HTTP/1.0 that name no host", async () => {
    expect(await write(emulator.url, "GET /ready HTTP/1.0\r\n\r\n")).toMatch(
      /^HTTP\/1\.1 200 OK\r\n[^]*\{"status":"ready"\}$/,
    );
  });

  test("curl and SDKs: JSON as a form, and Node's own Sec-Fetch-Mode", async () => {
    const form = { "content-type": "application/x-www-form-urlencoded" };
    expect((await ask(emulator.url, "POST", "/__emulator/clock:advance", form, '{"by":"1s"}')).status).toBe(200);
    const response = await fetch(`${emulator.url}/__emulator/clock:advance`, { method: "POST", body: '{"by":"1s"}' });
    expect(response.status).toBe(200);
    expect((await ask(emulator.url, "POST", "/__emulator/reset/journal", { "sec-fetch-mode": "cors" })).status).toBe(
      200,
    );
  });

  test("a page of the server's own sends JSON as JSON", async () => {
    const host = `localhost:${portOf(emulator)}`;
    const page = { host, origin: `http://${host}`, "sec-fetch-site": "same-origin" };
    const advance = (type: string) =>
      ask(emulator.url, "POST", "/__emulator/clock:advance", { ...page, "content-type": type }, '{"by":"1s"}');
    expect((await advance("application/json")).status).toBe(200);
    expect((await advance("Application/JSON; charset=utf-8")).status).toBe(200);
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
      expect([type, (await advance(type)).status]).toEqual([type, 415]);
    expect(JSON.parse((await advance("text/plain")).text).message).toBe(
      'a page must send JSON with content-type application/json, got "text/plain"',
    );
    const sandbox = { ...page, "content-type": "text/plain" };
    expect((await ask(emulator.url, "POST", "/sandboxes", sandbox, '{"name":"w1"}')).status).toBe(415);
    // nothing is sent, and so nothing is taken for JSON
    expect((await ask(emulator.url, "POST", "/__emulator/reset/journal", page)).status).toBe(200);
    expect((await ask(emulator.url, "DELETE", "/__emulator/requests", page)).status).toBe(200);
  });

  test("a call without a socket, whatever it says", async () => {
    const headers = { host: "evil.example", origin: "https://evil.example", "sec-fetch-site": "cross-site" };
    const url = "http://evil.example/__emulator/reset/journal";
    expect((await emulator.fetch(url, { method: "POST", headers })).status).toBe(200);
  });

  test("more hosts than are remembered", async () => {
    const statuses = new Set<number>();
    for (let n = 0; n < 1_100; n += 50) {
      const hosts = Array.from({ length: 50 }, (_, k) => `w${n + k}.localhost`);
      const answers = await Promise.all(hosts.map((host) => ask(emulator.url, "GET", "/health", { host })));
      for (const { status } of answers) statuses.add(status);
    }
    expect([...statuses]).toEqual([200]);
    expect((await ask(emulator.url, "GET", "/health", { host: "localhost" })).status).toBe(200);
    expect((await ask(emulator.url, "GET", "/health", { host: "evil.example" })).status).toBe(403);
  });
});

describe("hosts that are not the machine's own", () => {
  test("--allow-host names them", async () => {
    await using emulator = await serve({ allowHosts: ["*.preview.test", "emu.test"] });
    const statusOf = async (host: string) => (await ask(emulator.url, "GET", "/health", { host })).status;
    expect([await statusOf("a.preview.test"), await statusOf("emu.test:80")]).toEqual([200, 200]);
    expect([await statusOf("preview.test"), await statusOf("a.emu.test"), await statusOf("emu")]).toEqual([
      403, 403, 403,
    ]);
    await using any = await serve({ allowHosts: ["*"] });
    expect((await ask(any.url, "GET", "/health", { host: "evil.example" })).status).toBe(200);
  });

  test("bound elsewhere: compose services and addresses", async () => {
    await using emulator = await serve({ host: "0.0.0.0", controlToken: "none" });
    const statusOf = async (host: string) => (await ask(emulator.url, "POST", "/__emulator/reset", { host })).status;
    for (const host of ["fireworks", "fireworks:3473", "my_emulator", "172.17.0.2:3473", "[fd00::2]:3473", "0.0.0.0"])
      expect([host, await statusOf(host)]).toEqual([host, 200]);
    expect(await statusOf("evil.example")).toBe(403);
    const page = { host: "fireworks:3473", origin: "https://evil.example" };
    expect((await ask(emulator.url, "POST", "/__emulator/reset", page)).status).toBe(403);
  });

  test("a deployment's own host, from when it is there", async () => {
    await using emulator = await serve();
    const host = "local-d.us-iowa-1.direct.fireworks.ai";
    const chat = JSON.stringify({ model: "m", messages: [{ role: "user", content: "hi" }] });
    const direct = (to: string, path = "/v1/chat/completions") =>
      ask(emulator.url, "POST", path, { host: to, authorization: "Bearer direct" }, chat);
    expect((await direct(host)).status).toBe(403);
    const call = caller(emulator);
    const body = {
      baseModel: "accounts/fireworks/models/llama-v3p2-3b-instruct",
      minReplicaCount: 1,
      directRouteType: "INTERNET",
      directRouteApiKeys: ["direct"],
      placement: { region: "US_IOWA_1" },
    };
    await call("POST", "/v1/accounts/local/deployments?deploymentId=d", body);
    await emulator.clock.advance("1h");
    const handle: string = (await call("GET", "/v1/accounts/local/deployments/d")).body.directRouteHandle;
    expect((await direct(handle)).status).toBe(200);
    expect((await direct(`${handle}:443`.toUpperCase())).status).toBe(200);
    expect((await direct(`x${handle}`)).status).toBe(403);
    expect((await direct(`${handle}.evil.example`)).status).toBe(403);
    expect((await direct(handle, "/__emulator/reset")).status).toBe(404);
    await emulator.reset();
    expect((await direct(handle)).status).toBe(404);
  });

  test("--public-url: its host, its pages, and every link", async () => {
    await using emulator = await serve({ publicUrl: "https://emu.test/" });
    const host = { host: "emu.test" };
    expect(JSON.parse((await ask(emulator.url, "GET", "/__emulator/status", host)).text).url).toBe("https://emu.test");
    const sandbox = await ask(emulator.url, "POST", "/sandboxes", host, '{"name":"w1"}');
    expect(JSON.parse(sandbox.text).url).toBe("https://emu.test/sandboxes/w1");
    // a proxy may put the address that it calls into Host
    const page = { origin: "https://emu.test", "sec-fetch-site": "same-origin" };
    expect((await ask(emulator.url, "POST", "/__emulator/reset/journal", page)).status).toBe(200);
    expect((await ask(emulator.url, "POST", "/__emulator/reset/journal", { origin: "https://b.test" })).status).toBe(
      403,
    );

    const call = caller(emulator);
    await call("POST", "/sandboxes/w1/v1/accounts/local/models", { modelId: "mine", model: baseModel });
    const { body } = await call("POST", "/sandboxes/w1/v1/accounts/local/models/mine:getUploadEndpoint", {
      filenameToSize: { "config.json": 10 },
      enableResumableUpload: true,
    });
    const signed = body.filenameToSignedUrls["config.json"] as string;
    expect(signed).toMatch(/^https:\/\/emu\.test\/sandboxes\/w1\/__emulator\/files\?/);
    const started = await ask(emulator.url, "POST", signed.slice("https://emu.test".length), {
      "x-goog-resumable": "start",
    });
    expect([started.status, started.headers.location]).toEqual([201, signed]);
  });

  test("the library says what it expected", async () => {
    await expect(serve({ allowHosts: ["http://a"] })).rejects.toThrow(
      'allowHosts: expected a host name, *.suffix or *, got "http://a"',
    );
    await expect(serve({ publicUrl: "emu.test" })).rejects.toThrow("publicUrl: expected a URL such as");
  });
});

describe("--cors", () => {
  const PAGE = "http://localhost:5173";
  const page = { origin: PAGE, "sec-fetch-site": "same-site", ...JSON_TYPE };

  test("names the origin whose pages may change things", async () => {
    await using emulator = await serve({ cors: PAGE });
    const answer = await ask(emulator.url, "POST", "/__emulator/clock:advance", page, '{"by":"1s"}');
    expect([answer.status, answer.headers["access-control-allow-origin"]]).toEqual([200, PAGE]);
    const other = { ...page, origin: "http://localhost:5174" };
    expect((await ask(emulator.url, "POST", "/__emulator/clock:advance", other, '{"by":"1s"}')).status).toBe(403);
    const preflight = { ...page, "access-control-request-method": "POST" };
    const asked = await ask(emulator.url, "OPTIONS", "/__emulator/reset", preflight);
    expect([asked.status, asked.headers["access-control-allow-origin"]]).toEqual([204, PAGE]);
  });

  test("* names all of them, but no host", async () => {
    await using emulator = await serve({ cors: "*" });
    const all = { origin: "null", "sec-fetch-site": "cross-site", ...JSON_TYPE };
    expect((await ask(emulator.url, "POST", "/__emulator/clock:advance", all, '{"by":"1s"}')).status).toBe(200);
    expect((await ask(emulator.url, "GET", "/health", { host: "evil.example" })).status).toBe(403);
  });
});
