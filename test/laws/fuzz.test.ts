import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chatRequest } from "../../src/schema/chat.ts";
import { completionRequest } from "../../src/schema/completion.ts";
import { embeddingRequest, rerankRequest } from "../../src/schema/embedding.ts";
import { responseRequest } from "../../src/schema/response.ts";
import { messageRequest } from "../../src/schema/message.ts";
import { fresh, SERVERLESS } from "../support/api.ts";
import { bodies } from "../support/bodies.ts";

/** `npm run test:long` (SEEDS=2000) makes 10,000 of each. */
const RUNS = Number(process.env["SEEDS"] ?? 100) * 5;

const model = fc.constantFrom(
  SERVERLESS,
  "accounts/fireworks/models/qwen3-8b",
  "accounts/fireworks/models/gpt-oss-20b",
);

describe("any body is answered or refused", () => {
  test.each([
    ["/v1/completions", Object.keys(completionRequest.shape), { prompt: "a" }],
    ["/v1/chat/completions", Object.keys(chatRequest.shape), { messages: [{ role: "user", content: "a" }] }],
    ["/v1/messages", Object.keys(messageRequest.shape), { messages: [{ role: "user", content: "a" }] }],
    ["/v1/responses", Object.keys(responseRequest.shape), { input: "a" }],
    ["/v1/embeddings", Object.keys(embeddingRequest.shape), { input: "a", dimensions: 8 }],
    ["/v1/rerank", Object.keys(rerankRequest.shape), { query: "a", documents: ["a", "b"] }],
  ] as const)("%s", { timeout: 600_000 }, async (path, fields, start) => {
    const { call } = await fresh({ journalMax: 10 });
    await fc.assert(
      fc.asyncProperty(model, bodies([...fields], { max_tokens: 20, ...start }), async (name, body) => {
        const { status, text } = await call("POST", path, { model: name, ...body });
        expect([200, 400, 404], text).toContain(status);
      }),
      { numRuns: RUNS },
    );
  });

  test("text that is no JSON is refused", async () => {
    const { call } = await fresh();
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary" }), async (body) => {
        expect((await call("POST", "/v1/chat/completions", body || " ")).status).toBe(400);
      }),
      { numRuns: RUNS },
    );
  });
});
