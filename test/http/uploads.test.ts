import { existsSync, readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createEmulator } from "../../src/index.ts";
import { caller, fresh } from "../support/api.ts";
import { inFolder } from "../support/dump.ts";
import { baseFiles, baseModel, safetensors, send, sizesOf, occupyThreads } from "../support/upload.ts";

const MODELS = "/v1/accounts/local/models";
const MINE = "accounts/local/models/mine";

async function made(files = baseFiles()) {
  const { emulator, call } = await fresh();
  await call("POST", MODELS, { modelId: "mine", model: baseModel });
  const { body } = await call("POST", `${MODELS}/mine:getUploadEndpoint`, { filenameToSize: sizesOf(files) });
  return { emulator, call, files, urls: body.filenameToSignedUrls as Record<string, string> };
}

describe("uploads", () => {
  test("a URL that was changed, has expired, or is for something else is refused", async () => {
    const { emulator, urls, files } = await made();
    const url = urls["config.json"]!;
    const bytes = files["config.json"]!;
    for (const other of [url.replace("config.json", "..%2Fconfig.json"), url.replace(/size=\d+/, "size=9"), `${url}0`])
      expect((await send(emulator, other, bytes)).status).toBe(403);
    expect((await emulator.fetch(url)).status).toBe(403);
    await emulator.clock.advance("61m");
    const expired = await send(emulator, url, bytes);
    expect([expired.status, await expired.text()]).toEqual([400, expect.stringContaining("<Code>ExpiredToken</Code>")]);
  });

  test("bytes that are too few, too many, or come without the signed range leave nothing behind", () =>
    inFolder(async (folder) => {
      const database = `${folder}/world.db`;
      await using emulator = await createEmulator({ clock: "manual", database });
      const call = caller(emulator);
      await call("POST", MODELS, { modelId: "mine", model: baseModel });
      const { body } = await call("POST", `${MODELS}/mine:getUploadEndpoint`, {
        filenameToSize: { "config.json": 10 },
      });
      const url = body.filenameToSignedUrls["config.json"];
      const codeOf = async (response: Response) => /<Code>(\w+)</.exec(await response.text())?.[1];
      expect(await codeOf(await send(emulator, url, Buffer.alloc(9), 10))).toBe("IncompleteBody");
      // with Node's threads busy: a refusal that is quicker than the opening of the file leaves nothing either
      const threads = occupyThreads();
      expect(await codeOf(await send(emulator, url, Buffer.alloc(11), 10))).toBe("EntityTooLarge");
      await threads;
      expect(await codeOf(await send(emulator, url, Buffer.alloc(10), 11))).toBe("MalformedSecurityHeader");
      const folderOf = `${database}.files/${MINE}`;
      expect(existsSync(folderOf) ? readdirSync(folderOf) : []).toEqual([]);
      const early = await call("GET", `${MODELS}/mine:validateUpload`);
      expect([early.status, early.body]).toEqual([
        400,
        { code: 9, message: "model upload is not complete: config.json not uploaded", details: [] },
      ]);
      expect((await send(emulator, url, Buffer.alloc(10))).status).toBe(200);
      expect(readdirSync(folderOf)).toEqual(["config.json"]);
    }));

  test("a resumable one goes on where it stopped", async () => {
    const { emulator, call } = await fresh();
    await call("POST", MODELS, { modelId: "mine", model: baseModel });
    const bytes = safetensors({ w: [100] });
    const { body } = await call("POST", `${MODELS}/mine:getUploadEndpoint`, {
      filenameToSize: { "model.safetensors": bytes.length },
      enableResumableUpload: true,
    });
    const url = body.filenameToSignedUrls["model.safetensors"];
    const started = await emulator.fetch(url, { method: "POST", headers: { "x-goog-resumable": "start" } });
    expect(started.status).toBe(201);
    const session = started.headers.get("location")!;
    const piece = (range: string, part?: Buffer) =>
      emulator.fetch(session, {
        method: "PUT",
        headers: { "content-range": range },
        ...(part ? { body: new Uint8Array(part) } : {}),
      });
    const total = bytes.length;
    const first = await piece(`bytes 0-49/${total}`, bytes.subarray(0, 50));
    expect([first.status, first.headers.get("range")]).toEqual([308, "bytes=0-49"]);
    const asked = await piece(`bytes */${total}`);
    expect([asked.status, asked.headers.get("range")]).toEqual([308, "bytes=0-49"]);
    expect((await piece(`bytes 90-99/${total}`, bytes.subarray(90, 100))).status).toBe(503);
    expect((await piece(`bytes 50-${total - 1}/${total}`, bytes.subarray(50))).status).toBe(200);
    expect((await piece(`bytes */${total}`)).status).toBe(200);
  });

  test.each<[Record<string, number | string>, string]>([
    [{ "../config.json": 1 }, "invalid filename"],
    [{ "/etc/passwd": 1 }, "invalid filename"],
    [{ "a/../../b": 1 }, "invalid filename"],
    [{ "a\u0000b": 1 }, "invalid filename"],
    [{ ".hidden": 1 }, "invalid filename"],
    [{ "a//b": 1 }, "invalid filename"],
    [{ ["x".repeat(300)]: 1 }, "invalid filename"],
    [{ "config.json": -1 }, "invalid size"],
    [{ "config.json": "9007199254740993" }, "invalid size"],
    [{}, "must not be empty"],
    [Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`f${n}`, 1])), "10000 files; at most 1000"],
  ])("refuses files that are none: %#", async (filenameToSize, message) => {
    const { call } = await fresh();
    await call("POST", MODELS, { modelId: "mine", model: baseModel });
    const { status, body } = await call("POST", `${MODELS}/mine:getUploadEndpoint`, { filenameToSize });
    expect([status, body.message]).toEqual([400, expect.stringContaining(message)]);
  });
});
