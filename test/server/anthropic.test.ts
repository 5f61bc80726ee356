import Anthropic, { BadRequestError, NotFoundError } from "@anthropic-ai/sdk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Emulator } from "../../src/index.ts";
import { createEmulator } from "../../src/index.ts";

const model = "accounts/fireworks/models/llama-v3p1-8b-instruct";
const messages = [{ role: "user" as const, content: "What is the weather in Oslo?" }];
const tools = [
  {
    name: "get_weather",
    input_schema: { type: "object" as const, properties: { city: { type: "string" } }, required: ["city"] },
  },
];

let emulator: Emulator;
let client: Anthropic;

beforeAll(async () => {
  emulator = await createEmulator({ port: 0 });
  client = new Anthropic({ baseURL: `${emulator.url}/inference`, apiKey: "fw_local" });
});
afterAll(() => emulator.close());

describe("the Anthropic client", () => {
  test("creates, with thinking", async () => {
    const message = await client.messages.create({
      model: "accounts/fireworks/models/qwen3-8b",
      max_tokens: 4096,
      messages,
      thinking: { type: "enabled", budget_tokens: 2048 },
    });
    expect(message.content.map(({ type }) => type)).toEqual(["thinking", "text"]);
  });

  test("streams text and tools", async () => {
    const stream = client.messages.stream({ model, max_tokens: 500, messages, tools });
    const deltas: string[] = [];
    stream.on("inputJson", (delta) => deltas.push(delta));
    const message = await stream.finalMessage();
    expect(message.stop_reason).toBe("tool_use");
    expect(message.content[0]).toMatchObject({ type: "tool_use", name: "get_weather", input: { city: "Oslo" } });
    expect(deltas.length).toBeGreaterThan(2);
    const text = await client.messages.stream({ model, max_tokens: 500, messages }).finalText();
    expect(text.length).toBeGreaterThan(20);
  });

  test("sees errors as its own classes", async () => {
    const refused = await client.messages.create({ model, max_tokens: 0, messages }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(BadRequestError);
    expect((refused as Error).message).toContain("max_tokens is required and must be > 0");
    const missing = await client.messages
      .create({ model: "nope", max_tokens: 5, messages })
      .catch((error: unknown) => error);
    expect(missing).toBeInstanceOf(NotFoundError);
  });
});
