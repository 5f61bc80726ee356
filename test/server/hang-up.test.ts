import { connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import { limits } from "../../src/engine/config.ts";
import type { Emulator } from "../../src/index.ts";
import { createEmulator } from "../../src/index.ts";
import { openDatabase } from "../../src/store/database.ts";
import { Store } from "../../src/store/store.ts";
import { Saver } from "../../src/engine/saver.ts";

const usual = { ...limits };
afterEach(() => void Object.assign(limits, usual));

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const headers = { authorization: "Bearer k" };

async function start() {
  const bugs: unknown[] = [];
  const emulator = await createEmulator({ port: 0, clock: "manual", onBug: (error) => bugs.push(error) });
  return { emulator, bugs };
}

/** Sends the beginning of a request, and hangs up. */
async function begin({ url }: Emulator, text: string): Promise<void> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1", () => socket.write(text));
  socket.on("error", () => undefined);
  await wait(60);
  socket.destroy();
  await wait(60);
}

const errorsOf = async ({ url }: Emulator): Promise<string[]> =>
  (await (await fetch(`${url}/metrics`)).text()).split("\n").filter((line) => /requests_total.*status="5/.test(line));

test("a client that hangs up inside its body is no internal error, and no answer", async () => {
  const { emulator, bugs } = await start();
  await using _ = emulator;
  const head = "POST /v1/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer k\r\n";
  await begin(emulator, `${head}content-length: 1000\r\n\r\n{"mod`);
  await begin(emulator, `${head}content-length: 1000000\r\n\r\n{"mod`);
  await begin(emulator, `${head}transfer-encoding: chunked\r\n\r\n5\r\n{"mod\r\n`);
  await begin(
    emulator,
    `POST /v1/accounts/local/deployments HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer k\r\ncontent-length: 1000\r\n\r\n{"`,
  );
  expect(bugs).toEqual([]);
  expect(await errorsOf(emulator)).toEqual([]);
  expect(await emulator.requests.list()).toEqual([]);
});

test("nor is one that hangs up inside an upload: what came of it goes too", async () => {
  const { emulator, bugs } = await start();
  await using _ = emulator;
  const ask = async (path: string, body: unknown) =>
    (await fetch(`${emulator.url}/v1/accounts/local/models${path}`, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
    }).then((answer) => answer.json())) as { filenameToSignedUrls: Record<string, string> };
  await ask("", { modelId: "m", model: { kind: "HF_BASE_MODEL", baseModelDetails: {} } });
  const { filenameToSignedUrls: urls } = await ask("/m:getUploadEndpoint", { filenameToSize: { "a.bin": 100_000 } });
  const { pathname, search } = new URL(urls["a.bin"]!);
  await begin(
    emulator,
    `PUT ${pathname}${search} HTTP/1.1\r\nhost: localhost\r\nx-goog-content-length-range: 100000,100000\r\ncontent-length: 100000\r\n\r\nsome of it`,
  );
  expect(bugs).toEqual([]);
  expect(await errorsOf(emulator)).toEqual([]);
  expect((await fetch(`${emulator.url}/health`)).status).toBe(200);
});

test("nor is a body that breaks off in the same process", async () => {
  const { emulator, bugs } = await start();
  await using _ = emulator;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.error(new Error("the caller has changed its mind"));
    },
  });
  const init = { method: "POST", headers, body, duplex: "half" } as RequestInit;
  const answer = await emulator.fetch(`${emulator.url}/v1/completions`, init);
  expect(answer.status).toBe(499);
  expect(bugs).toEqual([]);
  expect(await emulator.requests.list()).toEqual([]);
});

test("a group of large bodies is committed before it has waited", () => {
  const connection = openDatabase(":memory:");
  const store = new Store(connection, { journalMax: 100, eventsMax: 100, flightsMax: 100 });
  const saver = new Saver(store, () => 0);
  Object.assign(limits, { groupLength: 1_000_000 });
  const add = (id: number): void => {
    const empty = { requestId: "", headers: "", deployment: "", model: "", firstTokenAt: null, endAt: null };
    const bodies = { requestBody: "a".repeat(60_000), responseBody: "b".repeat(60_000) };
    store.addJournal({ id, at: 0, method: "POST", path: "/", status: 200, chunks: 0, ...empty, ...bodies });
    saver.soon();
  };
  for (let id = 1; id <= 8; id += 1) add(id);
  expect(store.pending).toBe(8);
  add(9);
  expect([store.pending, store.pendingLength]).toEqual([0, 0]);
  saver.end();
  store.close();
});
