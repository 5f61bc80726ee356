import { describe, expect, test } from "vitest";
import type { Emulator, EmulatorOptions } from "../../src/index.ts";
import { createEmulator } from "../../src/index.ts";
import { caller, SERVERLESS } from "../support/api.ts";
import { eventsOf, foldEvents } from "../support/response-events.ts";

const QWEN = "accounts/fireworks/models/qwen3-8b";
const PATH = "/inference/v1/responses";
const weather = {
  type: "function",
  name: "get_weather",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};

const open = (options: EmulatorOptions = {}): Promise<Emulator> => createEmulator({ clock: "manual", ...options });

describe("create", () => {
  test("a text: the whole object, with usage in both namings", async () => {
    await using emulator = await open();
    const { call } = { call: caller(emulator) };
    const { status, body, headers } = await call("POST", PATH, {
      model: SERVERLESS,
      input: "Say hello",
      instructions: "Be brief.",
      metadata: { run: "7" },
    });
    expect(status).toBe(200);
    expect(headers.get("fireworks-prompt-tokens")).toBe(String(body.usage.prompt_tokens));
    expect(body).toEqual({
      id: expect.stringMatching(/^resp_[0-9a-f]{32}$/),
      created_at: 1_767_225_600,
      error: null,
      incomplete_details: null,
      instructions: "Be brief.",
      metadata: { run: "7" },
      model: SERVERLESS,
      object: "response",
      output: [
        {
          id: expect.stringMatching(/^msg_[0-9a-f]{32}$/),
          type: "message",
          role: "assistant",
          content: [{ type: "output_text", text: expect.any(String), annotations: [], logprobs: [] }],
          status: "completed",
        },
      ],
      parallel_tool_calls: true,
      temperature: 1,
      tool_choice: "auto",
      tools: [],
      top_p: 1,
      max_output_tokens: null,
      max_tool_calls: null,
      previous_response_id: null,
      reasoning: null,
      status: "completed",
      text: null,
      truncation: "disabled",
      usage: {
        prompt_tokens: body.usage.input_tokens,
        completion_tokens: body.usage.output_tokens,
        total_tokens: body.usage.input_tokens + body.usage.output_tokens,
        prompt_tokens_details: { cached_tokens: 0 },
        input_tokens: expect.any(Number),
        input_tokens_details: { cached_tokens: 0 },
        output_tokens: expect.any(Number),
        output_tokens_details: { reasoning_tokens: 0 },
      },
      user: null,
      store: true,
    });
  });

  test("a conversation has as many tokens as in chat", async () => {
    await using emulator = await open();
    const call = caller(emulator);
    const messages = [
      { role: "system", content: "Be brief." },
      { role: "user", content: "Why is the sea salty?" },
    ];
    const chat = await call("POST", "/v1/chat/completions", { model: SERVERLESS, messages });
    const { body } = await call("POST", PATH, {
      model: SERVERLESS,
      instructions: "Be brief.",
      input: [{ role: "user", content: [{ type: "input_text", text: "Why is the sea salty?" }] }],
    });
    expect(body.output[0].content[0].text.length).toBeGreaterThan(10);
    expect(body.usage.prompt_tokens).toBe(chat.body.usage.prompt_tokens);
  });

  test("reasoning is an item with a summary, before the message", async () => {
    await using emulator = await open();
    const { body } = await caller(emulator)("POST", PATH, {
      model: QWEN,
      input: "Why is the sea salty?",
      reasoning: { effort: "low" },
    });
    expect(body.output.map(({ type }: any) => type)).toEqual(["reasoning", "message"]);
    expect(body.output[0]).toMatchObject({
      id: expect.stringMatching(/^rs_/),
      summary: [{ type: "summary_text", text: expect.stringMatching(/\w/) }],
    });
    expect(body.usage.output_tokens_details.reasoning_tokens).toBeGreaterThan(0);
    expect(body.reasoning).toEqual({ effort: "low" });
  });

  test("JSON by schema, a cut, logprobs, an image", async () => {
    await using emulator = await open();
    const call = caller(emulator);
    const schema = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };
    const format = { type: "json_schema", name: "number", schema };
    const json = await call("POST", PATH, { model: SERVERLESS, input: "a number", text: { format } });
    expect(JSON.parse(json.body.output[0].content[0].text)).toEqual({ n: expect.any(Number) });
    const cut = await call("POST", PATH, { model: SERVERLESS, input: "tell me a story", max_output_tokens: 3 });
    expect(cut.body).toMatchObject({
      status: "incomplete",
      incomplete_details: { reason: "max_output_tokens" },
      output: [{ status: "incomplete" }],
      usage: { output_tokens: 3 },
    });
    const include = ["message.output_text.logprobs"];
    const told = await call("POST", PATH, { model: SERVERLESS, input: "hi", include, top_logprobs: 2 });
    const [{ text, logprobs }] = told.body.output[0].content;
    expect(logprobs.map(({ token }: any) => token).join("")).toBe(text);
    expect(logprobs[0].top_logprobs).toHaveLength(2);
    const seen = await call("POST", PATH, {
      model: SERVERLESS,
      input: [
        {
          role: "user",
          content: [
            { type: "input_text", text: "What is it?" },
            { type: "input_image", image_url: "data:image/png;base64,AAAA" },
          ],
        },
      ],
    });
    expect(seen.body.usage.input_tokens).toBeGreaterThan(576);
  });

  test.each([
    [{}, "Field required, field: 'input'"],
    [{ input: [] }, "Input should have at least 1 item, field: 'input', value: []"],
    [{ input: "x", temperature: 3 }, "temperature must be between 0 and 2: 3"],
    [{ input: "x", top_p: -1 }, "top_p must be between 0 and 1: -1"],
    [{ input: "x", top_logprobs: 9 }, "top_logprobs must be between 0 and 5: 9"],
    [
      { input: [{ type: "item_reference", id: "a" }] },
      "Unsupported input item type, field: 'input.type', value: item_reference",
    ],
    [{ input: [{ content: "x" }] }, "Field required, field: 'input.role'"],
    [
      { input: [{ role: "user", content: [{ type: "input_file" }] }] },
      "Unsupported content type, field: 'type', value: input_file",
    ],
    [
      { input: "x", tools: [{ type: "mcp" }] },
      "The emulator does not run tools of this type, field: 'tools.type', value: mcp",
    ],
    [{ input: "x", tool_choice: "required" }, "tool_choice is only allowed when tools are specified"],
    [
      { input: "x", metadata: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`k${n}`, ""])) },
      "metadata must have at most 16 pairs: ",
    ],
    [{ input: "x", background: true, stream: true }, "background and stream cannot both be set"],
    [{ input: "x", background: true, store: false }, "background requires store to be true"],
  ])("refuses %j", async (more, message) => {
    await using emulator = await open();
    const { status, body } = await caller(emulator)("POST", PATH, { model: SERVERLESS, ...more });
    expect(status).toBe(400);
    expect(body).toEqual({
      error: {
        type: "invalid_request_error",
        code: "invalid_request_error",
        message: expect.stringContaining(message),
        param: null,
      },
    });
  });

  test("web search needs to be enabled; an unknown model and a key that is missing are the gateway's", async () => {
    await using emulator = await open();
    const call = caller(emulator);
    const searching = await call("POST", PATH, { model: SERVERLESS, input: "x", tools: [{ type: "web_search" }] });
    expect([searching.status, searching.body.error.code]).toEqual([403, "FORBIDDEN"]);
    const unknown = await call("POST", PATH, { model: "accounts/fireworks/models/none", input: "x" });
    expect([unknown.status, unknown.body.error.code]).toEqual([404, "NOT_FOUND"]);
    const bare = await emulator.fetch(`http://emulator${PATH}`, { method: "POST", body: "{}" });
    expect(bare.status).toBe(401);
  });
});

describe("tools", () => {
  test("a call, its output, and the answer that follows, by input items and by previous_response_id", async () => {
    await using emulator = await open();
    const call = caller(emulator);
    const asked = { model: SERVERLESS, tools: [weather], input: "What is the weather in Oslo?" };
    const first = (await call("POST", PATH, asked)).body;
    expect(first.output).toEqual([
      {
        id: expect.stringMatching(/^fc_/),
        type: "function_call",
        call_id: expect.any(String),
        name: "get_weather",
        arguments: '{"city":"Oslo"}',
        status: "completed",
        function: null,
        mcp: null,
      },
    ]);
    const output = { type: "function_call_output", call_id: first.output[0].call_id, output: "rain" };
    const whole = await call("POST", PATH, {
      ...asked,
      input: [{ role: "user", content: asked.input }, first.output[0], output],
    });
    const chained = await call("POST", PATH, { ...asked, input: [output], previous_response_id: first.id });
    expect(whole.body.output[0].type).toBe("message");
    expect(chained.body.output[0].content[0].text).toBe(whole.body.output[0].content[0].text);
    expect(chained.body.previous_response_id).toBe(first.id);
    expect(chained.body.usage.input_tokens).toBe(whole.body.usage.input_tokens);
  });

  test("namespaces are flattened; a named choice and parallel calls are honoured", async () => {
    await using emulator = await open();
    const call = caller(emulator);
    const space = { type: "namespace", name: "city", tools: [weather] };
    const named = await call("POST", PATH, {
      model: SERVERLESS,
      input: "x",
      tools: [space],
      tool_choice: { type: "function", name: "city__get_weather" },
    });
    expect(named.body.output[0].name).toBe("city__get_weather");
    const stocks = { type: "function", function: { name: "get_stock_price" } };
    const both = {
      model: SERVERLESS,
      tools: [weather, stocks],
      input: "The weather in Oslo and the stock price of ACME?",
    };
    expect((await call("POST", PATH, both)).body.output).toHaveLength(2);
    expect((await call("POST", PATH, { ...both, max_tool_calls: 1 })).body.output).toHaveLength(1);
    expect((await call("POST", PATH, { ...both, parallel_tool_calls: false })).body.output).toHaveLength(1);
  });
});

describe("stream", () => {
  test("events of a text in the order that was seen, numbered from 0", async () => {
    await using emulator = await open();
    const { text } = await caller(emulator)("POST", PATH, { model: SERVERLESS, input: "Say hello", stream: true });
    const events = eventsOf(text);
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, at) => at));
    const types = events.map(({ type }) => type);
    expect(types.filter((type, at) => type !== types[at - 1])).toEqual([
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.content_part.added",
      "response.output_text.delta",
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.completed",
    ]);
    expect(events[0]!["response"]).toMatchObject({ status: "in_progress", output: [], usage: null });
  });

  test.each([
    ["text", {}],
    ["reasoning", { model: QWEN }],
    ["tools", { tools: [weather], input: "What is the weather in Oslo?" }],
    ["reasoning and tools", { model: QWEN, tools: [weather], tool_choice: "required" }],
    ["a cut", { max_output_tokens: 2 }],
  ])("folded it is the body: %s", async (_, more) => {
    const asked = { model: SERVERLESS, input: "Why is the sea salty?", ...more };
    await using one = await open();
    await using two = await open();
    const { body } = await caller(one)("POST", PATH, asked);
    const events = eventsOf((await caller(two)("POST", PATH, { ...asked, stream: true })).text);
    const last = events.at(-1)!;
    expect(last.type).toBe(`response.${body.status}`);
    expect(last["response"]).toEqual(body);
    const items = foldEvents(events).output.map(({ status: __, ...item }: any) => item);
    expect(items).toEqual(body.output.map(({ status: __, ...item }: any) => item));
  });
});
