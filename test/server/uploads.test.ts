import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { ClientRequest, IncomingMessage } from "node:http";
import { request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createEmulator } from "../../src/index.ts";
import { caller } from "../support/api.ts";
import { newFolder } from "../support/dump.ts";
import { baseModel } from "../support/upload.ts";

const MODELS = "/v1/accounts/local/models";
const MINE = "accounts/local/models/mine";
const NAME = "model.bin";

/** A server with a model that waits for one file. */
async function waiting(size: number, resumable = false) {
  const database = join(newFolder(), "world.db");
  const bugs: unknown[] = [];
  const emulator = await createEmulator({
    clock: "manual",
    database,
    port: 0,
    onBug: (error) => bugs.push(error),
  });
  onTestFinished(async () => {
    await emulator.close();
    expect(bugs).toEqual([]);
  });
  const call = caller(emulator);
  await call("POST", MODELS, { modelId: "mine", model: baseModel });
  const { body } = await call("POST", `${MODELS}/mine:getUploadEndpoint`, {
    filenameToSize: { [NAME]: size },
    enableResumableUpload: resumable,
  });
  const files = `${database}.files`;
  const namesIn = (path: string): string[] => (existsSync(join(files, path)) ? readdirSync(join(files, path)) : []);
  return { emulator, call, url: body.filenameToSignedUrls[NAME] as string, files, namesIn };
}

const wholeOf = (size: number) => ({ "x-goog-content-length-range": `${size},${size}` });

/** Begins to send over a socket of its own; the answer, or why there is none. */
function begin(url: string, headers: Record<string, string>): { sending: ClientRequest; answer: Promise<string> } {
  const sending = request(url, { method: "PUT", headers, agent: false });
  const answer = new Promise<string>((resolve) => {
    sending.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    sending.once("response", (response: IncomingMessage) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.once("end", () => resolve(`${response.statusCode} ${/<Code>(\w+)</.exec(text)?.[1] ?? text}`));
    });
  });
  return { sending, answer };
}

const LATER = { timeout: 5_000 };

test("a client that vanishes leaves nothing of a whole file", async () => {
  const { url, namesIn } = await waiting(1_000_000);
  const { sending, answer } = begin(url, wholeOf(1_000_000));
  sending.write(Buffer.alloc(300_000));
  await expect.poll(() => namesIn(".incoming").length, LATER).toBe(1);
  sending.destroy();
  await answer;
  await expect.poll(() => namesIn(".incoming").length, LATER).toBe(0);
  expect(namesIn("accounts")).toEqual([]);
});

test("a client that vanishes leaves what it sent of a resumable one, and can go on at once", async () => {
  const size = 1_000_000;
  const bytes = Buffer.from(Array.from({ length: size }, (_, n) => (n * 7) % 251));
  const { url, files } = await waiting(size, true);
  const ask = async (): Promise<number> => {
    const { headers } = await fetch(url, { method: "PUT", headers: { "content-range": `bytes */${size}` } });
    return Number(/-(\d+)$/.exec(headers.get("range") ?? "")?.[1] ?? -1) + 1;
  };
  let from = 0;
  while (from < 750_000) {
    const { sending, answer } = begin(url, { "content-range": `bytes ${from}-${size - 1}/${size}` });
    sending.write(bytes.subarray(from, from + 250_000));
    // 503 as long as the connection that has just gone still holds the file
    let refused = "";
    void answer.then((text) => (refused = text));
    const wanted = from + 250_000;
    await expect.poll(async () => (refused === "" ? ask() : wanted), LATER).toBe(wanted);
    if (refused === "") from = wanted;
    else expect(refused).toBe("503 ServiceUnavailable");
    sending.destroy();
  }
  const rest = { "content-range": `bytes ${from}-${size - 1}/${size}` };
  const finish = async (): Promise<number> =>
    (await fetch(url, { method: "PUT", headers: rest, body: bytes.subarray(from) })).status;
  // the last piece may still be held by the connection that has just gone
  await expect.poll(finish, LATER).toBe(200);
  expect(readFileSync(join(files, MINE, NAME)).equals(bytes)).toBe(true);
});

test("a second piece at the same time is refused in words that its client can read", async () => {
  const { url } = await waiting(1_000_000, true);
  const range = { "content-range": "bytes 0-999999/1000000" };
  const first = begin(url, range);
  first.sending.write(Buffer.alloc(500_000));
  const there = async () =>
    (await fetch(url, { method: "PUT", headers: { "content-range": "bytes */1000000" } })).headers.get("range");
  await expect.poll(there, LATER).toBe("bytes=0-499999");
  const second = begin(url, range);
  second.sending.end(Buffer.alloc(1_000_000));
  expect(await second.answer).toBe("503 ServiceUnavailable");
  first.sending.end(Buffer.alloc(500_000));
  expect(await first.answer).toBe("200 ");
});

test("more than was said, without a length: refused in words that its client can read", async () => {
  const { url, namesIn } = await waiting(100_000);
  const { sending, answer } = begin(url, { ...wholeOf(100_000), "transfer-encoding": "chunked" });
  sending.write(Buffer.alloc(90_000));
  sending.end(Buffer.alloc(20_000));
  expect(await answer).toBe("400 EntityTooLarge");
  expect([namesIn(".incoming"), namesIn("accounts")]).toEqual([[], []]);
});

test("less than was said, without a length", async () => {
  const { url, namesIn } = await waiting(100_000);
  const { sending, answer } = begin(url, { ...wholeOf(100_000), "transfer-encoding": "chunked" });
  sending.end(Buffer.alloc(90_000));
  expect(await answer).toBe("400 IncompleteBody");
  expect([namesIn(".incoming"), namesIn("accounts")]).toEqual([[], []]);
});

test.each([
  ["less than its Content-Length", "x".repeat(40)],
  ["less than its chunk", "40\r\nxxxx"],
])("a body that has %s, and a connection that ends", async (what, body) => {
  const { url, namesIn } = await waiting(50);
  const { hostname, port, pathname, search } = new URL(url);
  const length = what.includes("chunk") ? "Transfer-Encoding: chunked" : "Content-Length: 50";
  const socket = connect(Number(port), hostname);
  socket.on("error", () => undefined);
  socket.write(
    `PUT ${pathname}${search} HTTP/1.1\r\nHost: ${hostname}\r\n${length}\r\nx-goog-content-length-range: 50,50\r\n\r\n${body}`,
  );
  await expect.poll(() => namesIn(".incoming").length, LATER).toBe(1);
  socket.end();
  await expect.poll(() => namesIn(".incoming").length, LATER).toBe(0);
  expect(namesIn("accounts")).toEqual([]);
  socket.destroy();
});

test("more than its Content-Length is no part of the file, whatever becomes of the connection", async () => {
  const { url, files, namesIn } = await waiting(50);
  const { hostname, port, pathname, search } = new URL(url);
  const socket = connect(Number(port), hostname);
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
  socket.on("error", () => undefined);
  socket.write(
    `PUT ${pathname}${search} HTTP/1.1\r\nHost: ${hostname}\r\nContent-Length: 50\r\nx-goog-content-length-range: 50,50\r\n\r\n${"x".repeat(60)}`,
  );
  await expect.poll(() => text, LATER).toMatch(/^HTTP\/1.1 (?:200|400) /);
  await expect.poll(() => namesIn(".incoming"), LATER).toEqual([]);
  const path = join(files, MINE, NAME);
  expect(["", "x".repeat(50)]).toContain(existsSync(path) ? readFileSync(path, "utf8") : "");
  socket.destroy();
});

test.each([false, true])(
  "a model that is deleted meanwhile: the client hears so at once (resumable: %s)",
  async (resumable) => {
    const { url, call, namesIn } = await waiting(1_000_000, resumable);
    const { sending, answer } = begin(
      url,
      resumable ? { "content-range": "bytes 0-999999/1000000" } : wholeOf(1_000_000),
    );
    sending.write(Buffer.alloc(300_000));
    await expect.poll(() => namesIn(resumable ? `.parts/${MINE}` : ".incoming").length, LATER).toBe(1);
    expect((await call("DELETE", `${MODELS}/mine`)).status).toBe(200);
    expect(await answer).toBe("404 NoSuchUpload");
    sending.destroy();
    await expect.poll(() => [namesIn(".incoming"), namesIn(`.parts/${MINE}`)], LATER).toEqual([[], []]);
  },
);

test("an emulator that stops does not wait for an upload", async () => {
  const { url, emulator, namesIn } = await waiting(1_000_000);
  const { sending, answer } = begin(url, wholeOf(1_000_000));
  sending.write(Buffer.alloc(300_000));
  await expect.poll(() => namesIn(".incoming").length, LATER).toBe(1);
  await emulator.close();
  await answer;
  await expect.poll(() => namesIn(".incoming").length, LATER).toBe(0);
  sending.destroy();
});
