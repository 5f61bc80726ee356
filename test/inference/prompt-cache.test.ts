import { describe, expect, test } from "vitest";
import type { Emulator, EmulatorOptions } from "../../src/index.ts";
import { createEmulator } from "../../src/index.ts";
import { inFolder } from "../support/dump.ts";

const MODEL = "accounts/fireworks/models/qwen3-8b";
const LONG = Array.from({ length: 40 }, (_, n) => `Rule ${n}: be brief.`).join(" ");

interface Asked {
  prompt: number;
  cached: number;
  header: string | null;
  firstToken: number;
  host: string | null;
}

async function ask(
  emulator: Emulator,
  question: string,
  extra: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Promise<Asked> {
  const response = await emulator.fetch("http://emulator/inference/v1/chat/completions", {
    method: "POST",
    headers: { authorization: "Bearer fw_key", ...headers },
    body: JSON.stringify({
      model: MODEL,
      messages: [
        { role: "system", content: LONG },
        { role: "user", content: question },
      ],
      max_tokens: 5,
      ...extra,
    }),
  });
  expect(response.status).toBe(200);
  const { usage } = (await response.json()) as {
    usage: { prompt_tokens: number; prompt_tokens_details: { cached_tokens: number } };
  };
  return {
    prompt: usage.prompt_tokens,
    cached: usage.prompt_tokens_details.cached_tokens,
    header: response.headers.get("fireworks-cached-prompt-tokens"),
    firstToken: Number(response.headers.get("fireworks-server-time-to-first-token")),
    host: response.headers.get("fireworks-backend-host"),
  };
}

const open = (options: EmulatorOptions = {}): Promise<Emulator> => createEmulator({ clock: "manual", ...options });

describe("prompt cache", () => {
  test("a prompt that begins as an earlier one did has whole blocks of it cached, and is read sooner", async () => {
    await using emulator = await open();
    const first = await ask(emulator, "What is a fjord?");
    const second = await ask(emulator, "What is a glacier?");
    expect(first).toMatchObject({ cached: 0, header: "0" });
    expect(second.cached).toBeGreaterThan(first.prompt / 2);
    expect(second.cached % 16).toBe(0);
    expect(second.header).toBe(String(second.cached));
    expect(second.firstToken).toBeLessThan(first.firstToken);
    // the same again: all of it, but for what does not fill a block, and one token at least
    const again = await ask(emulator, "What is a glacier?");
    expect(again.prompt - again.cached).toBeGreaterThan(0);
    expect(again.prompt - again.cached).toBeLessThan(17);
  });

  test("isolation keys, a length of 0, another model, another account and the flag keep prompts apart", async () => {
    await using emulator = await open();
    await ask(emulator, "one", { prompt_cache_isolation_key: "a" });
    expect((await ask(emulator, "two", { prompt_cache_isolation_key: "b" })).cached).toBe(0);
    expect((await ask(emulator, "two", { prompt_cache_isolation_key: "a" })).cached).toBeGreaterThan(0);
    const byHeader = await ask(emulator, "three", {}, { "x-prompt-cache-isolation-key": "a" });
    expect(byHeader.cached).toBeGreaterThan(0);
    expect((await ask(emulator, "two", { prompt_cache_max_len: 0, prompt_cache_isolation_key: "a" })).cached).toBe(0);
    expect((await ask(emulator, "two", { prompt_cache_max_len: 40, prompt_cache_isolation_key: "a" })).cached).toBe(32);
    expect((await ask(emulator, "two", { model: "accounts/fireworks/models/llama-v3p1-8b-instruct" })).cached).toBe(0);
    await using off = await open({ promptCache: "off" });
    await ask(off, "one");
    expect((await ask(off, "one")).cached).toBe(0);
  });

  test("tools are part of the prompt, and Messages tells what was read from the cache", async () => {
    await using emulator = await open();
    const tool = { type: "function", function: { name: "find", description: LONG } };
    await ask(emulator, "one", { tools: [tool] });
    expect((await ask(emulator, "one")).cached).toBeLessThan(17);
    const say = async (text: string): Promise<Record<string, number>> => {
      const response = await emulator.fetch("http://emulator/v1/messages", {
        method: "POST",
        headers: { "x-api-key": "fw_key" },
        body: JSON.stringify({
          model: MODEL,
          system: `No jokes. ${LONG}`,
          max_tokens: 5,
          messages: [{ role: "user", content: text }],
        }),
      });
      return ((await response.json()) as { usage: Record<string, number> }).usage;
    };
    const first = await say("hello");
    const second = await say("hello");
    expect(second["cache_read_input_tokens"]).toBeGreaterThan(first["cache_read_input_tokens"]!);
    expect(second["input_tokens"]! + second["cache_read_input_tokens"]!).toBe(
      first["input_tokens"]! + first["cache_read_input_tokens"]!,
    );
  });

  test("each replica remembers for itself; a key, the user or a header stays with one", async () => {
    await using emulator = await open();
    const created = await emulator.fetch("http://emulator/v1/accounts/local/deployments?deploymentId=d", {
      method: "POST",
      headers: { authorization: "Bearer fw_key" },
      body: JSON.stringify({ baseModel: MODEL, minReplicaCount: 3, maxReplicaCount: 3 }),
    });
    expect(created.status).toBe(200);
    await emulator.clock.advance({ until: "settled" });
    const model = `${MODEL}#accounts/local/deployments/d`;
    // all at once: the least loaded takes the next
    const spread = [await ask(emulator, "a", { model }), await ask(emulator, "a", { model })];
    expect(spread[0]!.host).not.toBe(spread[1]!.host);
    expect(spread.map(({ cached }) => cached)).toEqual([0, 0]);
    await emulator.clock.advance("5m");
    for (const extra of [{ prompt_cache_key: "k" }, { user: "u" }]) {
      const hosts = new Set<string | null>();
      for (let n = 0; n < 4; n += 1) hosts.add((await ask(emulator, "b", { model, ...extra })).host);
      expect(hosts.size).toBe(1);
    }
    const sessions = [];
    for (let n = 0; n < 3; n += 1)
      sessions.push(await ask(emulator, "c", { model }, { "x-session-affinity": "session 7" }));
    expect(new Set(sessions.map(({ host }) => host)).size).toBe(1);
    expect(sessions[2]!.cached).toBeGreaterThan(0);
  });

  test("a restart forgets nothing, a reset all", () =>
    inFolder(async (folder) => {
      const options = { clock: "manual", database: `${folder}/world.db` } as const;
      {
        await using emulator = await createEmulator(options);
        await ask(emulator, "one");
      }
      await using emulator = await createEmulator(options);
      expect((await ask(emulator, "one")).cached).toBeGreaterThan(0);
      await emulator.reset();
      expect((await ask(emulator, "one")).cached).toBe(0);
    }));
});
