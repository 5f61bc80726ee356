import { mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { accept, countMatches } from "../../src/core/generation/speculation.ts";
import { createEmulator } from "../../src/index.ts";
import { caller, fresh, SERVERLESS, SMALL } from "../support/api.ts";
import { inFolder } from "../support/dump.ts";
import { chunksOf } from "../support/fold.ts";

const PATH = "/inference/v1/chat/completions";
const messages = [{ role: "user", content: "Why is the sea salty?" }];

describe("predicted outputs", () => {
  test("tell how much was right, and make the answer come sooner", async () => {
    const { call } = await fresh();
    const plain = await call("POST", PATH, { model: SERVERLESS, messages, max_tokens: 100 });
    const text: string = plain.body.choices[0].message.content;
    const time = ({ headers }: { headers: Headers }): number =>
      Number(headers.get("fireworks-server-processing-time")) -
      Number(headers.get("fireworks-server-time-to-first-token"));
    expect(plain.headers.get("fireworks-speculation-prompt-tokens")).toBeNull();
    const ask = (more: object) =>
      call("POST", PATH, { model: SERVERLESS, messages, max_tokens: 100, seed: 1, ...more });
    const said: string = (await ask({})).body.choices[0].message.content;
    expect(said).not.toBe(text);
    const right = await ask({ prediction: { type: "content", content: said } });
    const tokens = right.headers.get("fireworks-speculation-prompt-tokens");
    expect(Number(tokens)).toBeGreaterThan(20);
    expect(right.headers.get("fireworks-speculation-prompt-matched-tokens")).toBe(tokens);
    expect(right.body.choices[0].message.content).toBe(said);
    const wrong = await ask({ speculation: "0 0 0" });
    expect(wrong.headers.get("fireworks-speculation-prompt-matched-tokens")).toBe("0");
    expect(time(right)).toBeLessThan(time(wrong) / 2);
    const metrics = await ask({ prediction: said, perf_metrics_in_response: true });
    expect(metrics.body.perf_metrics["speculation-prompt-matched-tokens"]).toBe(tokens);
  });

  test("may differ in the middle", () => {
    expect(countMatches(["a", "b", "c", "d"], ["a", "x", "c", "d"])).toBe(3);
    expect(countMatches(["a", "b"], ["b", "a"])).toBe(1);
    expect(countMatches([], ["a"])).toBe(0);
  });
});

describe("a deployment's draft model", () => {
  test("tells its acceptance by position; a request can set the chances", async () => {
    const { call, emulator } = await fresh();
    await call("POST", "/v1/accounts/local/deployments?deploymentId=d", { baseModel: SMALL, draftTokenCount: 3 });
    await emulator.clock.advance({ until: "settled" });
    const model = "accounts/local/deployments/d";
    const { headers, body } = await call("POST", PATH, { model, messages, max_tokens: 60 });
    const own = accept(3, body.usage.completion_tokens, undefined);
    expect(headers.get("fireworks-speculation-generated-tokens")).toBe(String(own.generated));
    expect(headers.get("fireworks-speculation-acceptance")).toBe(
      own.hits.map((hit, at) => `${at + 1}:${hit}/${own.rounds}`).join(","),
    );
    const set = await call("POST", PATH, { model, messages, max_tokens: 60, acceptance_probs_override: [1, 0, 0] });
    expect(set.headers.get("fireworks-speculation-acceptance")).toMatch(/^1:(\d+)\/\1,2:0\/\d+,3:0\/\d+$/);
  });
});

describe("choices side by side", () => {
  test("of several choices a stream tells a chunk of each in turn; the last to end has the usage", async () => {
    const { call } = await fresh();
    const { text } = await call("POST", PATH, { model: SERVERLESS, messages, n: 3, stream: true, max_tokens: 40 });
    const order = chunksOf(text).map(({ choices }) => choices[0].index as number);
    expect(order.slice(0, 9)).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2]);
    const chunks = chunksOf(text);
    expect(chunks.filter(({ usage }) => usage !== null)).toEqual([chunks.at(-1)]);
    expect(
      new Set(chunks.filter(({ choices }) => choices[0].finish_reason).map(({ choices }) => choices[0].index)).size,
    ).toBe(3);
  });
});

describe("the experts of a token", () => {
  test("are told where the model has some, and logprobs are asked for", async () => {
    const { call } = await fresh();
    const ask = (more: object) =>
      call("POST", PATH, { messages, max_tokens: 3, include_routing_matrix: true, ...more });
    const { body } = await ask({ model: "accounts/fireworks/models/kimi-k2p6", logprobs: true });
    for (const { routing_matrix: matrix } of body.choices[0].logprobs.content)
      expect(Buffer.from(matrix, "base64")).toHaveLength(8);
    const dense = (await ask({ model: SERVERLESS, logprobs: true })).body.choices[0].logprobs.content;
    expect(dense[0]).not.toHaveProperty("routing_matrix");
    const refused = await ask({ model: SERVERLESS });
    expect([refused.status, refused.body.error.message]).toEqual([
      400,
      "include_routing_matrix requires logprobs to be true",
    ]);
  });
});

test("a model may demand a stream for long answers", () =>
  inFolder(async (folder) => {
    mkdirSync(`${folder}/catalog`);
    const model = {
      id: "talker",
      displayName: "Talker",
      maker: "acme",
      modelType: "llama",
      parametersB: 8,
      contextLength: 32_768,
      bodyTokensMax: 4096,
      createTime: "2026-01-01T00:00:00Z",
      serverless: true,
    };
    writeFileSync(`${folder}/catalog/models.json`, JSON.stringify({ models: [model] }));
    await using emulator = await createEmulator({ clock: "manual", fixtures: [folder] });
    const ask = (more: object) =>
      caller(emulator)("POST", PATH, { model: "accounts/fireworks/models/talker", messages, ...more });
    const { status, body } = await ask({ max_tokens: 4097 });
    expect(status).toBe(400);
    expect(body.error.message).toBe("Requests with max_tokens > 4096 must have stream=true");
    expect((await ask({ max_tokens: 4096 })).status).toBe(200);
    expect((await ask({ max_tokens: 4097, stream: true })).status).toBe(200);
  }));
