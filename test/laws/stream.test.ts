import { describe, expect } from "vitest";
import type { Random } from "../../src/core/random.ts";
import { createEmulator } from "../../src/index.ts";
import { fold } from "../support/fold.ts";
import { foldMessage, messageEvents } from "../support/message-events.ts";
import { property } from "../support/random.ts";
import { eventsOf, foldEvents } from "../support/response-events.ts";

/** An emulator for each answer takes its time. */
const SHARE = 0.5;

const QUESTIONS = [
  "Why is the sea salty?",
  "Write a Python function that sorts names",
  "List four uses of copper",
  "Tell me a story about a lighthouse",
  "Say hello world",
  "2 + 3?",
  "What is the weather in Paris and what is the stock price of ACME?",
];

const tools = ["get_weather", "get_stock_price"].map((name) => ({
  type: "function",
  function: {
    name,
    parameters: { type: "object", properties: { city: { type: "string" }, days: { type: "integer" } } },
  },
}));
const formats = [
  { type: "json_object" },
  { type: "json_schema", json_schema: { type: "array", items: { type: "number" }, minItems: 2 } },
  { type: "grammar", grammar: 'root ::= ("a" | [0-9]{2}) ("\\n" root)?' },
];
const models = ["llama-v3p1-8b-instruct", "qwen3-8b", "kimi-k2p6"];

function randomBody(random: Random): Record<string, unknown> {
  const question = random.pick(QUESTIONS);
  const chat = random.chance(0.5);
  return {
    model: `accounts/fireworks/models/${random.pick(models)}`,
    ...(chat
      ? { messages: [{ role: "user", content: question }] }
      : { prompt: random.chance(0.5) ? question : [question, "And then?"] }),
    ...(random.chance(0.5) ? { n: 1 + random.below(3) } : {}),
    ...(random.chance(0.7) ? { max_tokens: random.below(80) } : {}),
    ...(random.chance(0.3) ? { stop: random.pick([".", ["the", "\n"], [" a "]]) } : {}),
    ...(random.chance(0.3) ? { echo: true } : {}),
    ...(random.chance(0.3) ? { logprobs: random.pick([0, 2, true]) } : {}),
    ...(random.chance(0.2) ? { return_token_ids: true } : {}),
    ...(random.chance(0.2) ? { raw_output: true } : {}),
    ...(random.chance(0.2) ? { perf_metrics_in_response: true } : {}),
    ...(random.chance(0.3) ? { response_format: random.pick(formats) } : {}),
    ...(chat && random.chance(0.4) ? { tools, tool_choice: random.pick(["auto", "required", "none"]) } : {}),
    ...(random.chance(0.2) ? { ignore_eos: true, max_tokens: 300 } : {}),
  };
}

/** No token, no piece of a stream: an empty list of tokens is told by the body alone. */
function withoutNothing(body: any): unknown {
  for (const choice of body.choices) {
    const { logprobs, token_ids: ids } = choice;
    if (ids?.length === 0) delete choice.token_ids;
    if (logprobs && (logprobs.tokens ?? logprobs.content).length === 0) {
      if (choice.message) delete choice.logprobs;
      else choice.logprobs = null;
    }
  }
  return body;
}

async function ask(seed: number, path: string, body: Record<string, unknown>): Promise<string> {
  await using emulator = await createEmulator({ clock: "manual", seed, chunkTokens: 1 + (seed % 3) });
  const response = await emulator.fetch(`${emulator.url}${path}`, {
    method: "POST",
    headers: { authorization: "Bearer k" },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
  return response.text();
}

/** The items of a response; what is told in the end of them is not told by their pieces. */
const withoutStatus = ({ output }: any): unknown =>
  output.map(({ content, ...item }: any) => ({
    ...item,
    status: undefined,
    ...(content ? { text: content.map(({ text }: any) => text) } : {}),
  }));

describe("stream = body", () => {
  property(
    "folding a stream's chunks gives the body, in both formats and both usage modes",
    async (random, seed) => {
      const body = randomBody(random);
      const path = "messages" in body ? "/v1/chat/completions" : "/v1/completions";
      const whole = withoutNothing(JSON.parse(await ask(seed, path, body)));
      expect(fold(await ask(seed, path, { ...body, stream: true }))).toEqual(whole);
      const told = { ...body, stream: true, stream_options: { include_usage: true } };
      expect(fold(await ask(seed, path, told))).toEqual(whole);
    },
    SHARE,
  );

  property(
    "of Messages and Responses too",
    async (random, seed) => {
      const question = random.pick(QUESTIONS);
      const model = `accounts/fireworks/models/${random.pick(models)}`;
      const length = 1 + random.below(120);
      const flat = tools.map(({ function: { name, parameters } }) => ({ name, parameters }));
      const withTools = random.chance(0.5);
      const message = {
        model,
        messages: [{ role: "user", content: question }],
        max_tokens: length,
        ...(random.chance(0.3) ? { stop_sequences: [random.pick([".", "the"])] } : {}),
        ...(random.chance(0.2)
          ? { output_config: { format: { type: "json_schema", schema: { type: "object" } } } }
          : {}),
        ...(withTools ? { tools: flat.map(({ name, parameters }) => ({ name, input_schema: parameters })) } : {}),
        ...(withTools && random.chance(0.5) ? { tool_choice: { type: "any" } } : {}),
      };
      const whole = JSON.parse(await ask(seed, "/v1/messages", message));
      expect(foldMessage(messageEvents(await ask(seed, "/v1/messages", { ...message, stream: true })))).toEqual(whole);
      const response = {
        model,
        input: question,
        max_output_tokens: length,
        ...(random.chance(0.3) ? { include: ["message.output_text.logprobs"] } : {}),
        ...(random.chance(0.2) ? { text: { format: { type: "json_object" } } } : {}),
        ...(withTools ? { tools: flat.map((each) => ({ type: "function", ...each })) } : {}),
      };
      const body = JSON.parse(await ask(seed, "/v1/responses", response));
      const events = eventsOf(await ask(seed, "/v1/responses", { ...response, stream: true }));
      expect(events.at(-1)!["response"]).toEqual(body);
      expect(withoutStatus(foldEvents(events))).toEqual(withoutStatus(body));
    },
    SHARE,
  );
});
