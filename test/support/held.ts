import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { createEmulator } from "../../src/index.ts";
import { caller } from "./api.ts";
import { newFolder } from "./dump.ts";
import { baseModel } from "./upload.ts";

export const MODELS = "/v1/accounts/local/models";
export const MINE = "accounts/local/models/mine";
export const NAME = "model.bin";

/** Until a file of so many bytes is on its way below a folder, of whatever name. */
export const arrived = (folder: string, bytes: number): Promise<void> =>
  expect
    .poll(
      () => {
        if (!existsSync(folder)) return [];
        const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name));
        return paths
          .filter((path) => /\.(?:incoming|parts)\//.test(path))
          .map((path) => statSync(path, { throwIfNoEntry: false }))
          .map((stats) => (stats?.isFile() ? stats.size : 0));
      },
      { timeout: 5_000, interval: 5 },
    )
    .toContain(bytes);

/** A body that stops where the test says so. */
export function heldBody(): { body: ReadableStream; write(bytes: Uint8Array): void; end(): void; fail(): void } {
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

/** An emulator on disk with a model that waits for one file. */
export async function made(size: number, resumable = false) {
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

/** `400 IncompleteBody` */
export const codeOf = async (response: Response): Promise<string> =>
  `${response.status} ${/<Code>(\w+)</.exec(await response.text())?.[1]}`;
