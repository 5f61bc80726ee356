import { describe, expect, test } from "vitest";
import { fresh, SERVERLESS, SMALL } from "../support/api.ts";

const COMPLETIONS = "/inference/v1/completions";
const good = { model: SERVERLESS, prompt: "hi" };
const engine = (message: string) => ({
  error: { object: "error", type: "invalid_request_error", code: "invalid_request_error", message },
});
const gateway = (message: string, code: string, param: string | null = null) => ({
  error: { message, param, code, type: "error" },
  request_id: expect.stringMatching(/^(chatcmpl-[0-9a-f]{32}|[0-9a-f-]{36})$/),
});

describe("inference errors (inference §7.2)", () => {
  const bad: [string, unknown, string][] = [
    ["unknown field", { ...good, nonsense: 5 }, "Extra inputs are not permitted, field: 'nonsense', value: 5"],
    ["range", { ...good, temperature: 3 }, "temperature must be between 0 and 2: 3"],
    ["logprobs range", { ...good, logprobs: 20 }, "logprobs must be between 0 and 5: 20"],
    ["missing", { model: SERVERLESS }, "Field required, field: 'prompt'"],
    ["type", { ...good, max_tokens: "ten" }, "Input should be a valid number, field: 'max_tokens', value: ten"],
    [
      "both limits",
      { ...good, max_tokens: 1, max_completion_tokens: 2 },
      "max_tokens and max_completion_tokens cannot both be set",
    ],
    ["not an object", "[1]", "Input should be a valid object"],
  ];
  test.each(bad)("400: %s", async (_, body, message) => {
    const { call } = await fresh();
    const answer = await call("POST", COMPLETIONS, body);
    expect(answer).toMatchObject({ status: 400, body: engine(message) });
  });

  test("400: nested paths, as clients grep them", async () => {
    const { call } = await fresh();
    const messages = [
      { role: "user", content: "a" },
      { role: "assistant", content: "b", reasoning: "c" },
    ];
    const { status, body } = await call("POST", "/v1/chat/completions", { model: SERVERLESS, messages });
    expect({ status, body }).toEqual({
      status: 400,
      body: engine("Extra inputs are not permitted, field: 'messages[1].reasoning', value: c"),
    });
  });

  test("400: malformed JSON, in both planes", async () => {
    const { call } = await fresh();
    expect((await call("POST", COMPLETIONS, "{nope")).body.error).toMatchObject({
      type: "invalid_request_error",
      message: expect.stringMatching(/^Invalid JSON: /),
    });
    expect((await call("POST", "/v1/accounts/a/deployments", "{nope")).body).toMatchObject({
      code: 3,
      message: expect.stringMatching(/^proto: syntax error/),
    });
  });

  test("400: the prompt is too long, in the words that clients look for", async () => {
    const { call } = await fresh();
    const prompt = "word ".repeat(45_000);
    const { status, body } = await call("POST", COMPLETIONS, { model: "accounts/fireworks/models/qwen3-8b", prompt });
    expect(status).toBe(400);
    expect(body.error.message).toMatch(/^The prompt is too long: \d+, model maximum context length: 40960$/);
  });

  test("401: no key, wrong key; 403 for a wrong key on the control plane", async () => {
    const { call } = await fresh({ auth: "known" });
    const text = gateway("The API key you provided is invalid.", "UNAUTHORIZED");
    expect(await call("POST", COMPLETIONS, good, {})).toMatchObject({ status: 401, body: text });
    expect(await call("POST", COMPLETIONS, good, { authorization: "Bearer fw_nobody" })).toMatchObject({
      status: 401,
      body: text,
    });
    expect(await call("GET", "/v1/accounts", undefined, { authorization: "Bearer fw_nobody" })).toMatchObject({
      status: 403,
      body: text,
    });
    expect((await call("GET", "/v1/accounts", undefined, { "x-api-key": "fw_local" })).status).toBe(200);
  });

  test.each([
    "accounts/fireworks/models/none",
    "none",
    "accounts/acme/deployments/none",
    `${SMALL}#accounts/acme/deployments/none`,
    SMALL,
    "",
    "a/b/c",
    "accounts/x/y/z",
    "constructor",
    "accounts/a/constructor/b",
  ])("404: model %s", async (model) => {
    const { call } = await fresh();
    const answer = await call("POST", COMPLETIONS, { model, prompt: "hi" });
    expect(answer).toMatchObject({
      status: 404,
      body: gateway("Model not found, inaccessible, and/or not deployed", "NOT_FOUND", "model"),
    });
  });

  test("404 and 405: unknown path, unknown verb, wrong method", async () => {
    const { call } = await fresh();
    const path = gateway("Path not found", "NOT_FOUND");
    for (const [method, at] of [
      ["GET", "/nothing"],
      ["POST", "/inference/v1/v1/messages"],
      ["POST", "/v1/accounts/a/deployments/d:fly"],
      ["GET", "/v1/accounts/a/deployments/d/!scale"],
      ["GET", "/v1/accounts/a/widgets"],
    ] as const) {
      expect(await call(method, at), `${method} ${at}`).toMatchObject({ status: 404, body: path });
    }
    const method = gateway("Method not allowed", "METHOD_NOT_ALLOWED");
    for (const [verb, at] of [
      ["GET", COMPLETIONS],
      ["PUT", "/v1/accounts/a/deployments"],
      ["DELETE", "/__emulator/clock"],
      ["PATCH", "/v1/chat/completions"],
    ] as const) {
      expect(await call(verb, at), `${verb} ${at}`).toMatchObject({ status: 405, body: method });
    }
  });

  test("413: a body over the limit, declared or not, and the server lives", async () => {
    const { call, emulator } = await fresh({ maxBodyBytes: 1000 });
    const body = JSON.stringify({ ...good, prompt: "x".repeat(2000) });
    const declared = await call("POST", COMPLETIONS, body, {
      authorization: "Bearer k",
      "content-length": String(body.length),
    });
    expect(declared).toMatchObject({
      status: 413,
      body: gateway("Request body is larger than 1000 bytes", "PAYLOAD_TOO_LARGE"),
    });
    expect((await call("POST", COMPLETIONS, body)).status).toBe(413);
    expect((await emulator.fetch(`${emulator.url}/health`)).status).toBe(200);
  });

  test("429: a replica serves its concurrency, queues as many again, and refuses the rest", async () => {
    const { call, emulator } = await fresh();
    await call("POST", "/v1/accounts/acme/deployments?deploymentId=d", {
      baseModel: SMALL,
      maxConcurrencyPerReplica: 2,
    });
    await emulator.clock.advance({ until: "settled" });
    const ask = (n: number) =>
      call("POST", COMPLETIONS, { model: "accounts/acme/deployments/d", prompt: `tell me ${n}` });
    const answers = [await ask(0), await ask(1), await ask(2), await ask(3), await ask(4)];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 429]);
    expect(
      answers.slice(0, 4).map(({ headers }) => Number(headers.get("fireworks-prefill-queue-duration")) > 0),
    ).toEqual([false, false, true, true]);
    expect(answers[4]!.body).toEqual({
      error: {
        object: "error",
        type: "invalid_request_error",
        code: "too_many_requests",
        message: "Request didn't generate first token before the given deadline, the service is overloaded",
      },
    });
    await emulator.clock.advance("30s");
    expect((await ask(4)).status).toBe(200);
  });

  test("503: scaled to zero; the refused request wakes it; then 200", async () => {
    const { call, emulator } = await fresh();
    await call("POST", "/v1/accounts/acme/deployments?deploymentId=d", { baseModel: SMALL });
    await emulator.clock.advance("2h");
    const ask = () => call("POST", COMPLETIONS, { model: "accounts/acme/deployments/d", prompt: "hi" });
    expect(await ask()).toMatchObject({
      status: 503,
      body: {
        error: {
          message:
            "Deployment is currently scaled to zero and is scaling up. Please retry your request in a few minutes.",
          code: "DEPLOYMENT_SCALING_UP",
          type: "error",
        },
      },
    });
    expect((await ask()).status).toBe(503);
    await emulator.clock.advance("3s");
    expect((await ask()).status).toBe(200);
  });
});
