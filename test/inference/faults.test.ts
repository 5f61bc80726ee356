import { join } from "node:path";
import { InternalServerError, OpenAI } from "openai";
import { describe, expect, test } from "vitest";
import { createEmulator } from "../../src/index.ts";
import { caller, fresh, SERVERLESS, SMALL } from "../support/api.ts";
import { newFolder } from "../support/dump.ts";

const CHAT = "/v1/chat/completions";
const body = { model: SERVERLESS, messages: [{ role: "user" as const, content: "Why is the sea salty?" }] };
const key = { authorization: "Bearer k" };

async function faulty(...faults: any[]) {
  const { emulator, call } = await fresh({ seed: 3 });
  for (const fault of faults) await emulator.faults.create(fault);
  const ask = (more: object = {}, headers: Record<string, string> = {}) =>
    call("POST", CHAT, { ...body, ...more }, { ...key, ...headers });
  return { emulator, call, ask };
}

describe("an answer instead", () => {
  test.each<[object, number, object]>([
    [
      { status: 429 },
      429,
      { code: "RATE_LIMIT_EXCEEDED", type: "error", message: expect.stringContaining("exceeded your rate limit") },
    ],
    [{ status: 503, message: "later" }, 503, { code: "SERVICE_UNAVAILABLE", message: "later" }],
    [
      { code: "service_overloaded" },
      503,
      { object: "error", code: "invalid_request_error", message: "service overloaded, please try again later" },
    ],
    [{ code: "too_many_requests" }, 429, { object: "error", code: "too_many_requests" }],
    [{ code: "DEPLOYMENT_SCALING_UP" }, 503, { code: "DEPLOYMENT_SCALING_UP" }],
    [
      { code: "PRECONDITION_FAILED" },
      412,
      { code: "PRECONDITION_FAILED", message: expect.stringContaining("is suspended") },
    ],
    [{ code: "PAYMENT_REQUIRED" }, 402, { code: "PAYMENT_REQUIRED" }],
    [{ code: "GATEWAY_TIMEOUT" }, 504, { code: "GATEWAY_TIMEOUT", message: "Gateway timeout" }],
    [{ code: "REQUEST_TIMEOUT" }, 408, { code: "REQUEST_TIMEOUT" }],
    [{ code: "BAD_GATEWAY" }, 502, { code: "BAD_GATEWAY" }],
    [{ code: "FORBIDDEN" }, 403, { code: "FORBIDDEN" }],
    [{ code: "model_not_ready" }, 425, { code: "model_not_ready" }],
    [{ status: 520, code: "ODD" }, 520, { code: "ODD" }],
  ])("%j", async (respond, status, error) => {
    const { ask } = await faulty({ respond });
    const answer = await ask();
    expect([answer.status, answer.body.error]).toEqual([status, expect.objectContaining(error)]);
    expect((await (await faulty()).ask({}, { "x-emulator-fault": JSON.stringify({ respond }) })).status).toBe(status);
  });

  test("n times, with headers, then no more", async () => {
    const { ask, emulator } = await faulty({ times: 2, respond: { status: 429, headers: { "retry-after": "7" } } });
    const answers = [await ask(), await ask(), await ask()];
    expect(answers.map(({ status }) => status)).toEqual([429, 429, 200]);
    expect(answers[0]!.headers.get("retry-after")).toBe("7");
    expect((await emulator.faults.list())[0]).toMatchObject({ happened: 2, times: 2 });
  });

  test("with a probability, the same from the same seed", async () => {
    const statuses = async () => {
      const { ask } = await faulty({ id: "half", probability: 0.5, respond: { status: 500 } });
      const found: number[] = [];
      for (let turn = 0; turn < 40; turn += 1) found.push((await ask()).status);
      return found;
    };
    const once = await statuses();
    expect(once.filter((status) => status === 500).length).toBeGreaterThan(8);
    expect(once.filter((status) => status === 200).length).toBeGreaterThan(8);
    expect(await statuses()).toEqual(once);
  });

  test.each<[string, object, boolean]>([
    ["a method", { method: "POST" }, true],
    ["another method", { method: "GET" }, false],
    ["a path", { path: "/v1/chat/*" }, true],
    ["another path", { path: "/v1/completions" }, false],
    ["a model", { model: "llama-*" }, true],
    ["another model", { model: "qwen*" }, false],
    ["a deployment", { deployment: "*" }, false],
    ["the account", { account: "local" }, true],
  ])("matches by %s", async (_, match, happens) => {
    const { ask } = await faulty({ match, respond: { status: 500 } });
    expect((await ask()).status).toBe(happens ? 500 : 200);
  });

  test("on the control plane in its envelope, by deployment", async () => {
    const { call } = await faulty({ match: { deployment: "d" }, respond: { status: 503 } });
    await call("POST", "/v1/accounts/local/deployments?deploymentId=d", { baseModel: SMALL });
    const { status, body: answer } = await call("GET", "/v1/accounts/local/deployments/d");
    expect([status, answer]).toEqual([503, { code: 14, message: "Service unavailable", details: [] }]);
    expect((await call("GET", "/__emulator/status", undefined, {})).status).toBe(200);
  });
});

describe("a stream that goes wrong", () => {
  const stream = { stream: true };

  test("a chunk that is no JSON, and an error in the middle", async () => {
    const broken = (await (await faulty({ corruptChunk: 3 })).ask(stream)).text.split("\n\n");
    expect(() => JSON.parse(broken[1]!.slice(6))).not.toThrow();
    expect(() => JSON.parse(broken[2]!.slice(6))).toThrow();
    const failed = (await (await faulty({ errorAfterChunks: 2 })).ask(stream)).text.split("\n\n");
    expect(failed).toHaveLength(4);
    expect(JSON.parse(failed[2]!.slice(6)).error).toMatchObject({ object: "error", code: "internal_server_error" });
  });

  test("a body that is no JSON", async () => {
    const { ask } = await faulty({ corruptChunk: 1, times: 1 });
    expect((await ask()).body).toBeUndefined();
    expect((await ask()).status).toBe(200);
  });

  test("over a socket: the connection is cut after k chunks, or nothing more comes", async () => {
    await using emulator = await createEmulator({ port: 0 });
    const read = async (fault: object): Promise<{ frames: number; end: string }> => {
      const abort = new AbortController();
      const response = await fetch(`${emulator.url}${CHAT}`, {
        method: "POST",
        signal: abort.signal,
        headers: { ...key, "x-emulator-fault": JSON.stringify(fault) },
        body: JSON.stringify({ ...body, stream: true }),
      });
      let text = "";
      const timer = setTimeout(() => abort.abort(), 300);
      try {
        for await (const chunk of response.body!) text += Buffer.from(chunk).toString();
        return { frames: text.split("\n\n").length - 1, end: "end" };
      } catch {
        return { frames: text.split("\n\n").length - 1, end: abort.signal.aborted ? "stalled" : "cut" };
      } finally {
        clearTimeout(timer);
      }
    };
    expect(await read({ disconnectAfterChunks: 4 })).toEqual({ frames: 4, end: "cut" });
    expect(await read({ stallAfterChunks: 2 })).toEqual({ frames: 2, end: "stalled" });
  });

  test("a delay is world time", async () => {
    const { emulator } = await faulty({ delay: "30s" });
    let status = 0;
    void emulator
      .fetch(`${emulator.url}${CHAT}`, { method: "POST", headers: key, body: JSON.stringify(body) })
      .then((response) => (status = response.status));
    await new Promise((resolve) => setTimeout(resolve, 10));
    await emulator.clock.advance("29s");
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(status).toBe(0);
    await emulator.clock.advance("1s");
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(status).toBe(200);
  });
});

test("the OpenAI client retries what it should", async () => {
  await using emulator = await createEmulator({ port: 0 });
  const client = new OpenAI({ apiKey: "k", baseURL: `${emulator.url}/inference/v1`, maxRetries: 2 });
  await emulator.faults.create({ times: 2, respond: { status: 503, headers: { "retry-after-ms": "1" } } });
  expect((await client.chat.completions.create(body)).choices[0]!.finish_reason).toBe("stop");
  await emulator.faults.create({ respond: { status: 500, headers: { "retry-after-ms": "1" } } });
  await expect(client.chat.completions.create(body)).rejects.toBeInstanceOf(InternalServerError);
  expect((await emulator.faults.list()).map(({ happened }) => happened)).toEqual([2, 3]);
});

test("faults and what is left of them survive a restart; a reset ends them", async () => {
  const options = { database: join(newFolder(), "e.db"), clock: "manual" } as const;
  const one = await createEmulator(options);
  await one.faults.create({ times: 2, respond: { status: 500 } });
  expect((await caller(one)("POST", CHAT, body)).status).toBe(500);
  await one.close();
  const two = await createEmulator(options);
  expect((await caller(two)("POST", CHAT, body)).status).toBe(500);
  expect((await caller(two)("POST", CHAT, body)).status).toBe(200);
  await two.reset("faults");
  expect(await two.faults.list()).toEqual([]);
  await two.close();
});

test.each([
  [{}, "give one of respond, delay"],
  [{ respond: {} }, "give status, code or both"],
  [{ delay: "soon" }, 'delay: expected a span such as "90s", "1h30m" or "7d", got "soon"'],
  [{ respond: { status: 200 } }, "respond.status"],
])("%j is refused", async (fault, message) => {
  const { call } = await fresh();
  const { status, body: answer } = await call("POST", "/__emulator/faults", fault);
  expect([status, answer.message]).toEqual([400, expect.stringContaining(message)]);
  expect((await call("POST", CHAT, body, { ...key, "x-emulator-fault": "{" })).status).toBe(400);
});
