import { describe, expect, test } from "vitest";
import { countTokens } from "../../src/core/generation/token.ts";
import { fresh, SERVERLESS } from "../support/api.ts";

const CHAT = "/v1/chat/completions";
const COMPLETIONS = "/v1/completions";
const at = (model: string) => `accounts/fireworks/models/${model}`;
const messages = [{ role: "user", content: "Why is the sky blue?" }];

async function asker() {
  const { call } = await fresh();
  return {
    chat: async (more: object = {}, model = SERVERLESS) =>
      (await call("POST", CHAT, { model, messages, ...more })).body,
    complete: async (more: object = {}) =>
      (await call("POST", COMPLETIONS, { model: SERVERLESS, prompt: "The sky is", ...more })).body,
  };
}

describe("reasoning", () => {
  test.each([
    ["qwen3-8b", {}, "field"],
    ["qwen3-8b", { reasoning_effort: "none" }, "off"],
    ["qwen3-8b", { reasoning_effort: false }, "off"],
    ["qwen3-8b", { thinking: { type: "disabled" } }, "off"],
    ["deepseek-v3p1", {}, "off"],
    ["deepseek-v3p1", { reasoning_effort: "high" }, "field"],
    ["deepseek-v3p1", { thinking: { type: "enabled", budget_tokens: 1024 } }, "field"],
    ["gpt-oss-20b", {}, "field"],
    ["gpt-oss-20b", { reasoning_effort: "auto" }, "field"],
    ["minimax-m2", { reasoning_effort: "low" }, "field"],
    ["llama-v3p1-8b-instruct", { reasoning_effort: "high" }, "off"],
  ])("%s with %j", async (model, more, where) => {
    const { message } = (await (await asker()).chat(more, at(model))).choices[0];
    expect(message.reasoning_content !== undefined).toBe(where === "field");
    expect(message.content).not.toContain("<think>");
  });

  test("older models think inside the content", async () => {
    const { call } = await fresh({ profile: "instant", gpuQuota: Infinity });
    await call("POST", "/v1/accounts/local/deployments?deploymentId=d", {
      baseModel: at("deepseek-r1-distill-llama-70b"),
    });
    const model = "accounts/local/deployments/d";
    const { choices, usage } = (await call("POST", CHAT, { model, messages })).body;
    expect(choices[0].message.content).toMatch(/^<think>\n[^<]+\n<\/think>\n\n./);
    expect(choices[0].message.reasoning_content).toBeUndefined();
    expect(usage.completion_tokens_details).toBeUndefined();
  });

  test.each([
    ["gpt-oss-20b", "none"],
    ["gpt-oss-20b", 100],
    ["minimax-m2", "none"],
    ["minimax-m2", true],
    ["qwen3-8b", "enormous"],
    ["llama-v3p1-8b-instruct", "enormous"],
  ])("%s refuses %s", async (model, reasoning_effort) => {
    const { error } = await (await asker()).chat({ reasoning_effort }, at(model));
    expect(error.message).toBe(`Invalid reasoning effort: ${reasoning_effort}`);
  });

  test("thinking and reasoning_effort exclude each other", async () => {
    const { error } = await (
      await asker()
    ).chat({ reasoning_effort: "low", thinking: { type: "enabled", budget_tokens: 2048 } }, at("qwen3-8b"));
    expect(error.message).toBe("thinking and reasoning_effort cannot both be set");
  });

  test("a number caps it; its tokens count, against max_tokens too", async () => {
    const { chat } = await asker();
    const capped = await chat({ reasoning_effort: 7 }, at("qwen3-8b"));
    expect(capped.usage.completion_tokens_details).toEqual({ reasoning_tokens: 7 });
    expect(capped.usage.output_tokens_details).toEqual({ reasoning_tokens: 7 });
    const { choices, usage } = await chat({ max_tokens: 10 }, at("qwen3-8b"));
    expect(choices[0]).toMatchObject({ finish_reason: "length", message: { content: "" } });
    expect(countTokens(choices[0].message.reasoning_content)).toBe(10);
    expect(usage.completion_tokens).toBe(10);
  });

  test("earlier reasoning is part of the prompt as reasoning_history has it", async () => {
    const { chat } = await asker();
    const talk = [
      ...messages,
      { role: "assistant", reasoning_content: "Light scatters. ".repeat(20), content: "Rayleigh." },
      { role: "user", content: "And red?" },
    ];
    const count = async (model: string, more: object = {}) =>
      (await chat({ messages: talk, ...more }, at(model))).usage.prompt_tokens;
    const without = await count("qwen3-8b", { reasoning_history: "disabled" });
    expect(await count("qwen3-8b", { reasoning_history: "preserved" })).toBeGreaterThan(without + 50);
    expect(await count("qwen3-8b", { reasoning_history: "interleaved" })).toBe(without);
    expect(await count("kimi-k2p6")).toBeGreaterThan(without + 50);
  });
});

describe("logprobs", () => {
  test("a number gives the legacy shape, true the new one", async () => {
    const { complete } = await asker();
    const { choices, usage } = await complete({ logprobs: 3, max_tokens: 8 });
    const { tokens, token_logprobs, top_logprobs, text_offset, token_ids } = choices[0].logprobs;
    expect(tokens.join("")).toBe(choices[0].text);
    expect(tokens.length).toBe(usage.completion_tokens);
    expect([token_logprobs.length, text_offset[1], token_ids.length]).toEqual([8, tokens[0].length, 8]);
    for (const [index, top] of top_logprobs.entries()) {
      expect(Object.keys(top).length).toBe(3);
      expect(Math.max(...Object.values<number>(top))).toBe(token_logprobs[index]);
    }
    const { content } = (await complete({ logprobs: true, top_logprobs: 2, max_tokens: 8 })).choices[0].logprobs;
    expect(Object.keys(content[0])).toEqual([
      "token",
      "logprob",
      "sampling_logprob",
      "bytes",
      "top_logprobs",
      "token_id",
      "text_offset",
    ]);
    expect(content.map((each: any) => Buffer.from(each.bytes).toString())).toEqual(tokens);
    expect(content[0].top_logprobs).toHaveLength(2);
  });

  test("sampling changes sampling_logprob: none at temperature 1, certainty at 0", async () => {
    const { complete } = await asker();
    const first = async (more: object) =>
      (await complete({ logprobs: true, max_tokens: 1, ...more })).choices[0].logprobs.content[0];
    const plain = await first({ temperature: 1, top_p: 1, top_k: 0 });
    expect(plain.sampling_logprob).toBe(plain.logprob);
    expect((await first({ temperature: 0 })).sampling_logprob).toBe(0);
  });

  test.each([
    [{ logprobs: 20 }, "logprobs must be between 0 and 5: 20"],
    [{ logprobs: true, top_logprobs: 6 }, "top_logprobs must be between 0 and 5: 6"],
    [{ top_logprobs: 2 }, "top_logprobs requires logprobs to be true"],
  ])("%j is refused", async (more, message) => {
    expect((await (await asker()).complete(more)).error.message).toBe(message);
  });
});

describe("what is told besides the text", () => {
  test("echo and echo_last put the prompt, or its end, before the text, with logprobs", async () => {
    const { complete } = await asker();
    expect((await complete({ echo: true, max_tokens: 0 })).choices[0].text).toBe("The sky is");
    const { text, logprobs } = (await complete({ echo_last: 2, max_tokens: 2, logprobs: 0 })).choices[0];
    expect(text.startsWith(" sky is")).toBe(true);
    expect(logprobs.tokens).toHaveLength(4);
  });

  test("return_token_ids tells both, per choice on completions and on top on chat", async () => {
    const { chat, complete } = await asker();
    const completion = await complete({ return_token_ids: true, max_tokens: 5 });
    expect(completion.choices[0].prompt_token_ids).toHaveLength(completion.usage.prompt_tokens);
    expect(completion.choices[0].token_ids).toHaveLength(5);
    const talk = await chat({ return_token_ids: true, max_tokens: 5 });
    expect(talk.prompt_token_ids).toHaveLength(talk.usage.prompt_tokens);
    expect(talk.choices[0].token_ids).toHaveLength(5);
  });

  test("raw_output shows what the model saw and said", async () => {
    const { chat } = await asker();
    const { choices, usage } = await chat({ raw_output: true, max_tokens: 5, logprobs: true });
    const raw = choices[0].raw_output;
    expect(raw.completion).toBe(choices[0].message.content);
    expect(raw.prompt_token_ids).toHaveLength(usage.prompt_tokens);
    expect(raw.completion_token_ids).toHaveLength(5);
    expect(raw.completion_logprobs.content).toHaveLength(5);
    expect(raw.prompt_fragments).toContain("Why is the sky blue?");
    const grammar = 'root ::= "a"';
    expect(
      (await chat({ raw_output: true, response_format: { type: "grammar", grammar } })).choices[0].raw_output.grammar,
    ).toBe(grammar);
  });

  test("forced_generation is what is said", async () => {
    const { chat } = await asker();
    expect((await chat({ forced_generation: "exactly this" })).choices[0].message.content).toBe("exactly this");
  });
});

describe("prompts", () => {
  test("images count by placeholder", async () => {
    const { complete } = await asker();
    const image = "data:image/png;base64,AAAA";
    const plain = (await complete({ prompt: "What is this?", max_tokens: 1 })).usage.prompt_tokens;
    expect(
      (await complete({ prompt: "<image>What is this?", images: [image], max_tokens: 1 })).usage.prompt_tokens,
    ).toBe(plain + 576);
    expect((await complete({ prompt: ["<image>a", "b"], images: [[image], []], max_tokens: 1 })).choices).toHaveLength(
      2,
    );
    expect((await complete({ prompt: "What?", images: [image] })).error.message).toBe(
      "The number of images (1) must equal the number of <image> placeholders in the prompt (0)",
    );
  });

  test("at most 30 images and 10 MB of them on chat", async () => {
    const { chat } = await asker();
    const content = (count: number, url: string) => [
      { role: "user", content: Array.from({ length: count }, () => ({ type: "image_url", image_url: { url } })) },
    ];
    expect((await chat({ messages: content(31, "http://x/y.png") })).error.message).toBe(
      "The number of images must be between 0 and 30: 31",
    );
    expect(
      (await chat({ messages: content(2, `data:image/png;base64,${"A".repeat(6_000_000)}`) })).error.message,
    ).toMatch(/^The images are too large/);
  });

  test("prompt_truncate_len drops the oldest messages and keeps the last", async () => {
    const { chat } = await asker();
    const talk = [
      { role: "user", content: "word ".repeat(500) },
      { role: "assistant", content: "Yes." },
      { role: "user", content: "Say hello" },
    ];
    const whole = (await chat({ messages: talk })).usage.prompt_tokens;
    const cut = await chat({ messages: talk, prompt_truncate_len: 20 });
    expect(cut.usage.prompt_tokens).toBeLessThan(whole - 400);
    expect(cut.choices[0].message.content).toBe("Hello.");
  });

  test("chunks of several tokens, and stop strings that stay, are knobs", async () => {
    const { call } = await fresh({ chunkTokens: 4, stopText: "keep" });
    const { text } = await call("POST", COMPLETIONS, {
      model: SERVERLESS,
      prompt: "x",
      max_tokens: 10,
      ignore_eos: true,
      stream: true,
      logprobs: true,
    });
    const chunks = text
      .split("\n\n")
      .slice(0, -2)
      .map((frame) => JSON.parse(frame.slice(6)).choices[0]);
    expect(chunks.map((each) => each.logprobs?.content.length ?? 0)).toEqual([4, 4, 2, 0]);
    const { body } = await call("POST", CHAT, { model: SERVERLESS, messages, stop: " the" });
    expect(body.choices[0].message.content.endsWith(" the")).toBe(true);
  });
});
