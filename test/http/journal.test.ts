import { describe, expect, test } from "vitest";
import type { Emulator } from "../../src/index.ts";
import { createEmulator } from "../../src/index.ts";
import { createClient } from "../../src/client/client.ts";

const MODEL = "accounts/fireworks/models/qwen3-8b";

const post = (emulator: Emulator, path: string, body: unknown): Promise<Response> =>
  Promise.resolve(
    emulator.fetch(`http://emulator${path}`, {
      method: "POST",
      headers: { authorization: "Bearer fw_key", "user-agent": "journal-test/1" },
      body: JSON.stringify(body),
    }),
  );

const say = (emulator: Emulator, content: string, extra: object = {}): Promise<Response> =>
  post(emulator, "/v1/chat/completions", {
    model: MODEL,
    messages: [{ role: "user", content }],
    max_tokens: 4,
    ...extra,
  });

async function filled(): Promise<Emulator> {
  const emulator = await createEmulator({ clock: "manual" });
  await say(emulator, "the first");
  await say(emulator, "the second", { temperature: 0.5 });
  await say(emulator, "the third", { nonsense: true });
  await post(emulator, "/v1/completions", { model: "no-such-model", prompt: "x" });
  return emulator;
}

describe("the journal", () => {
  test("is searched by method, path, status, model and text", async () => {
    await using emulator = await filled();
    const count = async (filter: Record<string, string>): Promise<number> =>
      (await emulator.requests.list(filter)).length;
    expect(await count({})).toBe(4);
    expect(await count({ status: "200" })).toBe(2);
    expect(await count({ path: "chat" })).toBe(3);
    expect(await count({ method: "get" })).toBe(0);
    expect(await count({ model: "qwen3-*" })).toBe(2);
    expect(await count({ text: "the second" })).toBe(1);
    const [newest] = await emulator.requests.list();
    expect(await count({ requestId: newest!.requestId })).toBe(1);
  });

  test("counts what is as described", async () => {
    await using emulator = await filled();
    expect(await emulator.requests.count()).toBe(4);
    expect(await emulator.requests.count({ path: "completions", status: 400 })).toBe(1);
    expect(await emulator.requests.count({ json: { temperature: 0.5 } })).toBe(1);
    expect(await emulator.requests.count({ json: { messages: [{ role: "user" }] } })).toBe(3);
    expect(await emulator.requests.count({ requestBody: { regex: "the (first|second)" } })).toBe(2);
    expect(await emulator.requests.count({ header: { "User-Agent": "journal-test" } })).toBe(4);
    const [newest] = await emulator.requests.list();
    expect(await emulator.requests.count({ after: newest!.id - 1 })).toBe(1);
  });

  test("verifies, and names the nearest misses with what they have instead", async () => {
    await using emulator = await filled();
    await emulator.requests.verify({ match: { status: 200 }, times: 2 });
    await emulator.requests.verify({ match: { status: 500 }, atMost: 0 });
    const response = await post(emulator, "/__emulator/requests:verify", {
      match: { path: "completions", status: 200, json: { temperature: 0.7 } },
    });
    expect(response.status).toBe(417);
    expect(await response.json()).toEqual({
      verified: false,
      count: 0,
      message:
        'expected at least 1 matching, found 0; nearest: POST /v1/chat/completions (json: expected {"temperature":0.7}, got temperature 0.5), ' +
        'POST /v1/chat/completions (json: expected {"temperature":0.7}, got temperature none), ' +
        'POST /v1/completions (status: expected 200, got 404; json: expected {"temperature":0.7}, got temperature none)',
      nearest: [
        {
          request: { id: 2, method: "POST", path: "/v1/chat/completions", status: 200 },
          differences: [expect.any(String)],
        },
        {
          request: { id: 1, method: "POST", path: "/v1/chat/completions", status: 200 },
          differences: [expect.any(String)],
        },
        {
          request: { id: 4, method: "POST", path: "/v1/completions", status: 404 },
          differences: [expect.any(String), expect.any(String)],
        },
      ],
    });
    await expect(emulator.requests.verify({ match: { status: 418 }, atLeast: 2 })).rejects.toThrow(
      "expected at least 2 matching, found 0; nearest: ",
    );
  });

  test.each([
    [
      { match: { requestBody: { regex: "(" } } },
      "match.requestBody.regex: invalid regular expression (: missing closing )",
    ],
    [{ match: { requestBody: { regex: "x".repeat(100_000) } } }, "expected at most 4096 characters"],
    [
      { match: { header: { accept: { regex: "a(?!b)" } } } },
      "match.header.accept.regex: invalid regular expression a(?!b): look-ahead is not supported",
    ],
    [{ match: {}, times: 1, atMost: 2 }, "times: expected alone, without atLeast and atMost"],
    [{ match: {}, atLeast: 3, atMost: 2 }, "atLeast: expected at most atMost"],
    [{ match: { color: "red" } }, "match: Unrecognized key"],
  ])("refuses %j", async (body, text) => {
    await using emulator = await createEmulator({ clock: "manual" });
    const response = await post(emulator, "/__emulator/requests:verify", body);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain(text);
  });

  test("a stream is written down with its chunks and its timing, a body without", async () => {
    await using emulator = await createEmulator({ clock: "manual", profile: "fast" });
    const text = await (await say(emulator, "count", { stream: true })).text();
    await say(emulator, "count");
    const [body, stream] = await emulator.requests.list();
    expect(body!.stream).toBeNull();
    expect(stream!.stream!.chunks).toBe(text.split("\n\n").length - 1);
    const [begin, first, end] = [stream!.time, stream!.stream!.firstTokenTime, stream!.stream!.endTime].map(Date.parse);
    expect(first).toBeGreaterThan(begin!);
    expect(end).toBeGreaterThan(first!);
  });

  test("a stream that was hung up has the chunks that were sent, and ended then", async () => {
    await using emulator = await createEmulator({ port: 0, clock: "manual", pace: "on" });
    const client = createClient(emulator.url);
    const leaving = new AbortController();
    const asked = fetch(`${emulator.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: "Bearer fw_key" },
      body: JSON.stringify({
        model: MODEL,
        messages: [{ role: "user", content: "tell" }],
        max_tokens: 100,
        stream: true,
      }),
      signal: leaving.signal,
    });
    // the request is there when it stands in the journal
    while ((await client.requests.list()).length === 0);
    const [planned] = await client.requests.list();
    await client.clock.advance({ to: planned!.stream!.firstTokenTime });
    const reader = (await asked).body!.getReader();
    await reader.read();
    leaving.abort();
    await reader.read().catch(() => undefined);
    let [left] = await client.requests.list();
    while (left!.stream!.chunks === planned!.stream!.chunks) [left] = await client.requests.list();
    expect(left!.stream!.chunks).toBeGreaterThan(0);
    expect(left!.stream!.chunks).toBeLessThan(10);
    expect(left!.stream!.endTime).toBe(planned!.stream!.firstTokenTime);
  });
});
