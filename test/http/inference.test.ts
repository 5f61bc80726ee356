import { describe, expect, test } from "vitest";
import { countTokens } from "../../src/core/generation/token.ts";
import { fresh, SERVERLESS, SMALL } from "../support/api.ts";

const COMPLETIONS = "/inference/v1/completions";
const CHAT = "/inference/v1/chat/completions";
const user = (content: string) => [{ role: "user", content }];

describe("completions and chat", () => {
  test("bodies have the keys and the order of the wire, nothing more", async () => {
    const { call } = await fresh();
    const completion = await call("POST", COMPLETIONS, { model: SERVERLESS, prompt: "Say this is a test" });
    expect(Object.keys(completion.body)).toEqual(["id", "object", "created", "model", "choices", "usage"]);
    expect(completion.body).toMatchObject({
      id: expect.stringMatching(/^cmpl-[0-9a-f]{32}$/),
      object: "text_completion",
      created: 1767225600,
      model: SERVERLESS,
      choices: [{ index: 0, text: " This is a test.", logprobs: null, finish_reason: "stop" }],
    });
    expect(Object.keys(completion.body.usage)).toEqual([
      "prompt_tokens",
      "total_tokens",
      "completion_tokens",
      "prompt_tokens_details",
    ]);
    const chat = await call("POST", CHAT, { model: SERVERLESS, messages: user("Say this is a test") });
    expect(chat.body).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-[0-9a-f]{32}$/),
      object: "chat.completion",
      choices: [{ index: 0, message: { role: "assistant", content: "This is a test." }, finish_reason: "stop" }],
    });
    expect(Object.keys(chat.body.choices[0])).toEqual(["index", "message", "finish_reason"]);
  });

  test("the same request gets the same text and a new id; another seed, model or prompt gets another text", async () => {
    const { call } = await fresh({ seed: 1 });
    const { call: other } = await fresh({ seed: 2 });
    const ask = async (via: typeof call, body: object = {}) =>
      (await via("POST", CHAT, { model: SERVERLESS, messages: user("What is entropy?"), ...body })).body;
    const [one, two] = [await ask(call), await ask(call)];
    const text = (body: { choices: { message: { content: string } }[] }): string => body.choices[0]!.message.content;
    expect(text(one)).toBe(text(two));
    expect(one.id).not.toBe(two.id);
    const others = [
      await ask(other),
      await ask(call, { seed: 5 }),
      await ask(call, { messages: user("What is enthalpy?") }),
      await ask(call, { model: "accounts/fireworks/models/qwen3-8b" }),
    ];
    expect(new Set([one, ...others].map(text)).size).toBe(5);
  });

  test("max_tokens cuts exactly, and a shorter answer is the beginning of a longer one", async () => {
    const { call } = await fresh();
    const prompts = [
      "Why is the sky blue?",
      "Write a Python function to sort names",
      "List five rivers",
      "Tell me a story about glass",
      "Once upon a time",
    ];
    for (const prompt of prompts) {
      let before = "";
      for (const max_tokens of [0, 1, 2, 5, 17, 40]) {
        const { body } = await call("POST", COMPLETIONS, { model: SERVERLESS, prompt, max_tokens, ignore_eos: true });
        const { text, finish_reason } = body.choices[0];
        expect(finish_reason).toBe("length");
        expect(body.usage.completion_tokens).toBe(max_tokens);
        expect(countTokens(text)).toBe(max_tokens);
        expect(text.startsWith(before)).toBe(true);
        before = text;
      }
      expect(before).not.toContain(prompt);
    }
  });

  test("usage counts what is there: prompt tokens by the tokenizer, n and prompts summed", async () => {
    const { call } = await fresh();
    const prompts = ["One two three", "Four"];
    const { body } = await call("POST", COMPLETIONS, {
      model: SERVERLESS,
      prompt: prompts,
      n: 2,
      max_tokens: 8,
      ignore_eos: true,
    });
    expect(body.choices.map(({ index }: { index: number }) => index)).toEqual([0, 1, 2, 3]);
    expect(body.usage).toMatchObject({
      prompt_tokens: countTokens(prompts[0]!) + countTokens(prompts[1]!) + 2,
      completion_tokens: 32,
    });
    expect(new Set(body.choices.map(({ text }: { text: string }) => text)).size).toBe(4);
    expect(
      (await call("POST", COMPLETIONS, { model: SERVERLESS, prompt: [1, 2, 3], max_tokens: 1 })).body.usage
        .prompt_tokens,
    ).toBe(3);
  });

  test("stop ends the text before the stop string", async () => {
    const { call } = await fresh();
    const ask = async (stop?: string | string[]) =>
      (await call("POST", CHAT, { model: SERVERLESS, messages: user("What is a glacier?"), ...(stop ? { stop } : {}) }))
        .body.choices[0];
    const whole: string = (await ask()).message.content;
    const word = whole.split(" ")[4]!;
    const cut = await ask(word);
    expect(cut).toMatchObject({ finish_reason: "stop", message: { content: whole.slice(0, whole.indexOf(word)) } });
    expect((await ask(["@@@", word])).message.content).toBe(cut.message.content);
  });

  test("echo puts the prompt before the text", async () => {
    const { call } = await fresh();
    const { body } = await call("POST", COMPLETIONS, { model: SERVERLESS, prompt: "Say hello", echo: true });
    expect(body.choices[0].text).toBe("Say hello Hello.");
  });

  test("answers are worth reading: sums, names, greetings, code in its language", async () => {
    const { call } = await fresh();
    const ask = async (...contents: string[]): Promise<string> =>
      (
        await call("POST", CHAT, {
          model: SERVERLESS,
          messages: contents.map((content, n) => ({ role: n % 2 ? "assistant" : "user", content })),
        })
      ).body.choices[0].message.content;
    expect(await ask("What is 12 * 7?")).toBe("84");
    expect(await ask("My name is Alice.", "Nice to meet you!", "What is my name?")).toBe("Your name is Alice.");
    expect(await ask("Write a Python function to reverse a string")).toContain("return text[::-1]");
    expect(await ask("Write a SQL query for orders")).toContain("```sql");
    expect(await ask("Write a TypeScript function to group users")).toContain("```typescript");
    expect(await ask("List three uses of copper")).toMatch(/1\. .*\n2\. .*\n3\. /);
    expect(await ask("Why do glaciers move?")).toMatch(/glaciers/i);
  });

  test("streams: framing, role first, usage on the last chunk or in one of its own", async () => {
    const { call } = await fresh();
    const stream = async (more: object) =>
      await call("POST", CHAT, { model: SERVERLESS, messages: user("Say one two"), stream: true, ...more });
    const plain = await stream({});
    expect(plain.headers.get("content-type")).toBe("text/event-stream");
    const frames = plain.text.split("\n\n");
    expect(frames.slice(-2)).toEqual(["data: [DONE]", ""]);
    const chunks = frames.slice(0, -2).map((frame) => JSON.parse(frame.slice("data: ".length)));
    expect(chunks[0].choices).toEqual([{ index: 0, delta: { role: "assistant" }, finish_reason: null }]);
    expect(chunks.map((chunk) => chunk.usage === null)).toEqual([...Array(chunks.length - 1).fill(true), false]);
    expect(chunks.at(-1)!.choices[0].finish_reason).toBe("stop");
    const asked = (await stream({ stream_options: { include_usage: true } })).text.split("\n\n");
    const [finish, usage] = asked.slice(-4, -2).map((frame) => JSON.parse(frame.slice("data: ".length)));
    expect([finish.usage, usage.choices, usage.usage.completion_tokens]).toEqual([null, [], 3]);
    expect((await stream({ stream_options: { include_usage: false } })).text).not.toContain('"usage":{');
  });

  test("headers tell how a request went; a deployment's tell more", async () => {
    const { call, emulator } = await fresh();
    await call("POST", "/v1/accounts/acme/deployments?deploymentId=d", { baseModel: SMALL });
    await emulator.clock.advance({ until: "settled" });
    const shared = await call("POST", COMPLETIONS, { model: SERVERLESS, prompt: "hi there" });
    expect(shared.headers.get("fireworks-prompt-tokens")).toBe(String(shared.body.usage.prompt_tokens));
    expect(shared.headers.get("fireworks-sampling-options")).toBe('{"temperature":0.6,"top_p":0.9}');
    expect(shared.headers.get("fireworks-deployment")).toBeNull();
    const own = await call("POST", COMPLETIONS, { model: "accounts/acme/deployments/d", prompt: "hi there" });
    expect(own.headers.get("fireworks-deployment")).toBe("accounts/acme/deployments/d");
    expect(own.headers.get("fireworks-num-concurrent-requests")).toBe("1");
    const [first, total] = ["fireworks-server-time-to-first-token", "fireworks-server-processing-time"].map((name) =>
      Number(own.headers.get(name)),
    );
    expect(total).toBeGreaterThanOrEqual(first!);
    expect(
      (
        await call(
          "POST",
          COMPLETIONS,
          { model: SERVERLESS, prompt: "x" },
          { authorization: "Bearer k", "x-request-id": "mine" },
        )
      ).headers.get("x-request-id"),
    ).toBe("mine");
  });
});

describe("perf_metrics_in_response", () => {
  test("the body tells what the headers tell; a stream on its last chunk, wherever the usage is", async () => {
    const { call, emulator } = await fresh();
    await call("POST", "/v1/accounts/acme/deployments?deploymentId=d", { baseModel: SMALL });
    await emulator.clock.advance({ until: "settled" });
    const body = { model: "accounts/acme/deployments/d", prompt: "Say hi", perf_metrics_in_response: true };
    const whole = await call("POST", COMPLETIONS, body);
    expect(whole.body.perf_metrics["prompt-tokens"]).toBe(whole.headers.get("fireworks-prompt-tokens"));
    expect(whole.body.perf_metrics).toMatchObject({
      deployment: "accounts/acme/deployments/d",
      "num-concurrent-requests": "1",
    });
    for (const more of [
      {},
      { stream_options: { include_usage: true } },
      { stream_options: { include_usage: false } },
    ]) {
      const { text } = await call("POST", COMPLETIONS, { ...body, ...more, stream: true });
      const told = text.split("\n\n").map((frame) => frame.includes('"perf_metrics"'));
      expect(told.indexOf(true)).toBe(told.length - 3);
      expect(told.lastIndexOf(true)).toBe(told.length - 3);
    }
  });
});

describe("cold start", () => {
  test("wait: a client that hangs up is not waited for", async () => {
    const { call, emulator } = await fresh({ coldStart: "wait" });
    await call("POST", "/v1/accounts/acme/deployments?deploymentId=d", { baseModel: SMALL });
    const abort = new AbortController();
    const body = JSON.stringify({ model: "accounts/acme/deployments/d", prompt: "hi" });
    const request = new Request(`${emulator.url}${COMPLETIONS}`, {
      method: "POST",
      body,
      headers: { authorization: "Bearer k" },
      signal: abort.signal,
    });
    const held = emulator.fetch(request);
    await new Promise((resolve) => setTimeout(resolve, 10));
    abort.abort();
    expect((await held).status).toBe(503);
  });

  test("wait: requests are held until a replica is ready, streams too", async () => {
    const { call, emulator } = await fresh({ coldStart: "wait" });
    await call("POST", "/v1/accounts/acme/deployments?deploymentId=d", { baseModel: SMALL });
    await emulator.clock.advance("2h");
    const body = { model: "accounts/acme/deployments/d", prompt: "Say hi" };
    let done = 0;
    const held = [call("POST", COMPLETIONS, body), call("POST", COMPLETIONS, { ...body, stream: true })].map((answer) =>
      answer.finally(() => (done += 1)),
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(done).toBe(0);
    await emulator.clock.advance("3s");
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200]);
  });

  test("skip: polling finishes at once, and so do held requests", async () => {
    const { call, emulator } = await fresh({ clock: "skip", coldStart: "wait", profile: "realistic" });
    await call("POST", "/v1/accounts/acme/deployments?deploymentId=d", {
      baseModel: "accounts/fireworks/models/llama-v3p1-70b-instruct",
    });
    const states: string[] = [];
    while (states.at(-1) !== "READY" && states.length < 10)
      states.push((await call("GET", "/v1/accounts/acme/deployments/d")).body.state);
    expect(states.at(-1)).toBe("READY");
    expect((await emulator.clock.now()) > "2026-01-01T00:01").toBe(true);
    await emulator.clock.advance("2h");
    expect((await call("POST", COMPLETIONS, { model: "accounts/acme/deployments/d", prompt: "hi" })).status).toBe(200);
  });
});
