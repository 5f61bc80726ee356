import { AuthenticationError, InternalServerError, NotFoundError, OpenAI } from "openai";
import { expect, test } from "vitest";
import { startServer } from "../support/server.ts";

const MODEL = "accounts/fireworks/models/llama-v3p2-3b-instruct";
const DEPLOYMENT = "accounts/acmeInc/deployments/quickstart";
const headers = { authorization: "Bearer fw_local", "content-type": "application/json" };

test("the page's quickstart over a socket: create, wait, query, stream, scale to zero, wake, delete", async () => {
  await using server = await startServer("--memory", "--clock", "manual");
  const openai = new OpenAI({ apiKey: "fw_local", baseURL: `${server.url}/inference/v1`, maxRetries: 0 });
  const control = (method: string, path: string, body?: object) =>
    fetch(`${server.url}/v1/${path}`, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
  const state = async (): Promise<string> =>
    ((await (await control("GET", DEPLOYMENT)).json()) as { state: string }).state;

  expect(
    (await control("POST", "accounts/acmeInc/deployments?deploymentId=quickstart", { baseModel: MODEL })).status,
  ).toBe(200);
  expect(await state()).toBe("CREATING");
  await server.clock.advance({ until: "settled" });
  expect(await state()).toBe("READY");

  const model = `${MODEL}#${DEPLOYMENT}`;
  const completion = await openai.completions.create({ model, prompt: "Say this is a test" });
  expect(completion.choices[0]!.text).toBe(" This is a test.");
  const stream = await openai.chat.completions.create({
    model,
    messages: [{ role: "user", content: "Say this is a test" }],
    stream: true,
    stream_options: { include_usage: true },
  });
  let [text, tokens] = ["", 0];
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? "";
    tokens = chunk.usage?.completion_tokens ?? tokens;
  }
  expect([text, tokens]).toEqual(["This is a test.", 5]);

  await server.clock.advance({ by: "2h" });
  const scaling = await openai.completions.create({ model, prompt: "hi" }).catch((error: unknown) => error);
  expect(scaling).toBeInstanceOf(InternalServerError);
  expect(scaling).toMatchObject({ status: 503, code: "DEPLOYMENT_SCALING_UP" });
  await server.clock.advance({ until: "settled" });
  expect((await openai.completions.create({ model, prompt: "hi" })).model).toBe(MODEL);

  expect((await control("DELETE", DEPLOYMENT)).status).toBe(400);
  expect((await control("DELETE", `${DEPLOYMENT}?ignoreChecks=true`)).status).toBe(200);
  await server.clock.advance({ until: "settled" });
  expect(await state()).toBe("DELETED");
  await expect(openai.completions.create({ model, prompt: "hi" })).rejects.toBeInstanceOf(NotFoundError);
});

test("two servers answer the same bytes, headers and all", async () => {
  await using one = await startServer("--memory", "--clock", "manual");
  await using two = await startServer("--memory", "--clock", "manual");
  const ask = async ({ url }: { url: string }): Promise<unknown[]> => {
    const body = JSON.stringify({ model: "accounts/fireworks/models/qwen3-8b", prompt: "Why?", stream: true });
    const response = await fetch(`${url}/v1/completions`, { method: "POST", headers, body });
    return [[...response.headers], await response.text()];
  };
  expect(await ask(one)).toEqual(await ask(two));
});

test("typed errors: 400, 401, 404", async () => {
  await using server = await startServer("--memory", "--auth", "known");
  const client = (apiKey: string): OpenAI =>
    new OpenAI({ apiKey, baseURL: `${server.url}/inference/v1`, maxRetries: 0 });
  const messages = [{ role: "user" as const, content: "hi" }];
  const ask = (apiKey: string, model: string, more: object = {}) =>
    client(apiKey).chat.completions.create({ model, messages, ...more });
  await expect(ask("fw_nobody", MODEL)).rejects.toBeInstanceOf(AuthenticationError);
  await expect(ask("fw_local", "nothing")).rejects.toBeInstanceOf(NotFoundError);
  await expect(ask("fw_local", "accounts/fireworks/models/qwen3-8b", { temperature: 7 })).rejects.toThrow(
    "temperature must be between 0 and 2: 7",
  );
  const models = await client("fw_local").models.list();
  expect(models.data.map(({ id }) => id)).toContain("accounts/fireworks/models/qwen3-8b");
  expect((await client("fw_local").models.retrieve("accounts/fireworks/models/qwen3-8b")).id).toBe(
    "accounts/fireworks/models/qwen3-8b",
  );
});

test("an open stream that the client drops leaves the server well", async () => {
  await using server = await startServer("--memory");
  const openai = new OpenAI({ apiKey: "k", baseURL: `${server.url}/v1` });
  for (let n = 0; n < 20; n += 1) {
    const stream = await openai.chat.completions.create({
      model: "accounts/fireworks/models/qwen3-8b",
      messages: [{ role: "user", content: `story ${n}` }],
      stream: true,
    });
    for await (const _ of stream) break;
  }
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
});

test("Responses through the client: create, chain, stream, background, retrieve, cancel, delete", async () => {
  await using server = await startServer("--memory", "--clock", "manual", "--pace", "off");
  const openai = new OpenAI({ apiKey: "fw_local", baseURL: `${server.url}/inference/v1`, maxRetries: 0 });
  const model = "accounts/fireworks/models/llama-v3p1-8b-instruct";
  const first = await openai.responses.create({ model, input: "My name is Alice." });
  const second = await openai.responses.create({ model, input: "What is my name?", previous_response_id: first.id });
  expect(second.output_text).toContain("Alice");
  expect((await openai.responses.retrieve(second.id)).output_text).toBe(second.output_text);

  const tools = [
    {
      type: "function" as const,
      name: "get_weather",
      strict: true,
      parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
    },
  ];
  const stream = openai.responses.stream({ model, input: "What is the weather in Oslo?", tools });
  const types = new Set<string>();
  for await (const event of stream) types.add(event.type);
  expect(types).toContain("response.function_call_arguments.delta");
  const final = await stream.finalResponse();
  expect(final.output[0]).toMatchObject({ type: "function_call", name: "get_weather", arguments: '{"city":"Oslo"}' });
  const told = openai.responses.stream({ model, input: "Say hello world" });
  expect((await told.finalResponse()).output_text).toBe("Hello world.");

  const queued = await openai.responses.create({ model, input: "Tell me a story", background: true });
  expect(queued.status).toBe("queued");
  expect((await openai.responses.cancel(queued.id)).status).toBe("cancelling");
  await openai.responses.delete(first.id);
  await expect(openai.responses.retrieve(first.id)).rejects.toBeInstanceOf(NotFoundError);
});

test("parallel workers change their base URL alone, and get what they would get alone", async () => {
  await using server = await startServer("--memory", "--clock", "manual", "--seed", "5");
  const work = async (base: string): Promise<string[]> => {
    const openai = new OpenAI({ apiKey: "fw_local", baseURL: `${base}/inference/v1`, maxRetries: 0 });
    const model = "accounts/fireworks/models/llama-v3p1-8b-instruct";
    const told: string[] = [];
    for (let n = 0; n < 5; n += 1) {
      const { id, choices } = await openai.chat.completions.create({
        model,
        messages: [{ role: "user", content: `Say ${n}` }],
      });
      told.push(`${id} ${choices[0]!.message.content}`);
    }
    return told;
  };
  const alone = await work(server.url);
  const sandboxes = await Promise.all(["1", "2", "3", "4"].map((name) => server.sandboxes.create({ name })));
  for (const told of await Promise.all(sandboxes.map(({ url }) => work(url)))) expect(told).toEqual(alone);
});
