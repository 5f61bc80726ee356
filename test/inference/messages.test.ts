import { describe, expect, test } from "vitest";
import { foldMessage, messageEvents } from "../support/message-events.ts";
import { fresh, SERVERLESS } from "../support/api.ts";

const MESSAGES = "/inference/v1/messages";
const QWEN = "accounts/fireworks/models/qwen3-8b";
const user = (content: unknown) => [{ role: "user", content }];
const tools = [
  {
    name: "get_weather",
    description: "The weather of a city",
    input_schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
];

async function asker() {
  const { call } = await fresh();
  return async (more: object) =>
    call("POST", MESSAGES, { model: SERVERLESS, max_tokens: 200, messages: user("Why is the sea salty?"), ...more });
}

describe("Messages", () => {
  test("a body has the documented form", async () => {
    const ask = await asker();
    const { status, body } = await ask({ system: [{ type: "text", text: "Be short." }] });
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual([
      "id",
      "type",
      "role",
      "content",
      "model",
      "stop_reason",
      "stop_sequence",
      "usage",
    ]);
    expect(body).toMatchObject({
      id: expect.stringMatching(/^msg_[0-9a-f]{32}$/),
      type: "message",
      role: "assistant",
      model: SERVERLESS,
      content: [{ type: "text", text: expect.any(String), citations: null }],
      stop_reason: "end_turn",
      stop_sequence: null,
      usage: { cache_creation_input_tokens: 0, cache_read_input_tokens: 0 },
    });
  });

  test("stop reasons: max_tokens, stop_sequence, tool_use", async () => {
    const ask = await asker();
    expect((await ask({ max_tokens: 3 })).body).toMatchObject({
      stop_reason: "max_tokens",
      usage: { output_tokens: 3 },
    });
    expect((await ask({ stop_sequences: [" the"] })).body).toMatchObject({
      stop_reason: "stop_sequence",
      stop_sequence: " the",
    });
    const called = (await ask({ tools, messages: user("What is the weather in Oslo?") })).body;
    expect(called).toMatchObject({
      stop_reason: "tool_use",
      content: [{ type: "tool_use", name: "get_weather", input: { city: "Oslo" } }],
    });
    expect(called.content[0].id).toMatch(/^toolu_[a-z0-9]{24}$/);
    const [block] = called.content;
    const answered = await ask({
      tools,
      messages: [
        ...user("What is the weather in Oslo?"),
        { role: "assistant", content: [block] },
        { role: "user", content: [{ type: "tool_result", tool_use_id: block.id, content: "4 degrees" }] },
      ],
    });
    expect(answered.body.stop_reason).toBe("end_turn");
  });

  test("thinking comes first, with a signature; budgets are efforts", async () => {
    const ask = await asker();
    const thinkingOf = async (more: object) =>
      (await ask({ model: QWEN, max_tokens: 20_000, ...more })).body.content[0];
    expect(await thinkingOf({ thinking: { type: "adaptive" } })).toMatchObject({
      type: "thinking",
      signature: expect.stringMatching(/=$/),
    });
    expect(await thinkingOf({ thinking: { type: "disabled" } })).toMatchObject({ type: "text" });
    const length = async (budget_tokens: number) =>
      (await thinkingOf({ thinking: { type: "enabled", budget_tokens } })).thinking.length;
    expect(await length(1024)).toBeLessThan(await length(5000));
    expect(await length(5000)).toBeLessThan(await length(10_000));
    const forced = await thinkingOf({
      thinking: { type: "enabled", budget_tokens: 1024 },
      output_config: { effort: "max" },
    });
    expect(forced.thinking.length).toBeGreaterThan(await length(10_000));
  });

  test("output_config.format gives JSON", async () => {
    const ask = await asker();
    const format = {
      type: "json_schema",
      schema: { type: "object", properties: { n: { type: "integer" } }, required: ["n"] },
    };
    for (const more of [{ output_config: { format } }, { output_format: format }])
      expect(JSON.parse((await ask(more)).body.content[0].text)).toEqual({ n: expect.any(Number) });
  });

  test.each([
    ["text", {}],
    ["thinking", { model: QWEN }],
    ["a tool", { tools, messages: user("What is the weather in Oslo?") }],
    ["a cut tool call", { tools, messages: user("What is the weather in Oslo?"), max_tokens: 2 }],
    ["thinking and a tool", { model: QWEN, tools, tool_choice: { type: "any" } }],
    ["a stop sequence", { stop_sequences: ["."] }],
  ])("a stream of %s, folded, is the body", async (_, more) => {
    const whole = (await (await asker())(more)).body;
    const { text, headers } = await (await asker())({ ...more, stream: true });
    expect(headers.get("content-type")).toBe("text/event-stream");
    const events = messageEvents(text);
    expect(events[0].message.usage.output_tokens).toBe(0);
    expect(events.at(-1)).toEqual({ type: "message_stop" });
    expect(foldMessage(events)).toEqual(whole);
  });

  test.each([
    [{ max_tokens: undefined }, 400, "max_tokens is required and must be > 0"],
    [{ max_tokens: 0 }, 400, "max_tokens is required and must be > 0"],
    [
      { tools: [{ type: "web_search_20250305", name: "web_search" }] },
      400,
      "Input should be 'custom', field: 'tools[0].type', value: web_search_20250305",
    ],
    [
      { messages: user([{ type: "document", source: {} }]) },
      400,
      "Input is not valid, field: 'messages[0].content[0].type', value: document",
    ],
    [
      { thinking: { type: "enabled", budget_tokens: 1024 }, max_tokens: 1024 },
      400,
      "max_tokens must be greater than thinking.budget_tokens",
    ],
    [
      { thinking: { type: "adaptive" }, tools, tool_choice: { type: "any" } },
      400,
      "Thinking may not be enabled when tool_choice forces tool use",
    ],
    [{ nonsense: 1 }, 400, "Extra inputs are not permitted, field: 'nonsense', value: 1"],
  ])("%j is refused in Anthropic's envelope", async (more, status, message) => {
    const answer = await (await asker())(more);
    expect(answer.status).toBe(status);
    expect(answer.body).toEqual({
      type: "error",
      error: { type: "invalid_request_error", message },
      request_id: expect.any(String),
    });
  });

  test("what fails before this layer keeps the gateway's envelope; what does not exist is 404", async () => {
    const { call } = await fresh();
    const ask = await asker();
    expect((await ask({ model: "accounts/fireworks/models/nope" })).body.error).toMatchObject({
      code: "NOT_FOUND",
      type: "error",
    });
    expect((await call("POST", MESSAGES, {}, {})).body.error).toMatchObject({ code: "UNAUTHORIZED" });
    expect((await call("POST", `${MESSAGES}/count_tokens`, {})).status).toBe(404);
    expect((await call("POST", `${MESSAGES}/batches`, {})).status).toBe(404);
    expect((await call("POST", "/inference/v1/v1/messages", {})).body.error.message).toBe("Path not found");
    expect(
      (await call("POST", MESSAGES, { model: SERVERLESS, max_tokens: 5, messages: user("x") }, { "x-api-key": "k" }))
        .status,
    ).toBe(200);
  });
});
