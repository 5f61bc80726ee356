import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createClient } from "../../src/client/client.ts";
import type { Emulator } from "../../src/index.ts";
import { createEmulator } from "../../src/index.ts";
import type { Answer } from "../support/api.ts";
import { caller, fresh, SERVERLESS, SMALL, within } from "../support/api.ts";
import { inFolder } from "../support/dump.ts";
import { baseFiles, upload } from "../support/upload.ts";

const CREATE = "/v1/accounts/local/deployments?deploymentId=d";
const GET = "/v1/accounts/local/deployments/d";
const CHAT = "/inference/v1/chat/completions";
const hello = { model: SERVERLESS, messages: [{ role: "user", content: "hello" }] };

const clientOf = (emulator: Emulator, name: string) =>
  createClient(`${emulator.url}/sandboxes/${name}`, (input, init) => emulator.fetch(input, init));

describe("a sandbox is a world of its own", () => {
  test("clock, deployments, journal, scripts and faults are its own", async () => {
    const { emulator, call } = await fresh();
    await emulator.sandboxes.create({ name: "one" });
    await emulator.sandboxes.create({ name: "two" });
    const [one, two] = [within(emulator, "one"), within(emulator, "two")];
    await one("POST", CREATE, { baseModel: SMALL });
    await clientOf(emulator, "one").clock.advance("1h");
    await clientOf(emulator, "one").scripts.create({ id: "s", match: {}, respond: { text: "scripted" } });
    await clientOf(emulator, "one").faults.create({ match: { path: "*embeddings" }, respond: { status: 418 } });
    expect((await one("POST", CHAT, hello)).body.choices[0].message.content).toBe("scripted");

    for (const other of [two, call]) {
      expect((await other("GET", GET)).status).toBe(404);
      expect((await other("GET", "/__emulator/clock")).body.now).toBe("2026-01-01T00:00:00Z");
      expect((await other("GET", "/__emulator/requests")).body.requests).toHaveLength(1);
      expect((await other("GET", "/__emulator/scripts")).body.scripts).toEqual([]);
      expect((await other("GET", "/__emulator/faults")).body.faults).toEqual([]);
    }
    const { requests } = (await one("GET", "/__emulator/requests")).body;
    expect(requests.map(({ path }: { path: string }) => path)).toEqual([CHAT, "/v1/accounts/local/deployments"]);
    expect(await clientOf(emulator, "one").requests.count({ path: CHAT })).toBe(1);
  });

  test("the same requests get the same bytes in every sandbox, and without one", async () => {
    const { emulator, call } = await fresh({ seed: 7 });
    await emulator.sandboxes.create({ name: "one" });
    await emulator.sandboxes.create({ name: "other", seed: 8 });
    const play = async (send: (method: string, path: string, body?: unknown) => Promise<Answer>): Promise<string[]> => {
      const told = [
        await send("POST", CREATE, { baseModel: SMALL }),
        await send("POST", "/__emulator/clock:advance", { until: "settled" }),
        await send("POST", CHAT, hello),
        await send("POST", CHAT, { ...hello, stream: true }),
        await send("GET", GET),
        await send("GET", "/nowhere"),
        await send("PUT", CHAT),
      ];
      return told.map(({ text, headers }) => `${headers.get("x-request-id")} ${text}`);
    };
    const plain = await play(call);
    expect(await play(within(emulator, "one"))).toEqual(plain);
    expect((await play(within(emulator, "other")))[2]).not.toBe(plain[2]);
  });

  test("its settings are the server's, but for what it has of its own", async () => {
    const { emulator } = await fresh({ profile: "instant", strict: true });
    const made = await emulator.sandboxes.create({
      name: "own",
      strict: false,
      seed: 3,
      startTime: "2030-05-05T00:00:00Z",
      clock: "skip",
      gpuQuota: "none",
    });
    expect(made).toMatchObject({ name: "own", url: `${emulator.url}/sandboxes/own`, seed: "3", deployments: 0 });
    expect(made.clock).toMatchObject({ mode: "skip", now: "2030-05-05T00:00:00Z" });
    const status = await clientOf(emulator, "own").status();
    expect(status).toMatchObject({ url: made.url, profile: "instant", seed: "3" });
    expect((await within(emulator, "own")("POST", CHAT, hello)).status).toBe(200);
    expect((await caller(emulator)("POST", CHAT, hello)).status).toBe(503);
  });

  test("signed URLs lead back into it", async () => {
    const { emulator } = await fresh();
    await emulator.sandboxes.create({ name: "files" });
    const call = within(emulator, "files");
    const model = {
      kind: "HF_BASE_MODEL",
      baseModelDetails: { parameterCount: "1000000", checkpointFormat: "HUGGINGFACE" },
    };
    expect((await call("POST", "/v1/accounts/local/models", { modelId: "m", model })).status).toBe(200);
    await upload(emulator, call, "accounts/local/models/m", baseFiles());
    expect((await call("GET", "/v1/accounts/local/models/m:validateUpload")).status).toBe(200);
    expect((await call("GET", "/v1/accounts/local/models/m")).body.state).toBe("READY");
  });
});

describe("sandboxes are made, listed and deleted", () => {
  test("by name, once, and not too many", async () => {
    const { emulator, call } = await fresh({ sandboxesMax: 2 });
    const make = (body: object): Promise<Answer> => call("POST", "/sandboxes", body);
    expect((await make({ name: "b" })).status).toBe(200);
    expect((await make({ name: "a" })).status).toBe(200);
    expect((await make({ name: "a" })).body.message).toBe('sandbox "a" exists; with "replace" it begins anew');
    expect(await make({ name: "c" })).toMatchObject({
      status: 429,
      body: { message: "there are 2 sandboxes; delete one, or raise --sandboxes-max" },
    });
    for (const name of ["", "A", "../x", "a/b", "a".repeat(64), "-a", 7])
      expect((await make({ name })).status).toBe(400);
    for (const wrong of [{ seed: "x" }, { startTime: "soon" }, { account: "a b" }, { color: "red" }])
      expect((await make({ name: "a", replace: true, ...wrong })).status).toBe(400);
    expect((await emulator.sandboxes.list()).map(({ name }) => name)).toEqual(["a", "b"]);
    expect((await call("GET", "/sandboxes/a")).body).toMatchObject({ name: "a", options: {} });
    await emulator.sandboxes.delete("a");
    expect((await call("DELETE", "/sandboxes/a")).status).toBe(404);
    expect((await make({ name: "c" })).status).toBe(200);
    await call("DELETE", "/sandboxes");
    expect(await emulator.sandboxes.list()).toEqual([]);
  });

  test("what leads into none says how to make it, and is written down nowhere", async () => {
    const { call } = await fresh();
    const answer = await call("POST", `/sandboxes/w1${CHAT}`, hello);
    expect([answer.status, answer.body.message]).toEqual([
      404,
      'sandbox "w1" not found; POST /sandboxes {"name": "w1"} makes it',
    ]);
    expect((await call("GET", "/__emulator/requests")).body.requests).toEqual([]);
  });

  test("replaced, it begins anew", async () => {
    const { emulator } = await fresh();
    await emulator.sandboxes.create({ name: "w" });
    const call = within(emulator, "w");
    await call("POST", CREATE, { baseModel: SMALL });
    expect((await emulator.sandboxes.create({ name: "w", replace: true })).deployments).toBe(0);
    expect((await call("GET", GET)).status).toBe(404);
  });

  test("they live beside the database, as long as they are not deleted", async () => {
    await inFolder(async (folder) => {
      const database = join(folder, "world.db");
      {
        await using emulator = await createEmulator({ database, clock: "manual" });
        await emulator.sandboxes.create({ name: "stays", seed: 9 });
        await emulator.sandboxes.create({ name: "goes" });
        await within(emulator, "stays")("POST", CREATE, { baseModel: SMALL });
        await clientOf(emulator, "stays").clock.advance("1h");
        await emulator.sandboxes.delete("goes");
      }
      await using emulator = await createEmulator({ database, clock: "manual" });
      expect(await emulator.sandboxes.list()).toMatchObject([
        { name: "stays", options: { seed: 9 }, seed: "9", deployments: 1, clock: { now: "2026-01-01T01:00:00Z" } },
      ]);
      expect((await within(emulator, "stays")("GET", GET)).body.state).toBe("READY");
      expect(existsSync(join(`${database}.sandboxes`, "goes.db"))).toBe(false);
      await emulator.sandboxes.create({ name: "goes" });
    });
  });
});

describe("what waits in a sandbox that is deleted is let go", () => {
  test("a held request, a paced answer and its stream, a follower of events", async () => {
    const bugs: unknown[] = [];
    await using emulator = await createEmulator({ port: 0, clock: "real", onBug: (error) => bugs.push(error) });
    const { url } = await emulator.sandboxes.create({
      name: "w",
      coldStart: "wait",
      profile: "realistic",
      rateLimits: "off",
      rate: 0.0001,
    });
    const headers = { authorization: "Bearer fw_local" };
    const post = (path: string, body: unknown): Promise<Response> =>
      fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
    await post(CREATE, { baseModel: SMALL });
    const dedicated = { model: `${SMALL}#accounts/local/deployments/d`, prompt: "hi" };
    const waiting = [post("/v1/completions", dedicated), post(CHAT, hello), post(CHAT, { ...hello, stream: true })];
    const following = await fetch(`${url}/__emulator/events`, { headers: { accept: "text/event-stream" } });
    const isLeft = following.text();
    // all three are in the world's hands once it has their loads
    const client = createClient(url);
    while ((await client.status()).counts.requests < 1) await client.clock.get();
    await new Promise((resolve) => setTimeout(resolve, 50));

    await emulator.sandboxes.delete("w");
    for (const answer of await Promise.all(waiting)) {
      expect(answer.status).toBe(404);
      expect(await answer.text()).toContain("the sandbox was deleted");
    }
    await isLeft;
    expect(bugs).toEqual([]);
    expect((await fetch(`${emulator.url}/health`)).status).toBe(200);
  });

  test("a stream that has begun breaks off", async () => {
    const { emulator } = await fresh();
    await emulator.sandboxes.create({ name: "w", pace: "on" });
    const client = clientOf(emulator, "w");
    const told = emulator.fetch(`${emulator.url}/sandboxes/w${CHAT}`, {
      method: "POST",
      headers: { authorization: "Bearer fw_local" },
      body: JSON.stringify({ ...hello, stream: true, max_tokens: 2000, ignore_eos: true }),
    });
    for (let n = 0; n < 20; n += 1) await client.clock.advance("50ms");
    const { body, status } = await told;
    expect(status).toBe(200);
    const reading = new Response(body).text();
    await emulator.sandboxes.delete("w");
    await expect(reading).rejects.toThrow("the sandbox was deleted");
  });
});
