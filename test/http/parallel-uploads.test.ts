import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Random } from "../../src/core/random.ts";
import { arrived, codeOf, heldBody, made, MINE, MODELS, NAME } from "../support/held.ts";
import { property } from "../support/random.ts";

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
    await arrived(files, 5);
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
    await arrived(files, 5);
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
    await arrived(files, 5);
    held.fail();
    expect(await codeOf(await first)).toBe("400 IncompleteBody");
    expect((await piece("*/10")).headers.get("range")).toBe("bytes=0-4");
    expect(namesIn(MINE)).toEqual([]);
    expect((await piece("3-9/10", Buffer.from("3456789"))).status).toBe(200);
    expect(readFileSync(join(files, MINE, NAME), "utf8")).toBe("0123456789");
    expect(namesIn(`.parts/${MINE}`)).toEqual([]);
  });

  test("that has all its bytes but was never moved to its place is finished by whoever asks", async () => {
    const { piece, files, dispose } = await made(10, true);
    await using _ = dispose;
    const folder = join(files, ".parts", MINE);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, NAME), "0123456789");
    expect((await piece("*/10")).status).toBe(200);
    expect(readFileSync(join(files, MINE, NAME), "utf8")).toBe("0123456789");
  });

  test("begins anew where more is there than the whole file has", async () => {
    const { piece, files, dispose } = await made(10, true);
    await using _ = dispose;
    const folder = join(files, ".parts", MINE);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, NAME), "of another file");
    const asked = await piece("*/10");
    expect([asked.status, asked.headers.get("range")]).toEqual([308, null]);
    expect((await piece("0-9/10", Buffer.from("0123456789"))).status).toBe(200);
    expect(readFileSync(join(files, MINE, NAME), "utf8")).toBe("0123456789");
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
