import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import type { Emulator } from "../../src/index.ts";
import { createEmulator } from "../../src/index.ts";
import { caller, SERVERLESS } from "../support/api.ts";
import { inFolder } from "../support/dump.ts";
import { chunksOf, fold } from "../support/fold.ts";

const KEY = { authorization: "Bearer fw_a_real_secret_key" };
const CHAT = "/inference/v1/chat/completions";
const QWEN = "accounts/fireworks/models/qwen3-8b";
const messages = [{ role: "user", content: "What is the weather in Oslo?" }];
const tools = [
  {
    type: "function",
    function: { name: "get_weather", parameters: { type: "object", properties: { city: { type: "string" } } } },
  },
];

/** An emulator that stands for the real service, and one that records it; both on ports. */
async function recording(folder: string): Promise<{ upstream: Emulator; recorder: Emulator }> {
  const upstream = await createEmulator({ port: 0, clock: "manual", seed: 7 });
  const recorder = await createEmulator({
    port: 0,
    clock: "manual",
    record: folder,
    upstream: `${upstream.url}/inference/v1`,
  });
  return { upstream, recorder };
}

const files = (folder: string): string[] =>
  readdirSync(`${folder}/scripts`).map((name) => readFileSync(`${folder}/scripts/${name}`, "utf8"));

describe("record and replay", () => {
  test.each<[string, string, any]>([
    ["chat", CHAT, { model: SERVERLESS, messages }],
    ["chat with tools", CHAT, { model: SERVERLESS, messages, tools }],
    ["chat with reasoning", CHAT, { model: QWEN, messages }],
    ["completions", "/v1/completions", { model: SERVERLESS, prompt: "Why?" }],
    ["messages", "/v1/messages", { model: QWEN, messages, max_tokens: 300 }],
    [
      "messages with tools",
      "/v1/messages",
      {
        model: SERVERLESS,
        messages,
        max_tokens: 300,
        tools: [{ name: "get_weather", input_schema: { type: "object" } }],
      },
    ],
    ["responses", "/v1/responses", { model: QWEN, input: "Why?" }],
    [
      "responses with tools",
      "/v1/responses",
      { model: SERVERLESS, input: messages[0]!.content, tools: [{ type: "function", name: "get_weather" }] },
    ],
  ])("%s: what was recorded, whole or as a stream, is answered again in both ways", (_, path, body) =>
    inFolder(async (folder) => {
      const texts: Record<string, unknown> = {};
      for (const stream of [false, true]) {
        const { upstream, recorder } = await recording(`${folder}/${stream}`);
        await using _one = upstream;
        await using _two = recorder;
        const live = await caller(recorder)("POST", path, { ...body, stream }, KEY);
        expect(live.status).toBe(200);
        // what the client got is what the upstream said, byte for byte
        expect((await upstream.requests.list()).length).toBe(1);
        texts[String(stream)] = stream ? live.text : wordsOf(live.body);
      }
      for (const folderOf of [`${folder}/false`, `${folder}/true`]) {
        await using replayer = await createEmulator({ clock: "manual", fixtures: [folderOf], strict: true });
        const call = caller(replayer);
        const { body: whole } = await call("POST", path, body);
        expect(wordsOf(whole)).toEqual(texts["false"]);
        const streamed = await call("POST", path, { ...body, stream: true });
        expect(streamed.status).toBe(200);
        if (path.includes("completions")) expect(wordsOf(fold(streamed.text))).toEqual(texts["false"]);
        expect((await call("POST", path, { ...body, model: "other" })).status).toBe(503);
      }
    }),
  );

  test("embeddings and rankings as they are, errors with their status, repetitions as a sequence", () =>
    inFolder(async (folder) => {
      const embed = { model: "nomic-ai/nomic-embed-text-v1.5", input: "hi" };
      const rank = { model: "fireworks/qwen3-reranker-8b", query: "sea", documents: ["the sea", "sand"] };
      const asked = { model: SERVERLESS, messages: [{ role: "user", content: "again" }] };
      const seen: unknown[] = [];
      {
        const { upstream, recorder } = await recording(folder);
        await using _one = upstream;
        await using _two = recorder;
        const call = caller(recorder);
        seen.push((await call("POST", "/v1/embeddings", embed)).body, (await call("POST", "/v1/rerank", rank)).body);
        await upstream.faults.create({ times: 1, respond: { status: 429, message: "slow down" } });
        for (let n = 0; n < 2; n += 1)
          seen.push((await call("POST", CHAT, asked)).body.choices?.[0].message ?? "refused");
      }
      await using replayer = await createEmulator({ clock: "manual", fixtures: [folder], strict: true });
      const call = caller(replayer);
      expect((await call("POST", "/v1/embeddings", embed)).body).toEqual(seen[0]);
      expect((await call("POST", "/v1/rerank", rank)).body).toEqual(seen[1]);
      const refused = await call("POST", CHAT, asked);
      expect([refused.status, refused.body.error.message]).toEqual([429, "slow down"]);
      for (let n = 0; n < 2; n += 1) expect((await call("POST", CHAT, asked)).body.choices[0].message).toEqual(seen[3]);
    }));

  test("what cannot be told in words is kept event by event", () =>
    inFolder(async (folder) => {
      const body = { model: SERVERLESS, messages, n: 2, stream: true, max_tokens: 5 };
      let text = "";
      {
        const { upstream, recorder } = await recording(folder);
        await using _one = upstream;
        await using _two = recorder;
        ({ text } = await caller(recorder)("POST", CHAT, body));
      }
      await using replayer = await createEmulator({ clock: "manual", fixtures: [folder] });
      const again = await caller(replayer)("POST", CHAT, body);
      expect(chunksOf(again.text)).toEqual(chunksOf(text));
    }));

  test("timing comes back, secrets never", () =>
    inFolder(async (folder) => {
      const secret = "tok-0123456789";
      const server = createServer((request, response) => {
        expect(request.headers.authorization).toBe(`Bearer ${secret}`);
        response.writeHead(200, { "content-type": "text/event-stream" });
        const tell = (content: string): void =>
          void response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`);
        tell(`echo ${secret} sk-abcdefghijklmnopqrstuv {{model}}`);
        setTimeout(() => {
          tell(" late");
          response.end("data: [DONE]\n\n");
        }, 120);
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as AddressInfo;
      {
        await using recorder = await createEmulator({ record: folder, upstream: `http://127.0.0.1:${port}/v1` });
        const body = { model: SERVERLESS, messages, stream: true };
        await caller(recorder)("POST", CHAT, body, { authorization: `Bearer ${secret}` });
        const { responseBody } = (await recorder.requests.list())[0]!;
        expect(responseBody).not.toContain(secret);
      }
      server.close();
      const [file] = files(folder);
      expect(file).not.toContain(secret);
      expect(file).not.toContain("sk-abc");
      const [first, second] = JSON.parse(file!).scripts[0].respond.chunks;
      expect(first.text).toBe("echo [redacted] [redacted] {{model}}");
      expect(Number.parseInt(second.at, 10) - Number.parseInt(first.at, 10)).toBeGreaterThan(80);
      await using replayer = await createEmulator({ clock: "skip", pace: "on", fixtures: [folder] });
      const { body } = await caller(replayer)("POST", CHAT, { model: SERVERLESS, messages });
      expect(body.choices[0].message.content).toBe("echo [redacted] [redacted] {{model}} late");
      const [before, after] = ["2026-01-01T00:00:00Z", await replayer.clock.now()].map(Date.parse);
      expect(after! - before!).toBe(Number.parseInt(second.at, 10));
    }));

  test("scripts come first; an upstream that is gone is a 502; one that is oneself is not asked for ever", () =>
    inFolder(async (folder) => {
      await using recorder = await createEmulator({ record: folder, upstream: "http://127.0.0.1:9/v1" });
      await recorder.scripts.create({ match: { lastUserMessage: "known" }, respond: { text: "scripted" } });
      const call = caller(recorder);
      const known = await call("POST", CHAT, { model: SERVERLESS, messages: [{ role: "user", content: "known" }] });
      expect(known.body.choices[0].message.content).toBe("scripted");
      const { status, body } = await call("POST", CHAT, { model: SERVERLESS, messages });
      expect([status, body.error.code]).toEqual([502, "BAD_GATEWAY"]);
      expect(body.error.message).toContain("the upstream http://127.0.0.1:9/v1 does not answer");
      await using other = await createEmulator({ port: 0 });
      const port = Number(new URL(other.url).port);
      await other.close();
      await using mirror = await createEmulator({ port, record: folder, upstream: `http://127.0.0.1:${port}/v1` });
      expect((await caller(mirror)("POST", CHAT, { model: SERVERLESS, messages })).status).toBe(200);
    }));

  test("nothing is forwarded without the flag, and the flag needs somebody to ask", async () => {
    await expect(createEmulator({ upstream: "http://127.0.0.1:9/v1" })).rejects.toThrow("belong together");
    await expect(createEmulator({ record: "somewhere" })).rejects.toThrow("belong together");
  });
});

/** What an answer says, in whatever format. */
function wordsOf(body: any): unknown {
  if (body.choices)
    return body.choices.map(({ text, message, finish_reason: finish }: any) => [
      text,
      message?.content,
      message?.reasoning_content,
      message?.tool_calls?.map(({ function: called }: any) => called),
      finish,
    ]);
  if (body.output)
    return body.output.map(({ content, summary, name, arguments: given }: any) => [
      content?.map(({ text }: any) => text),
      summary,
      name,
      given,
    ]);
  return [body.content.map(({ text, thinking, name, input }: any) => [text, thinking, name, input]), body.stop_reason];
}
