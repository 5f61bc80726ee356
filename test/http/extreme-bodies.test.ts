import { describe, expect, test } from "vitest";
import { NESTING_MAX } from "../../src/core/json.ts";
import { fresh, SERVERLESS as model } from "../support/api.ts";

const WIDE = 150_000;
const DEEP = 100_000;
const many = <T>(item: T): T[] => Array.from({ length: WIDE }, () => item);
const objects = (depth: number): string => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
const messages = [{ role: "user", content: "x" }];
const textPart = { type: "text", text: "a" };
const input = [{ role: "user", content: many({ type: "input_text", text: "a" }) }];

describe("wide bodies are answered or refused", { timeout: 60_000 }, () => {
  test.each([
    ["/v1/chat/completions", { messages: [{ role: "user", content: many(textPart) }] }, "prompt is too long"],
    [
      "/v1/chat/completions",
      { messages: [{ role: "user", content: many({ type: "image_url", image_url: { url: "a" } }) }] },
      "number of images must be between 0 and 30: 150000",
    ],
    ["/v1/chat/completions", { messages: many(messages[0]) }, "prompt is too long"],
    [
      "/v1/chat/completions",
      { messages, response_format: { type: "json_object", schema: { anyOf: many({ type: "string" }) } } },
      "chat.completion",
    ],
    ["/v1/completions", { prompt: many(5) }, "prompt is too long"],
    ["/v1/completions", { prompt: "a".repeat(10_000_000) }, "prompt is too long"],
    ["/v1/completions", { prompt: "1".repeat(3_000_000) }, "prompt is too long"],
    [
      "/v1/chat/completions",
      { messages, response_format: { type: "json_object", schema: { pattern: "a".repeat(10_000_000) } } },
      "chat.completion",
    ],
    ["/v1/completions", { prompt: "a ".repeat(130_000), echo: true, logprobs: 1 }, "text_completion"],
    ["/v1/completions", { prompt: "a", logit_bias: Object.fromEntries(many(0).map((_, at) => [at, 1])) }, "text_compl"],
    ["/v1/messages", { messages: [{ role: "user", content: many(textPart) }] }, "prompt is too long"],
    ["/v1/messages", { messages: many(messages[0]) }, "prompt is too long"],
    ["/v1/messages", { messages, system: many(textPart) }, "prompt is too long"],
    ["/v1/responses", { input }, "prompt is too long"],
    ["/v1/responses", { input: many(messages[0]) }, "prompt is too long"],
  ])("%s %#", async (path, body, answer) => {
    const { call } = await fresh();
    const most = path === "/v1/responses" ? { max_output_tokens: 16 } : { max_tokens: 1 };
    const { status, text } = await call("POST", path, { model, ...most, ...body });
    expect(text).toContain(answer);
    expect(status).toBe(answer.includes("compl") ? 200 : 400);
  });
});

describe("answers that would not fit into memory are refused", { timeout: 60_000 }, () => {
  const long = "a ".repeat(120_000);
  const tooLong = "more than 524288 tokens together";

  test.each([
    ["/v1/chat/completions", { messages, n: 5, max_tokens: 131_000, ignore_eos: true, stream: true }, tooLong],
    [
      "/v1/chat/completions",
      { messages, n: 128, ignore_eos: true, max_tokens: 2048, logprobs: true },
      "counts as four",
    ],
    ["/v1/completions", { prompt: long, n: 5, max_tokens: 1, echo: true }, tooLong],
    [
      "/v1/completions",
      {
        prompt: many("a")
          .slice(0, 8)
          .map(() => long),
        max_tokens: 1,
        raw_output: true,
      },
      tooLong,
    ],
    ["/v1/completions", { prompt: long, n: 128, max_tokens: 1, return_token_ids: true }, tooLong],
  ])("%s %#", async (path, body, answer) => {
    const { call } = await fresh();
    const { status, text } = await call("POST", path, { model, ...body });
    expect([status, text]).toEqual([400, expect.stringContaining(answer)]);
  });

  test("and others are not", async () => {
    const { call } = await fresh();
    const most = { model, messages, n: 128, max_tokens: 2048, ignore_eos: true, stream: true };
    const { status, text } = await call("POST", "/v1/chat/completions", most);
    expect([status, text.split("\n\n").length]).toEqual([200, 128 * (2048 + 2) + 2]);
    const ids = await call("POST", "/v1/chat/completions", {
      model,
      messages: [{ role: "user", content: long }],
      n: 128,
      max_tokens: 1,
      return_token_ids: true,
    });
    expect(ids.status).toBe(200);
  });
});

describe("deep bodies are refused, whoever reads them", () => {
  const nested = `nested more than ${NESTING_MAX} levels deep`;
  const start = `"model":"${model}","max_tokens":1`;
  const chat = `{${start},"messages":${JSON.stringify(messages)}`;

  test.each([
    ["/v1/chat/completions", (deep) => `${chat},"metadata":${deep}}`],
    ["/v1/chat/completions", (deep) => `${chat},"nonsense":${deep}}`],
    ["/v1/chat/completions", (deep) => `${chat},"tools":[{"type":"function","function":{"parameters":${deep}}}]}`],
    ["/v1/completions", (deep) => `{${start},"prompt":${deep}}`],
    ["/v1/messages", (deep) => `{${start},"messages":${deep}}`],
    ["/v1/responses", (deep) => `{${start},"input":${deep}}`],
    ["/v1/embeddings", (deep) => `{"model":"m","input":${deep}}`],
    ["/v1/accounts/local/deployments", (deep) => `{"baseModel":"${model}","annotations":${deep}}`],
    ["/__emulator/scripts", (deep) => `{"match":{"model":"z"},"respond":{"body":${deep}}}`],
    ["/__emulator/faults", (deep) => `{"respond":{"status":500,"body":${deep}}}`],
  ] as [string, (deep: string) => string][])("%s %#", async (path, toBody) => {
    const { call } = await fresh();
    const { status, text } = await call("POST", path, toBody(objects(DEEP)));
    expect([status, text]).toEqual([400, expect.stringContaining(nested)]);
  });

  test("a schema that comes as a text, a fault in a header", async () => {
    const { call } = await fresh();
    const schema = JSON.stringify(objects(DEEP));
    const asText = `${chat},"response_format":{"type":"json_schema","json_schema":${schema}}}`;
    const field = "Input should be a JSON schema, field: 'response_format.json_schema'";
    expect((await call("POST", "/v1/chat/completions", asText)).body.error.message).toBe(field);
    const headers = { "x-emulator-fault": `{"respond":{"status":500,"body":${objects(2_000)}}}` };
    const faulty = await call("POST", "/v1/chat/completions", `${chat}}`, { authorization: "Bearer k", ...headers });
    expect([faulty.status, faulty.text]).toEqual([400, expect.stringContaining(nested)]);
  });

  test("brackets in texts are no levels, and what is as deep as that is taken and saved", async () => {
    const { call } = await fresh();
    const content = JSON.stringify(`${"[{".repeat(DEEP)}\\"`);
    const said = `{${start},"messages":[{"role":"user","content":${content}}]}`;
    expect((await call("POST", "/v1/chat/completions", said)).text).toContain("prompt is too long");
    const fault = `{"match":{"path":"/nowhere"},"respond":{"status":500,"body":${objects(NESTING_MAX - 2)}}}`;
    const made = await call("POST", "/__emulator/faults", fault);
    expect([made.status, made.text]).toEqual([200, expect.stringContaining('"a"')]);
    const over = fault.replace('"body":', '"body":{"a":').replace(/}}$/, "}}}");
    expect((await call("POST", "/__emulator/faults", over)).text).toContain(nested);
    expect((await call("POST", "/v1/accounts/local/deployments", { baseModel: model })).status).toBe(200);
  });
});
