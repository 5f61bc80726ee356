import { createFireworks } from "@ai-sdk/fireworks";
import { APICallError, embedMany, generateText, jsonSchema, Output, stepCountIs, streamText, tool } from "ai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Emulator } from "../../src/index.ts";
import { createEmulator } from "../../src/index.ts";

const MODEL = "accounts/fireworks/models/llama-v3p1-8b-instruct";
const REASONING = "accounts/fireworks/models/qwen3-8b";

let emulator: Emulator;
let fireworks: ReturnType<typeof createFireworks>;

beforeAll(async () => {
  emulator = await createEmulator({ port: 0 });
  fireworks = createFireworks({ baseURL: `${emulator.url}/inference/v1`, apiKey: "fw_local" });
});
afterAll(() => emulator.close());

const weather = tool({
  description: "The weather of a city",
  inputSchema: jsonSchema<{ city: string }>({
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
  }),
  execute: ({ city }) => `rain in ${city}`,
});

describe("the AI SDK's Fireworks provider", () => {
  test("generates and streams", async () => {
    const { text, usage, finishReason } = await generateText({ model: fireworks(MODEL), prompt: "Say this is a test" });
    expect([text, finishReason]).toEqual(["This is a test.", "stop"]);
    expect(usage.outputTokens).toBe(5);
    const stream = streamText({ model: fireworks(MODEL), prompt: "Say this is a test" });
    const pieces: string[] = [];
    for await (const piece of stream.textStream) pieces.push(piece);
    expect(pieces.length).toBeGreaterThan(2);
    expect(pieces.join("")).toBe("This is a test.");
    expect((await stream.usage).outputTokens).toBe(5);
  });

  test("reads reasoning", async () => {
    const { reasoningText, text } = await generateText({
      model: fireworks(REASONING),
      prompt: "Why is the sea salty?",
    });
    expect(reasoningText!.length).toBeGreaterThan(10);
    expect(text).not.toContain("<think>");
  });

  test("runs tools to the end, whole and streamed", async () => {
    const options = {
      model: fireworks(MODEL),
      prompt: "What is the weather in Oslo?",
      tools: { get_weather: weather },
      stopWhen: stepCountIs(3),
    };
    const { steps, text } = await generateText(options);
    expect(steps.map(({ finishReason }) => finishReason)).toEqual(["tool-calls", "stop"]);
    expect(steps[0]!.toolResults[0]).toMatchObject({ input: { city: "Oslo" }, output: "rain in Oslo" });
    expect(text.length).toBeGreaterThan(0);
    const stream = streamText(options);
    expect((await stream.steps)[0]!.toolCalls[0]).toMatchObject({ toolName: "get_weather", input: { city: "Oslo" } });
  });

  test("gets structured output that is valid", async () => {
    const schema = jsonSchema<{ email: string; tags: string[] }>({
      type: "object",
      properties: { email: { type: "string" }, tags: { type: "array", items: { type: "string" } } },
      required: ["email", "tags"],
      additionalProperties: false,
    });
    const { output } = await generateText({
      model: fireworks(MODEL),
      prompt: "A contact",
      output: Output.object({ schema }),
    });
    expect(output.email).toContain("@");
    expect(Array.isArray(output.tags)).toBe(true);
  });

  test("embeds", async () => {
    const { embeddings } = await embedMany({
      model: fireworks.textEmbeddingModel("nomic-ai/nomic-embed-text-v1.5"),
      values: ["one", "two"],
    });
    expect(embeddings.map(({ length }) => length)).toEqual([768, 768]);
  });

  test("shows the service's error texts, and tries again", async () => {
    const refused = await generateText({ model: fireworks("accounts/fireworks/models/none"), prompt: "x" }).catch(
      (error: unknown) => error,
    );
    expect(APICallError.isInstance(refused)).toBe(true);
    expect((refused as APICallError).message).toBe("Model not found, inaccessible, and/or not deployed");
    await emulator.faults.create({ times: 1, respond: { status: 429, headers: { "retry-after-ms": "1" } } });
    const { text } = await generateText({ model: fireworks(MODEL), prompt: "Say hello" });
    expect(text).toBe("Hello.");
  });
});
