import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chatRequest } from "../../src/schema/chat.ts";
import { completionRequest } from "../../src/schema/completion.ts";
import { embeddingRequest, rerankRequest } from "../../src/schema/embedding.ts";
import { responseRequest } from "../../src/schema/response.ts";
import { messageRequest } from "../../src/schema/message.ts";
import { fresh, SERVERLESS } from "../support/api.ts";

/** `npm run test:long` (SEEDS=2000) makes 10,000 of each. */
const RUNS = Number(process.env["SEEDS"] ?? 100) * 5;

const schemaLike = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.dictionary(
    fc.constantFrom(
      "type",
      "properties",
      "items",
      "anyOf",
      "allOf",
      "$ref",
      "enum",
      "required",
      "minItems",
      "pattern",
      "minimum",
    ),
    fc.oneof(
      fc.constantFrom("object", "array", "string", "integer", "#", "#/properties/a", "^(a+)+$", 3, 1e9, [], ["a"]),
      fc.dictionary(fc.constantFrom("a", "type", "$ref"), fc.constantFrom<unknown>("object", "#", { $ref: "#" }, true)),
      fc.array(fc.constantFrom<unknown>({ $ref: "#" }, { type: "null" }, { type: "array", items: { $ref: "#" } }), {
        maxLength: 3,
      }),
    ),
  ),
);

/** Values that some field somewhere means something by. */
const meant = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    1,
    2,
    5,
    30,
    -1,
    1.5,
    1e300,
    "",
    "x",
    "none",
    "auto",
    "required",
    "high",
    [],
    {},
  ),
  fc.constantFrom<unknown>(
    ["\n"],
    ["a", "b"],
    [1, 2],
    [[1], [2]],
    { type: "enabled", budget_tokens: 2048 },
    { include_usage: true },
  ),
  schemaLike.map((schema) => ({ type: "json_schema", json_schema: schema })),
  fc.string().map((grammar) => ({ type: "grammar", grammar: `root ::= ${grammar}` })),
  schemaLike.map((parameters) => [{ type: "function", function: { name: "f", parameters } }]),
  fc.string({ unit: "binary" }).map((content) => [{ role: "user", content }]),
);

const bodies = (fields: string[], start: object) =>
  fc
    .dictionary(fc.constantFrom(...fields, "nonsense", "guided_json"), meant, { maxKeys: 6 })
    .map((more) => ({ ...start, ...more }));

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
