import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { inFolder } from "../support/dump.ts";
import { startServer } from "../support/server.ts";

const headers = { authorization: "Bearer k", "content-type": "application/json" };
const MODEL = "accounts/fireworks/models/llama-v3p2-3b-instruct";

test("kill -9 in a storm: every answered create is there, the database opens, the next event fires at its time", async () => {
  await inFolder(async (folder) => {
    const flags = ["--gpu-quota", "none", "--db", join(folder, "world.db"), "--clock", "manual"];
    const answered: string[] = [];
    let asked = 0;
    {
      await using server = await startServer(...flags);
      await server.fleet.set({ unlimited: true });
      const post = (path: string, body: object) =>
        fetch(`${server.url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
      const worker = async (name: number): Promise<void> => {
        for (let n = 0; ; n += 1) {
          const id = `d${name}-${n}`;
          const created = await post(`/v1/accounts/acme/deployments?deploymentId=${id}`, { baseModel: MODEL });
          if (created.status === 200) answered.push(((await created.json()) as { name: string }).name);
          await post("/v1/completions", {
            model: "accounts/fireworks/models/qwen3-8b",
            prompt: `p ${id}`,
            max_tokens: 20,
          });
          asked += 1;
        }
      };
      const storm = Array.from({ length: 8 }, (_, name) => worker(name).catch(() => undefined));
      while (asked < 300) await new Promise((resolve) => setTimeout(resolve, 5));
      await server.stop("SIGKILL");
      await Promise.all(storm);
    }
    expect(answered.length).toBeGreaterThan(100);
    await using again = await startServer(...flags);
    for (const name of answered) expect((await fetch(`${again.url}/v1/${name}`, { headers })).status, name).toBe(200);
    expect((await again.clock.get()).nextEventTime).toBe("2026-01-01T00:00:00.500Z");
    const { events } = await again.clock.advance({ until: "nextEvent" });
    expect(new Set(events.map(({ time }) => time))).toEqual(new Set(["2026-01-01T00:00:00.500Z"]));
    await again.clock.advance({ until: "settled" });
    expect(await (await fetch(`${again.url}/v1/${answered[0]}`, { headers })).json()).toMatchObject({ state: "READY" });
  });
});

test("a stopped world goes on where it stopped, and its real clock with it", async () => {
  await inFolder(async (folder) => {
    const flags = ["--db", join(folder, "world.db"), "--start-time", "2030-05-01T00:00:00Z", "--rate", "1000"];
    let before: string;
    {
      await using server = await startServer(...flags);
      await fetch(`${server.url}/v1/accounts/acme/deployments?deploymentId=d`, {
        method: "POST",
        headers,
        body: JSON.stringify({ baseModel: MODEL }),
      });
      await expect
        .poll(
          async () =>
            (
              (await (await fetch(`${server.url}/v1/accounts/acme/deployments/d`, { headers })).json()) as {
                state: string;
              }
            ).state,
        )
        .toBe("READY");
      before = (await server.clock.get()).now;
      expect(await server.stop("SIGINT")).toMatchObject({ code: 0, stderr: "" });
    }
    await using again = await startServer(...flags);
    const { now } = await again.clock.get();
    expect(now >= before).toBe(true);
    expect(Date.parse(now) - Date.parse(before)).toBeLessThan(3_600_000);
  });
});

test("kill -9 in an upload leaves no half file and no model that is READY; a resumable one goes on", async () => {
  await inFolder(async (folder) => {
    const flags = ["--db", join(folder, "world.db"), "--clock", "manual"];
    const models = "/v1/accounts/local/models";
    const files = join(folder, "world.db.files");
    const part = join(files, ".parts/accounts/local/models/m/model.bin");
    const size = 30_000_000;
    const bytes = new Uint8Array(size);
    let url: string;
    {
      await using server = await startServer(...flags);
      const post = (path: string, body: object) =>
        fetch(`${server.url}${models}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
      await post("", { modelId: "m", model: { kind: "HF_BASE_MODEL", baseModelDetails: { worldSize: 1 } } });
      const endpoint = await post("/m:getUploadEndpoint", {
        filenameToSize: { "model.bin": size },
        enableResumableUpload: true,
      });
      url = ((await endpoint.json()) as any).filenameToSignedUrls["model.bin"];
      const slow = new ReadableStream({
        async pull(controller) {
          controller.enqueue(bytes.subarray(0, 100_000));
          await new Promise((resolve) => setTimeout(resolve, 10));
        },
      });
      const sending = fetch(url, {
        method: "PUT",
        headers: { "content-range": `bytes 0-${size - 1}/${size}` },
        body: slow,
        duplex: "half",
      } as RequestInit).catch(() => undefined);
      const sizeOf = (): number => statSync(part, { throwIfNoEntry: false })?.size ?? 0;
      await expect.poll(sizeOf, { timeout: 10_000 }).toBeGreaterThan(100_000);
      await server.stop("SIGKILL");
      await sending;
    }
    expect(readdirSync(files)).toEqual([".parts"]);
    expect(statSync(part).size).toBeLessThan(size);
    await using again = await startServer(...flags);
    const model = async () => (await (await fetch(`${again.url}${models}/m`, { headers })).json()) as { state: string };
    expect((await model()).state).toBe("UPLOADING");
    expect((await fetch(`${again.url}${models}/m:validateUpload`, { headers })).status).toBe(400);
    const there = new URL(url);
    const put = (range: string, body?: Uint8Array) =>
      fetch(`${again.url}${there.pathname}${there.search}`, {
        method: "PUT",
        headers: { "content-range": range },
        ...(body ? { body } : {}),
      } as RequestInit);
    const asked = await put(`bytes */${size}`);
    expect(asked.status).toBe(308);
    const from = Number(/-(\d+)$/.exec(asked.headers.get("range")!)![1]) + 1;
    expect(from).toBeGreaterThan(0);
    expect((await put(`bytes ${from}-${size - 1}/${size}`, bytes.subarray(from))).status).toBe(200);
    expect(statSync(join(files, "accounts/local/models/m/model.bin")).size).toBe(size);
  });
});

test("kill -9 in an upload that is not resumable: what came of it is gone at the next start, and its URL still works", async () => {
  await inFolder(async (folder) => {
    const flags = ["--db", join(folder, "world.db"), "--clock", "manual"];
    const files = join(folder, "world.db.files");
    const models = "/v1/accounts/local/models";
    const size = 1_000_000;
    const range = { "x-goog-content-length-range": `${size},${size}` };
    let url: string;
    {
      await using server = await startServer(...flags);
      const post = (path: string, body: object) =>
        fetch(`${server.url}${models}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
      await post("", { modelId: "m", model: { kind: "HF_BASE_MODEL", baseModelDetails: { worldSize: 1 } } });
      const endpoint = await post("/m:getUploadEndpoint", { filenameToSize: { "model.bin": size } });
      url = ((await endpoint.json()) as any).filenameToSignedUrls["model.bin"];
      const endless = new ReadableStream({
        async pull(controller) {
          controller.enqueue(new Uint8Array(10_000));
          await new Promise((resolve) => setTimeout(resolve, 50));
        },
      });
      const init = { method: "PUT", headers: range, body: endless, duplex: "half" } as RequestInit;
      const sending = fetch(url, init).catch(() => undefined);
      const incoming = join(files, ".incoming");
      await expect.poll(() => (existsSync(incoming) ? readdirSync(incoming).length : 0), { timeout: 10_000 }).toBe(1);
      await server.stop("SIGKILL");
      await sending;
      expect(readdirSync(incoming)).toHaveLength(1);
    }
    await using again = await startServer(...flags);
    expect(readdirSync(files)).toEqual([]);
    const { pathname, search } = new URL(url);
    const init = { method: "PUT", headers: range, body: new Uint8Array(size) };
    expect((await fetch(`${again.url}${pathname}${search}`, init)).status).toBe(200);
    expect(statSync(join(files, "accounts/local/models/m/model.bin")).size).toBe(size);
  });
});
