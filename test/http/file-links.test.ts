import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Emulator } from "../../src/index.ts";
import { createEmulator } from "../../src/index.ts";
import { caller } from "../support/api.ts";
import { BYTES, MINE, MODELS, NAME, place, PRECIOUS, urlIn } from "../support/precious.ts";
import { baseFiles, baseModel, readyModel, send } from "../support/upload.ts";

describe("a link that was planted in the folder", () => {
  const isUntouched = (precious: string, outside: string): void => {
    expect(readFileSync(precious, "utf8")).toBe(PRECIOUS);
    expect(readdirSync(outside)).toEqual([NAME]);
    expect(readFileSync(join(outside, NAME), "utf8")).toBe(PRECIOUS);
  };

  /** An emulator, a folder outside with a file of the same name, and a link at some place of the store. */
  async function planted(at: string, to: "file" | "folder"): Promise<any> {
    const where = place();
    const outside = join(where.folder, "outside");
    mkdirSync(outside);
    writeFileSync(join(outside, NAME), PRECIOUS);
    const emulator = await createEmulator({ clock: "manual", database: where.database });
    const link = join(where.files, at);
    mkdirSync(join(link, ".."), { recursive: true });
    symlinkSync(to === "file" ? where.precious : outside, link);
    return { ...where, outside, emulator, call: caller(emulator) };
  }

  const sendPiece = (emulator: Emulator, url: string): Promise<Response> =>
    emulator.fetch(url, { method: "PUT", headers: { "content-range": "bytes 0-9/10" }, body: new Uint8Array(BYTES) });

  test.each<[string, "file" | "folder", number, number]>([
    // a link to a file gives way to the file that was sent
    [`${MINE}/${NAME}`, "file", 200, 200],
    [`.parts/${MINE}/${NAME}`, "file", 200, 200],
    // nothing goes through a link to a folder
    [MINE, "folder", 400, 200], // DELETE takes the link away
    ["accounts/local/models", "folder", 400, 400],
    ["accounts/local", "folder", 400, 400],
    ["accounts", "folder", 400, 400],
    [".incoming", "folder", 400, 200],
    [".parts", "folder", 200, 400],
    [`.parts/${MINE}`, "folder", 200, 200],
  ])("at %s, to a %s: nothing outside is written, read or deleted", async (at, to, whole, resumable) => {
    const { emulator, call, outside, precious } = await planted(at, to);
    await using _ = emulator;
    const first = await send(emulator, await urlIn(call), BYTES);
    expect(first.status).toBe(whole);
    isUntouched(precious, outside);
    await call("DELETE", `${MODELS}/mine`);
    isUntouched(precious, outside);
    await call("POST", MODELS, { modelId: "mine", model: baseModel });
    const { body } = await call("POST", `${MODELS}/mine:getUploadEndpoint`, {
      filenameToSize: { [NAME]: BYTES.length },
      enableResumableUpload: true,
    });
    const url = body.filenameToSignedUrls[NAME];
    const asked = await emulator.fetch(url, { method: "PUT", headers: { "content-range": "bytes */10" } });
    expect([asked.status, asked.headers.get("range")]).toEqual([308, null]);
    expect((await sendPiece(emulator, url)).status).toBe(resumable);
    isUntouched(precious, outside);
    await call("DELETE", `${MODELS}/mine`);
    isUntouched(precious, outside);
    await emulator.reset();
    isUntouched(precious, outside);
  });

  test("over a file of a READY model: it is not fetched, and not read to validate", async () => {
    const { emulator, call, files, precious } = await planted("unused", "file");
    await using _ = emulator;
    await readyModel(emulator, call, "mine", baseModel, baseFiles());
    const { body } = await call("GET", `${MODELS}/mine:getDownloadEndpoint`);
    const path = join(files, MINE, NAME);
    rmSync(path);
    symlinkSync(precious, path);
    const got = await emulator.fetch(body.filenameToSignedUrls[NAME]);
    expect([got.status, await got.text()]).toEqual([404, expect.stringContaining("<Code>NoSuchKey</Code>")]);
    const { body: made } = await call("POST", MODELS, { modelId: "next", model: baseModel });
    await call("POST", `/v1/${made.name}:getUploadEndpoint`, { filenameToSize: { [NAME]: PRECIOUS.length } });
    mkdirSync(join(files, made.name), { recursive: true });
    symlinkSync(precious, join(files, made.name, NAME));
    const checked = await call("GET", `/v1/${made.name}:validateUpload`);
    expect(checked.body.message).toBe(`model upload is not complete: ${NAME} not uploaded`);
  });
});
