import { describe, expect, test } from "vitest";
import { createClient } from "../../src/client/client.ts";
import type { EmulatorOptions } from "../../src/index.ts";
import { createEmulator } from "../../src/index.ts";
import { fresh, SERVERLESS } from "../support/api.ts";
import { chunksOf } from "../support/fold.ts";

const CHAT = "/v1/chat/completions";
const messages = [{ role: "user", content: "hello" }];
const EMBEDDER = "nomic-ai/nomic-embed-text-v1.5";

async function scripted(respond: any, options: EmulatorOptions = {}, match: any = {}) {
  const { emulator, call } = await fresh(options);
  await emulator.scripts.create({ match, respond });
  const ask = (more: object = {}) => call("POST", CHAT, { model: SERVERLESS, messages, ...more });
  return { emulator, call, ask };
}

describe("chunks of a script", () => {
  test("are told at their offsets, where answers take their time", async () => {
    const chunks = [{ text: "one", at: "100ms" }, { text: " two", at: "250ms" }, " three", { text: " four", at: "1s" }];
    await using emulator = await createEmulator({ port: 0, clock: "manual", pace: "on" });
    await emulator.scripts.create({ respond: { reasoning: "hm", chunks } });
    const asked = fetch(`${emulator.url}${CHAT}`, {
      method: "POST",
      headers: { authorization: "Bearer k" },
      body: JSON.stringify({ model: SERVERLESS, messages, stream: true }),
    });
    const client = createClient(emulator.url);
    while ((await client.requests.list()).length === 0);
    await emulator.clock.advance("100ms");
    const reader = (await asked).body!.getReader();
    const read = async (): Promise<string> => {
      const { value } = await reader.read();
      const texts = new TextDecoder().decode(value).matchAll(/"content":"([^"]*)"/g);
      return [...texts].map(([, text]) => text).join("|");
    };
    expect(await read()).toBe("one");
    await emulator.clock.advance("150ms");
    expect(await read()).toBe(" two| three");
    await emulator.clock.advance("750ms");
    expect(await read()).toBe(" four");
    const [entry] = await emulator.requests.list();
    expect(entry!.stream).toMatchObject({
      firstTokenTime: "2026-01-01T00:00:00.100Z",
      endTime: "2026-01-01T00:00:01Z",
    });
  });

  test("have the logprobs that they are given", async () => {
    const chunks = [{ text: "yes", logprob: -0.25, topLogprobs: { no: -1.5 } }, "!"];
    const { ask } = await scripted({ chunks });
    const { content } = (await ask({ logprobs: true, top_logprobs: 2 })).body.choices[0].logprobs;
    expect(content[0]).toMatchObject({ token: "yes", logprob: -0.25, sampling_logprob: -0.25 });
    expect(content[0].top_logprobs.map(({ token, logprob }: any) => [token, logprob])).toEqual([
      ["yes", -0.25],
      ["no", -1.5],
    ]);
    expect(content[1]).toMatchObject({ token: "!" });
  });

  test("a span that is none, and chances above one, are refused", async () => {
    const { call } = await fresh();
    const bad = await call("POST", "/__emulator/scripts", { respond: { chunks: [{ text: "x", at: "soon" }] } });
    expect([bad.status, bad.body.message]).toEqual([
      400,
      'respond: at: expected a span such as "120ms" or "1.5s", got "soon"',
    ]);
    const likely = await call("POST", "/__emulator/scripts", { respond: { chunks: [{ text: "x", logprob: 1 }] } });
    expect(likely.status).toBe(400);
  });
});

describe("events of a script", () => {
  const events = [
    { data: { choices: [{ index: 0, delta: { content: "raw {{lastUserMessage}}" } }] } },
    { event: "ping", data: "two\nlines", at: "2s" },
    { data: "[DONE]" },
  ];
  const text =
    'data: {"choices":[{"index":0,"delta":{"content":"raw hello"}}]}\n\nevent: ping\ndata: two\ndata: lines\n\ndata: [DONE]\n\n';

  test("are sent as they are, and written down", async () => {
    const { ask, emulator } = await scripted({ events, headers: { "x-own": "1" } });
    const answer = await ask({ stream: true });
    expect([answer.status, answer.text]).toEqual([200, text]);
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
    expect(answer.headers.get("x-own")).toBe("1");
    expect((await emulator.requests.list())[0]).toMatchObject({ responseBody: text, stream: { chunks: 3 } });
  });

  test("come in their time", async () => {
    const { ask } = await scripted({ events }, { clock: "skip", pace: "on" });
    expect((await ask()).text).toBe(text);
  });
});

describe("scripts for vectors and rankings", () => {
  test("answer with a body or an error; those that answer in words are for others", async () => {
    const { emulator, call } = await fresh();
    await emulator.scripts.create({ respond: { text: "words" } });
    const ask = (input: string) => call("POST", "/v1/embeddings", { model: EMBEDDER, input });
    expect((await ask("one")).body.data[0].embedding).toHaveLength(768);
    await emulator.scripts.create({
      match: { endpoint: "embeddings", lastUserMessage: "one" },
      respond: { body: { data: [{ embedding: [1, 0] }] } },
    });
    expect((await ask("one")).body).toEqual({ data: [{ embedding: [1, 0] }] });
    expect((await ask("two")).body.data[0].embedding).toHaveLength(768);
    await emulator.scripts.create({
      match: { endpoint: "rerank", prompt: "sea" },
      respond: { error: { code: "service_overloaded" } },
    });
    const ranked = { model: "fireworks/qwen3-reranker-8b", query: "q", documents: ["the sea"] };
    expect((await call("POST", "/v1/rerank", ranked)).status).toBe(503);
  });

  test("with --strict they are refused like the rest", async () => {
    const { emulator, call } = await fresh({ strict: true });
    await emulator.scripts.create({ id: "chatty", respond: { text: "words" } });
    const { status, body } = await call("POST", "/v1/embeddings", { model: EMBEDDER, input: "x" });
    expect(status).toBe(503);
    expect(body.error.message).toContain("chatty (respond: expected a body or an error for embeddings)");
  });
});

test("usage of a script can say what was cached", async () => {
  const { ask } = await scripted({ text: "x", usage: { promptTokens: 100, cachedTokens: 64 } });
  const { body, headers } = await ask();
  expect(body.usage).toMatchObject({ prompt_tokens: 100, prompt_tokens_details: { cached_tokens: 64 } });
  expect(headers.get("fireworks-cached-prompt-tokens")).toBe("64");
  expect(chunksOf((await ask({ stream: true })).text).at(-1).usage).toEqual(body.usage);
});
