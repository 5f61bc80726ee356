import { describe, expect, test } from "vitest";
import { createEmulator } from "../../src/index.ts";
import { caller, fresh, SERVERLESS, SMALL } from "../support/api.ts";
import { chunksOf } from "../support/fold.ts";

const CHAT = "/v1/chat/completions";
const body = {
  model: SERVERLESS,
  messages: [{ role: "user", content: "Tell me a story" }],
  max_tokens: 60,
  ignore_eos: true,
};
const headers = { authorization: "Bearer k" };
/** The shared service makes this many tokens a second. */
const PER_SECOND = 120;

const contents = (text: string): number => [...text.matchAll(/"delta":\{"content"/g)].length;

/** Lets what is ready happen. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 5));

describe("with a clock that is moved by hand", () => {
  async function streaming() {
    const { emulator, call } = await fresh({ profile: "realistic", pace: "on" });
    const pending = emulator.fetch(`${emulator.url}${CHAT}`, {
      method: "POST",
      headers,
      body: JSON.stringify({ ...body, stream: true }),
    });
    let response: Response | undefined;
    void Promise.resolve(pending).then((value) => (response = value));
    return { emulator, call, arrived: async () => (await settle(), response) };
  }

  test("a stream begins with its first token, and every token comes at its time", async () => {
    const { emulator, arrived } = await streaming();
    expect(await arrived()).toBeUndefined();
    await emulator.clock.advance("1ms");
    const response = (await arrived())!;
    expect(response.headers.get("fireworks-server-time-to-first-token")).toBe("0.001");
    const reader = response.body!.getReader();
    let text = "";
    const read = async (): Promise<void> => void (text += Buffer.from((await reader.read()).value ?? []).toString());
    await read();
    expect(contents(text)).toBe(1);
    await emulator.clock.advance("100ms");
    await read();
    expect(contents(text)).toBe(1 + Math.floor(0.1 * PER_SECOND));
    await emulator.clock.advance("1h");
    await read();
    expect(contents(text)).toBe(60);
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
    expect((await reader.read()).done).toBe(true);
  });

  test("a body comes when its last token does", async () => {
    const { emulator } = await fresh({ profile: "realistic", pace: "on" });
    let response: Response | undefined;
    void emulator
      .fetch(`${emulator.url}${CHAT}`, { method: "POST", headers, body: JSON.stringify(body) })
      .then((value) => (response = value));
    await settle();
    await emulator.clock.advance("490ms");
    await settle();
    expect(response).toBeUndefined();
    await emulator.clock.advance("20ms");
    await settle();
    expect(response!.headers.get("fireworks-server-processing-time")).toBe("0.501");
  });

  test("a client that hangs up frees its replica at once, and its tokens are not counted", async () => {
    const { emulator, call } = await fresh({ profile: "realistic", pace: "on" });
    await call("POST", "/v1/accounts/local/deployments?deploymentId=d", { baseModel: SMALL });
    await emulator.clock.advance({ until: "settled" });
    const model = "accounts/local/deployments/d";
    const open = async () => {
      const pending = emulator.fetch(`${emulator.url}${CHAT}`, {
        method: "POST",
        headers,
        body: JSON.stringify({ ...body, model, stream: true, max_tokens: 2000 }),
      });
      await settle();
      await emulator.clock.advance("50ms");
      return pending;
    };
    const [one, two] = [await open(), await open()];
    const concurrent = async (): Promise<string | null> => {
      const pending = emulator.fetch(`${emulator.url}${CHAT}`, {
        method: "POST",
        headers,
        body: JSON.stringify({ ...body, model, max_tokens: 0 }),
      });
      await settle();
      await emulator.clock.advance("100ms");
      return (await pending).headers.get("fireworks-num-concurrent-requests");
    };
    expect(await concurrent()).toBe("3");
    await one.body!.cancel();
    expect(await concurrent()).toBe("2");
    await two.body!.cancel();
    expect(await concurrent()).toBe("1");
    // six seconds later nobody is at work: the load of the two was taken back
    await emulator.clock.advance("20s");
    const { lastDecision } = await emulator.explain("accounts/local/deployments/d");
    expect(lastDecision!.inputs["default"]!.observed).toBe(0);
  });
});

test("in skip mode time comes at once, and is spent", async () => {
  const { emulator, call } = await fresh({ clock: "skip", profile: "realistic" });
  const before = Date.parse(await emulator.clock.now());
  const { text } = await call("POST", CHAT, { ...body, stream: true });
  expect(chunksOf(text).length).toBe(62);
  expect(Date.parse(await emulator.clock.now()) - before).toBe(501);
});

test("over a real clock tokens come one by one, at the rate of the model", async () => {
  await using emulator = await createEmulator({ port: 0, profile: "realistic" });
  const started = performance.now();
  const response = await fetch(`${emulator.url}${CHAT}`, {
    method: "POST",
    headers,
    body: JSON.stringify({ ...body, stream: true }),
  });
  const times: number[] = [];
  for await (const _ of response.body!) times.push(performance.now() - started);
  // how many come together depends on how busy the host is
  expect(times.length).toBeGreaterThan(5);
  expect(times.at(-1)).toBeGreaterThan(450);
});

test("with the pace off, or in other profiles, everything comes at once", async () => {
  for (const options of [
    { profile: "realistic", pace: "off" },
    { profile: "fast" },
    { profile: "realistic" },
  ] as const) {
    const { emulator } = await fresh(options);
    const { status } = await caller(emulator)("POST", CHAT, body);
    expect(status).toBe(200);
  }
});
