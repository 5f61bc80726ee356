import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { fresh, SERVERLESS } from "../support/api.ts";

const CHAT = "/v1/chat/completions";
const parameters = {
  type: "object",
  properties: { city: { type: "string" }, unit: { type: "string", enum: ["celsius", "fahrenheit"] } },
  required: ["city"],
  additionalProperties: false,
};
const tool = (name: string, description = "", schema: object = parameters) => ({
  type: "function",
  function: { name, description, parameters: schema },
});
const weather = tool("get_weather", "Get the current weather for a city");
const stocks = tool("get_stock_price", "Look up the price of a stock", {
  type: "object",
  properties: { ticker: { type: "string" } },
  required: ["ticker"],
});
const validate = new Ajv2020({ strict: false }).compile(parameters);
const user = (content: string) => [{ role: "user", content }];

async function asker(model = SERVERLESS) {
  const { call } = await fresh();
  return async (messages: object[], more: object = {}) => {
    const { status, body, text } = await call("POST", CHAT, { model, messages, tools: [weather, stocks], ...more });
    return { status, body, text, choice: body?.choices?.[0] };
  };
}

describe("tool calls", () => {
  test("auto calls what the message speaks of, with a name from it; otherwise it answers", async () => {
    const ask = await asker();
    const { choice } = await ask(user("What is the weather in Paris?"));
    expect(choice).toMatchObject({
      finish_reason: "tool_calls",
      message: {
        role: "assistant",
        content: null,
        tool_calls: [{ index: 0, type: "function", function: { name: "get_weather" } }],
      },
    });
    const [{ id, function: called }] = choice.message.tool_calls;
    expect(id).toMatch(/^call_[a-z0-9]{24}$/);
    expect(JSON.parse(called.arguments)).toMatchObject({ city: "Paris" });
    expect(validate(JSON.parse(called.arguments))).toBe(true);
    expect((await ask(user("Tell me about volcanoes"))).choice).toMatchObject({
      finish_reason: "stop",
      message: { content: expect.any(String) },
    });
  });

  test("required and any call at least one, a name that one, none not any", async () => {
    const ask = await asker();
    const names = async (tool_choice: unknown) =>
      ((await ask(user("Tell me about volcanoes"), { tool_choice })).choice.message.tool_calls ?? []).map(
        (each: any) => each.function.name,
      );
    expect(await names("required")).toEqual(["get_weather"]);
    expect(await names("any")).toEqual(["get_weather"]);
    expect(await names({ type: "function", function: { name: "get_stock_price" } })).toEqual(["get_stock_price"]);
    expect(await names({ type: "function", name: "get_stock_price" })).toEqual(["get_stock_price"]);
    expect((await ask(user("What is the weather?"), { tool_choice: "none" })).choice.finish_reason).toBe("stop");
  });

  test("several at once unless parallel calls are forbidden", async () => {
    const ask = await asker();
    const both = user("I need the weather in Oslo and the stock price of ACME");
    expect((await ask(both)).choice.message.tool_calls.map(({ index }: any) => index)).toEqual([0, 1]);
    expect((await ask(both, { parallel_tool_calls: false })).choice.message.tool_calls).toHaveLength(1);
  });

  test("after a tool's result the answer is a text, unless a call is demanded", async () => {
    const ask = await asker();
    const messages = [
      ...user("What is the weather in Paris?"),
      {
        role: "assistant",
        content: null,
        tool_calls: [{ id: "c1", type: "function", function: { name: "get_weather", arguments: "{}" } }],
      },
      { role: "tool", tool_call_id: "c1", content: "18 degrees" },
    ];
    expect((await ask(messages)).choice.finish_reason).toBe("stop");
    expect((await ask(messages, { tool_choice: "required" })).choice.finish_reason).toBe("tool_calls");
  });

  test("max_tokens cuts arguments to a prefix", async () => {
    const ask = await asker();
    const { choice, body } = await ask(user("The weather in Paris"), { max_tokens: 3 });
    expect(choice.finish_reason).toBe("length");
    expect(body.usage.completion_tokens).toBe(3);
    expect(() => JSON.parse(choice.message.tool_calls[0].function.arguments)).toThrow();
  });

  test("a stream tells the header first, then the arguments in fragments, then tool_calls", async () => {
    const ask = await asker();
    const { text } = await ask(user("The weather in Paris"), { stream: true });
    const chunks = text
      .split("\n\n")
      .slice(0, -2)
      .map((frame) => JSON.parse(frame.slice(6)).choices[0]);
    expect(chunks[0].delta).toEqual({ role: "assistant" });
    expect(chunks[1].delta.tool_calls[0]).toMatchObject({
      index: 0,
      type: "function",
      function: { name: "get_weather", arguments: "" },
    });
    const fragments = chunks.slice(2, -1).map(({ delta }) => delta.tool_calls[0]);
    expect(fragments.length).toBeGreaterThan(3);
    for (const fragment of fragments) expect(Object.keys(fragment)).toEqual(["index", "function"]);
    expect(validate(JSON.parse(fragments.map((each) => each.function.arguments).join("")))).toBe(true);
    expect(chunks.at(-1)).toMatchObject({ delta: {}, finish_reason: "tool_calls" });
  });

  test("ids follow the family", async () => {
    const first = async (model: string) =>
      (await (await asker(model))(user("The weather in Paris"))).choice.message.tool_calls[0].id;
    expect(await first("accounts/fireworks/models/kimi-k2p6")).toBe("functions.get_weather:0");
    expect(await first("accounts/fireworks/models/minimax-m2")).toMatch(/^chatcmpl-tool-[0-9a-f]{32}$/);
  });

  test("deprecated functions are tools", async () => {
    const ask = await asker();
    const { choice } = await ask(user("x"), {
      tools: undefined,
      functions: [weather.function],
      function_call: { name: "get_weather" },
    });
    expect(choice.message.tool_calls[0].function.name).toBe("get_weather");
  });

  test.each([
    [{ tools: undefined, tool_choice: "required" }, "tool_choice is only allowed when tools are specified"],
    [
      { tool_choice: { type: "function", function: { name: "nope" } } },
      "tool_choice names a function that is not among the tools: nope",
    ],
    [{ tool_choice: { type: "function" } }, "Field required, field: 'tool_choice.function'"],
  ])("%j is refused", async (more, message) => {
    const { status, body } = await (await asker())(user("x"), more);
    expect([status, body.error.message]).toEqual([400, message]);
  });
});
