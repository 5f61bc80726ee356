import { existsSync, readdirSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";
import { fresh } from "../support/api.ts";
import { newFolder } from "../support/dump.ts";
import { arrived, codeOf, heldBody, made, MINE, MODELS, NAME } from "../support/held.ts";
import { baseFiles, baseModel, readyModel, send, sizesOf, upload } from "../support/upload.ts";

describe("an upload that is not wanted any more", () => {
  /** Sends half a file, lets something happen, and sends the rest. */
  async function during(resumable: boolean, happens: (given: Awaited<ReturnType<typeof made>>) => Promise<unknown>) {
    const given = await made(10, resumable);
    const held = heldBody();
    const sending = resumable ? given.piece("0-9/10", held.body) : given.whole(held.body);
    held.write(Buffer.alloc(5));
    await arrived(given.files, 5);
    await happens(given);
    held.write(Buffer.alloc(5));
    held.end();
    return { ...given, code: await codeOf(await sending) };
  }

  test.each([false, true])("its model is deleted: it ends, and nothing is left (resumable: %s)", async (resumable) => {
    const { code, namesIn, dispose } = await during(resumable, ({ call }) => call("DELETE", `${MODELS}/mine`));
    await using _ = dispose;
    expect(code).toBe("404 NoSuchUpload");
    expect(namesIn("accounts/local/models")).not.toContain("mine");
    expect([namesIn(".incoming"), namesIn(`.parts/${MINE}`)]).toEqual([[], []]);
  });

  test.each([false, true])(
    "its model is made again meanwhile: nothing of it is in the new one (resumable: %s)",
    async (resumable) => {
      const { code, piece, namesIn, dispose } = await during(resumable, async ({ call, ask }) => {
        await call("DELETE", `${MODELS}/mine`);
        await call("POST", MODELS, { modelId: "mine", model: baseModel });
        await ask();
      });
      await using _ = dispose;
      expect(code).toBe("404 NoSuchUpload");
      expect(namesIn(MINE)).toEqual([]);
      if (resumable) expect((await piece("*/10")).headers.get("range")).toBeNull();
    },
  );

  test.each([false, true])("the world is reset: it ends, and nothing is left (resumable: %s)", async (resumable) => {
    const { code, files, dispose } = await during(resumable, ({ emulator }) => emulator.reset());
    await using _ = dispose;
    expect(code).toBe("404 NoSuchUpload");
    expect(existsSync(files)).toBe(false);
  });

  test("another file is promised by the same name: the first is refused, also when it comes later", async () => {
    const { code, call, whole, namesIn, dispose } = await during(false, ({ call: ask }) =>
      ask("POST", `${MODELS}/mine:getUploadEndpoint`, { filenameToSize: { [NAME]: 20 } }),
    );
    await using _ = dispose;
    expect(code).toBe("404 NoSuchUpload");
    expect(await codeOf(await whole(Buffer.alloc(10)))).toBe("404 NoSuchUpload");
    expect(namesIn(MINE)).toEqual([]);
    expect((await call("GET", `${MODELS}/mine:validateUpload`)).status).toBe(400);
  });

  test("the model is READY: its files stay as they were looked at", async () => {
    const { emulator, call, files: folder, dispose } = await made(10);
    await using _ = dispose;
    await call("DELETE", `${MODELS}/mine`);
    const files = baseFiles();
    await call("POST", MODELS, { modelId: "mine", model: baseModel });
    const { body } = await call("POST", `${MODELS}/mine:getUploadEndpoint`, { filenameToSize: sizesOf(files) });
    await upload(emulator, call, MINE, files);
    const url = body.filenameToSignedUrls["tokenizer.json"];
    const held = heldBody();
    const headers = { "x-goog-content-length-range": "2,2" };
    const late = emulator.fetch(url, { method: "PUT", headers, body: held.body, duplex: "half" } as RequestInit);
    held.write(Buffer.from("["));
    await arrived(folder, 1);
    expect((await call("GET", `${MODELS}/mine:validateUpload`)).status).toBe(200);
    held.write(Buffer.from("]"));
    held.end();
    expect(await codeOf(await late)).toBe("404 NoSuchUpload");
    expect(await codeOf(await send(emulator, url, Buffer.from("[]")))).toBe("404 NoSuchUpload");
    const got = await call("GET", `${MODELS}/mine:getDownloadEndpoint`);
    expect(await (await emulator.fetch(got.body.filenameToSignedUrls["tokenizer.json"])).text()).toBe("{}");
  });

  test.each(["", "/sandboxes/s"])("its world ends: so it says, and nothing is left on the disk (%j)", async (base) => {
    const temporary = newFolder();
    vi.stubEnv("TMPDIR", temporary);
    const { emulator, call } = await fresh();
    await call("POST", "/sandboxes", { name: "s" });
    await call("POST", `${base}${MODELS}`, { modelId: "mine", model: baseModel });
    const { body } = await call("POST", `${base}${MODELS}/mine:getUploadEndpoint`, { filenameToSize: { [NAME]: 10 } });
    const held = heldBody();
    const headers = { "x-goog-content-length-range": "10,10" };
    const url = body.filenameToSignedUrls[NAME];
    const sending = emulator.fetch(url, { method: "PUT", headers, body: held.body, duplex: "half" } as RequestInit);
    held.write(Buffer.alloc(5));
    await arrived(temporary, 5);
    if (base === "") await emulator.close();
    else await call("DELETE", "/sandboxes/s");
    const answer = await sending;
    expect([answer.status, await answer.text()]).toEqual([404, expect.stringContaining("the emulator is stopping")]);
    expect(readdirSync(temporary)).toEqual([]);
    vi.unstubAllEnvs();
  });
});

test("a file that is replaced while it is fetched comes as it was", async () => {
  const { emulator, call } = await fresh();
  const files = { ...baseFiles(), "big.txt": Buffer.alloc(3_000_000, 65) };
  await readyModel(emulator, call, "mine", baseModel, files);
  const { body } = await call("GET", `${MODELS}/mine:getDownloadEndpoint`);
  const got = await emulator.fetch(body.filenameToSignedUrls["big.txt"]);
  const reader = got.body!.getReader();
  let length = (await reader.read()).value!.length;
  await call("DELETE", `${MODELS}/mine`);
  for (let read = await reader.read(); !read.done; read = await reader.read()) length += read.value.length;
  expect(length).toBe(3_000_000);
});
