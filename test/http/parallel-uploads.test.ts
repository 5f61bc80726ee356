import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import type { Random } from "../../src/core/random.ts";
import { createEmulator } from "../../src/index.ts";
import { caller, fresh } from "../support/api.ts";
import { newFolder } from "../support/dump.ts";
import { property } from "../support/random.ts";
import { baseFiles, baseModel, readyModel, send, sizesOf, upload } from "../support/upload.ts";

const MODELS = "/v1/accounts/local/models";
const MINE = "accounts/local/models/mine";
const NAME = "model.bin";

const turns = async (count: number): Promise<void> => {
  for (let n = 0; n < count; n += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** Bytes that come in pieces of some sizes, with turns of the event loop between them. */
function trickle(bytes: Uint8Array, random: Random): ReadableStream {
  let at = 0;
  return new ReadableStream({
    async pull(controller) {
      await turns(random.below(4));
      const end = Math.min(at + 1 + random.below(bytes.length / 3), bytes.length);
      controller.enqueue(bytes.slice(at, end));
      at = end;
      if (at === bytes.length) controller.close();
    },
  });
}

/** A body that stops where the test says so. */
function heldBody(): { body: ReadableStream; write(bytes: Uint8Array): void; end(): void; fail(): void } {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
  });
  return {
    body,
    write: (bytes) => controller.enqueue(bytes),
    end: () => controller.close(),
    fail: () => controller.error(new Error("gone")),
  };
}

async function made(size: number, resumable = false) {
  const folder = newFolder();
  const database = join(folder, "world.db");
  const emulator = await createEmulator({ clock: "manual", database });
  const call = caller(emulator);
  await call("POST", MODELS, { modelId: "mine", model: baseModel });
  const ask = async (file = NAME) =>
    (
      await call("POST", `${MODELS}/mine:getUploadEndpoint`, {
        filenameToSize: { [file]: size },
        enableResumableUpload: resumable,
      })
    ).body.filenameToSignedUrls[file] as string;
  const url = await ask();
  const put = (body: ReadableStream | Uint8Array | undefined, headers: Record<string, string>, to = url) =>
    emulator.fetch(to, { method: "PUT", headers, ...(body ? { body, duplex: "half" } : {}) } as RequestInit);
  const whole = (body: ReadableStream | Uint8Array, to = url) =>
    put(body, { "x-goog-content-length-range": `${size},${size}` }, to);
  const piece = (range: string, body?: ReadableStream | Uint8Array) => put(body, { "content-range": `bytes ${range}` });
  const files = `${database}.files`;
  const namesIn = (path: string): string[] => (existsSync(join(files, path)) ? readdirSync(join(files, path)) : []);
  const dispose = { [Symbol.asyncDispose]: () => emulator.close() };
  return { emulator, call, ask, url, put, whole, piece, files, namesIn, dispose };
}

const codeOf = async (response: Response): Promise<string> =>
  `${response.status} ${/<Code>(\w+)</.exec(await response.text())?.[1]}`;

describe("one signed URL", () => {
  property(
    "8 at once: what is there is what exactly one of them sent, at any moment",
    async (random) => {
      const size = 2_000 + random.below(50_000);
      const { whole, files, namesIn, dispose } = await made(size);
      await using _ = dispose;
      const path = join(files, MINE, NAME);
      const all = Array.from({ length: 8 }, (_unused, n) => Buffer.alloc(size, 65 + n));
      const isOne = (): boolean => all.some((each) => each.equals(readFileSync(path)));
      const answers = await Promise.all(
        all.map(async (bytes, n) => {
          await turns(random.below(5));
          // every fourth vanishes, or sends too much
          const sent =
            n % 4 === 3 ? Buffer.concat([bytes, bytes]).subarray(0, size + (random.chance(0.5) ? 1 : -1)) : bytes;
          const { status } = await whole(trickle(sent, random));
          if (existsSync(path)) expect(isOne()).toBe(true);
          return status;
        }),
      );
      expect(answers).toEqual(all.map((_unused, n) => (n % 4 === 3 ? 400 : 200)));
      expect(isOne()).toBe(true);
      expect(readFileSync(path)[0]).not.toBe(65 + 3);
      expect([namesIn(MINE), namesIn(".incoming")]).toEqual([[NAME], []]);
    },
    0.25,
  );

  test("a later one that fails leaves the earlier file as it was", async () => {
    const { whole, files, namesIn, dispose } = await made(10);
    await using _ = dispose;
    expect((await whole(Buffer.alloc(10, 65))).status).toBe(200);
    const held = heldBody();
    const vanishing = whole(held.body);
    held.write(Buffer.alloc(5, 66));
    await turns(20);
    expect(readFileSync(join(files, MINE, NAME), "utf8")).toBe("A".repeat(10));
    held.fail();
    expect(await codeOf(await vanishing)).toBe("400 IncompleteBody");
    expect(await codeOf(await whole(Buffer.alloc(9, 66)))).toBe("400 IncompleteBody");
    expect(readFileSync(join(files, MINE, NAME), "utf8")).toBe("A".repeat(10));
    expect(namesIn(".incoming")).toEqual([]);
  });

  test("a file called model.bin.part is a file like any other", async () => {
    const { emulator, call, ask, files, namesIn, dispose, piece, url } = await made(4, true);
    await using _ = dispose;
    const other = await ask(`${NAME}.part`);
    expect((await piece("0-1/4", Buffer.from("ab"))).status).toBe(308);
    const headers = { "content-range": "bytes 0-3/4" };
    await emulator.fetch(other, { method: "PUT", headers, body: "part" });
    expect((await piece("2-3/4", Buffer.from("cd"))).status).toBe(200);
    const read = (name: string): string => readFileSync(join(files, MINE, name), "utf8");
    expect([read(NAME), read(`${NAME}.part`)]).toEqual(["abcd", "part"]);
    expect(namesIn(MINE).sort()).toEqual([NAME, `${NAME}.part`]);
    const clash = await call("POST", `${MODELS}/mine:getUploadEndpoint`, { filenameToSize: { [`${NAME}/a`]: 1 } });
    expect([clash.status, clash.body.message]).toEqual([
      400,
      `invalid upload: ${NAME} is a file and the folder of ${NAME}/a`,
    ]);
    expect(url).toContain("resumable=true");
  });
});

describe("a resumable upload", () => {
  test("takes one piece at a time; the one that came first goes on undisturbed", async () => {
    const { piece, files, dispose } = await made(10, true);
    await using _ = dispose;
    const held = heldBody();
    const first = piece("0-7/10", held.body);
    held.write(Buffer.from("01234"));
    await turns(20);
    for (const range of ["0-9/10", "0-4/10"])
      expect(await codeOf(await piece(range, Buffer.alloc(10, 88)))).toBe("503 ServiceUnavailable");
    held.write(Buffer.from("567"));
    held.end();
    const { status, headers } = await first;
    expect([status, headers.get("range")]).toEqual([308, "bytes=0-7"]);
    expect((await piece("8-9/10", Buffer.from("89"))).status).toBe(200);
    expect(readFileSync(join(files, MINE, NAME), "utf8")).toBe("0123456789");
  });

  test("keeps what came before the client vanished, and goes on from there or from before", async () => {
    const { piece, files, namesIn, dispose } = await made(10, true);
    await using _ = dispose;
    const held = heldBody();
    const first = piece("0-9/10", held.body);
    held.write(Buffer.from("01234"));
    await turns(20);
    held.fail();
    expect(await codeOf(await first)).toBe("400 IncompleteBody");
    expect((await piece("*/10")).headers.get("range")).toBe("bytes=0-4");
    expect(namesIn(MINE)).toEqual([]);
    expect((await piece("3-9/10", Buffer.from("3456789"))).status).toBe(200);
    expect(readFileSync(join(files, MINE, NAME), "utf8")).toBe("0123456789");
    expect(namesIn(`.parts/${MINE}`)).toEqual([]);
  });

  test.each([
    ["0-4/10", 6, "400 EntityTooLarge"],
    ["0-9/10", 11, "400 EntityTooLarge"],
    ["4-2/10", 1, "400 InvalidArgument"],
    ["0-10/10", 11, "400 InvalidArgument"],
    ["0-4/11", 5, "400 InvalidArgument"],
    ["99999999999999999999-99999999999999999999/10", 1, "400 InvalidArgument"],
    ["5-9/10", 5, "503 ServiceUnavailable"],
  ])("refuses %s with %d bytes, and takes nothing of it", async (range, length, code) => {
    const { piece, dispose } = await made(10, true);
    await using _ = dispose;
    expect((await piece("0-1/10", Buffer.from("01"))).status).toBe(308);
    expect(await codeOf(await piece(range, Buffer.alloc(length)))).toBe(code);
    const left = (await piece("*/10")).headers.get("range");
    expect(left).toBe(code === "400 EntityTooLarge" ? null : "bytes=0-1");
  });

  property(
    "many clients that vanish and try again: the file is whole in the end",
    async (random) => {
      const size = 1_000 + random.below(20_000);
      const { piece, files, dispose } = await made(size, true);
      await using _ = dispose;
      const bytes = Buffer.from(Array.from({ length: size }, () => random.below(256)));
      const isThere = async (): Promise<number> => {
        const { status, headers } = await piece(`*/${size}`);
        return status === 200 ? size : Number(/-(\d+)$/.exec(headers.get("range") ?? "")?.[1] ?? -1) + 1;
      };
      const client = async (): Promise<void> => {
        for (let n = 0; n < 10; n += 1) {
          const there = await isThere();
          if (there === size) return;
          const from = random.chance(0.2) ? random.below(there + 1) : there;
          const to = Math.min(size, from + 1 + random.below(size / 2));
          const held = heldBody();
          const sending = piece(`${from}-${to - 1}/${size}`, held.body);
          held.write(bytes.subarray(from, from + random.below(to - from)));
          await turns(random.below(4));
          if (random.chance(0.3)) held.fail();
          else held.end();
          expect([200, 308, 400, 503]).toContain((await sending).status);
        }
      };
      await Promise.all([client(), client(), client()]);
      const there = await isThere();
      if (there < size) expect((await piece(`${there}-${size - 1}/${size}`, bytes.subarray(there))).status).toBe(200);
      expect(readFileSync(join(files, MINE, NAME)).equals(bytes)).toBe(true);
    },
    0.25,
  );
});

describe("an upload that is not wanted any more", () => {
  /** Sends half a file, lets something happen, and sends the rest. */
  async function during(resumable: boolean, happens: (given: Awaited<ReturnType<typeof made>>) => Promise<unknown>) {
    const given = await made(10, resumable);
    const held = heldBody();
    const sending = resumable ? given.piece("0-9/10", held.body) : given.whole(held.body);
    held.write(Buffer.alloc(5));
    await turns(20);
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
    const { emulator, call } = await fresh();
    const files = baseFiles();
    await call("POST", MODELS, { modelId: "mine", model: baseModel });
    const { body } = await call("POST", `${MODELS}/mine:getUploadEndpoint`, { filenameToSize: sizesOf(files) });
    await upload(emulator, call, MINE, files);
    const url = body.filenameToSignedUrls["tokenizer.json"];
    const held = heldBody();
    const headers = { "x-goog-content-length-range": "2,2" };
    const late = emulator.fetch(url, { method: "PUT", headers, body: held.body, duplex: "half" } as RequestInit);
    held.write(Buffer.from("["));
    await turns(20);
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
    await turns(20);
    expect(readdirSync(temporary)).toHaveLength(1);
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
