import { describe, expect } from "vitest";
import type { Random } from "../../src/core/random.ts";
import { createEmulator } from "../../src/index.ts";
import { property } from "../support/random.ts";

interface Chunk {
  id: string;
  object: string;
  created: number;
  model: string;
  choices: {
    index: number;
    text?: string;
    delta?: { role?: string; content?: string };
    finish_reason: string | null;
  }[];
  usage: unknown;
}

const QUESTIONS = [
  "Why is the sea salty?",
  "Write a Python function that sorts names",
  "List four uses of copper",
  "Tell me a story about a lighthouse",
  "Say hello world",
  "2 + 3?",
];

function randomBody(random: Random): Record<string, unknown> {
  const question = random.pick(QUESTIONS);
  const chat = random.chance(0.5);
  return {
    model: "accounts/fireworks/models/llama-v3p1-8b-instruct",
    ...(chat
      ? { messages: [{ role: "user", content: question }] }
      : { prompt: random.chance(0.5) ? question : [question, "And then?"] }),
    ...(random.chance(0.5) ? { n: 1 + random.below(3) } : {}),
    ...(random.chance(0.7) ? { max_tokens: random.below(80) } : {}),
    ...(random.chance(0.3) ? { stop: random.pick([".", ["the", "\n"], [" a "]]) } : {}),
    ...(random.chance(0.3) ? { echo: true } : {}),
    ...(random.chance(0.2) ? { ignore_eos: true, max_tokens: 300 } : {}),
  };
}

/** What a client makes of a stream: the body that it would have been. */
function fold(text: string): unknown {
  expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
  const chunks = text
    .split("\n\n")
    .slice(0, -2)
    .map((frame) => JSON.parse(frame.replace(/^data: /, "")) as Chunk);
  const texts: string[] = [];
  const choices: unknown[] = [];
  let usage: unknown;
  for (const chunk of chunks) {
    usage = chunk.usage ?? usage;
    for (const { index, text: piece, delta, finish_reason } of chunk.choices) {
      texts[index] = (texts[index] ?? "") + (piece ?? delta?.content ?? "");
      if (finish_reason === null) continue;
      choices.push(
        piece === undefined
          ? { index, message: { role: "assistant", content: texts[index] }, finish_reason }
          : { index, text: texts[index], logprobs: null, finish_reason },
      );
    }
  }
  const { id, object, created, model } = chunks[0]!;
  return { id, object: object.replace(".chunk", ""), created, model, choices, usage };
}

describe("stream = body", () => {
  property("folding a stream's chunks gives the body, in both formats and both usage modes", async (random, seed) => {
    const body = randomBody(random);
    const path = "messages" in body ? "/v1/chat/completions" : "/v1/completions";
    const ask = async (more: Record<string, unknown>): Promise<string> => {
      await using emulator = await createEmulator({ clock: "manual", seed });
      const response = await emulator.fetch(`${emulator.url}${path}`, {
        method: "POST",
        headers: { authorization: "Bearer k" },
        body: JSON.stringify({ ...body, ...more }),
      });
      expect(response.status).toBe(200);
      return response.text();
    };
    const whole: unknown = JSON.parse(await ask({}));
    expect(fold(await ask({ stream: true }))).toEqual(whole);
    expect(fold(await ask({ stream: true, stream_options: { include_usage: true } }))).toEqual(whole);
  });
});
