import { createReadStream, createWriteStream, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Json } from "./api.ts";
import type { Context } from "./context.ts";
import { isLively } from "./context.ts";

interface Bar {
  add: (bytes: number) => void;
  stop: () => void;
}

/** A bar on a terminal; nothing elsewhere. */
async function startBar(total: number, quiet: boolean): Promise<Bar> {
  if (quiet || !isLively()) return { add: () => {}, stop: () => {} };
  const { default: progress } = await import("cli-progress");
  const bar = new progress.SingleBar({ stream: process.stderr, format: "{bar} {percentage}% | {value}/{total} bytes" });
  bar.start(total, 0);
  return { add: (bytes) => bar.increment(bytes), stop: () => bar.stop() };
}

const counting = (add: (bytes: number) => void): Transform =>
  new Transform({
    transform(chunk: Buffer, _, done) {
      add(chunk.length);
      done(null, chunk);
    },
  });

/** Every file below a folder with its size; hidden ones are left where they are. */
function filesIn(folder: string): Record<string, number> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (name) => !name.split(sep).some((part) => part.startsWith(".")) && statSync(join(folder, name)).isFile(),
  );
  return Object.fromEntries(names.map((name) => [name.replaceAll(sep, "/"), statSync(join(folder, name)).size]));
}

/** What an adapter's own file says of it. */
export function addonDetails(folder: string, baseModel: string): Json {
  const { r, target_modules: targetModules } = JSON.parse(
    readFileSync(join(folder, "adapter_config.json"), "utf8"),
  ) as Record<string, unknown>;
  return { baseModel, r, targetModules };
}

/** How far a resumable upload is. */
async function offsetOf(url: string, size: number): Promise<number> {
  const { status, headers } = await fetch(url, { method: "PUT", headers: { "content-range": `bytes */${size}` } });
  if (status === 200) return size;
  return Number(/-(\d+)$/.exec(headers.get("range") ?? "")?.[1] ?? -1) + 1;
}

async function sendFile(
  url: string,
  path: string,
  size: number,
  resumable: boolean,
  add: (bytes: number) => void,
): Promise<void> {
  const from = resumable ? await offsetOf(url, size) : 0;
  add(from);
  if (from === size) return;
  const range: Record<string, string> = resumable
    ? { "content-range": `bytes ${from}-${size - 1}/${size}` }
    : { "x-goog-content-length-range": `${size},${size}` };
  const body = Readable.toWeb(createReadStream(path, { start: from }).pipe(counting(add)));
  const headers = { "content-type": "application/octet-stream", "content-length": String(size - from), ...range };
  const response = await fetch(url, { method: "PUT", headers, body, duplex: "half" } as RequestInit);
  if (response.status !== 200) throw new Error(`upload of ${path} failed: ${await response.text()}`);
}

/** Sends a folder's files, and lets the server look at them. */
export async function uploadFolder(
  context: Context,
  name: string,
  folder: string,
  quiet: boolean,
  resumable: boolean,
): Promise<void> {
  const sizes = filesIn(folder);
  const body = { filenameToSize: sizes, ...(resumable ? { enableResumableUpload: true } : {}) };
  const endpoint = await context.send({ method: "POST", path: `${name}:getUploadEndpoint`, body });
  const urls = endpoint["filenameToSignedUrls"] as Record<string, string>;
  const bar = await startBar(
    Object.values(sizes).reduce((sum, size) => sum + size, 0),
    quiet,
  );
  try {
    for (const [file, size] of Object.entries(sizes))
      await sendFile(urls[file]!, join(folder, file), size, resumable, bar.add);
  } finally {
    bar.stop();
  }
  const { warnings } = await context.send({ method: "GET", path: `${name}:validateUpload` });
  for (const warning of warnings as string[]) console.error(`Warning: ${warning}`);
}

/** Fetches a model's files into a folder. */
export async function downloadFiles(context: Context, name: string, folder: string, quiet: boolean): Promise<void> {
  const endpoint = await context.send({ method: "GET", path: `${name}:getDownloadEndpoint` });
  const urls = endpoint["filenameToSignedUrls"] as Record<string, string>;
  for (const [file, url] of Object.entries(urls)) {
    const response = await fetch(url);
    if (!response.ok || !response.body) throw new Error(`download of ${file} failed: HTTP ${response.status}`);
    if (file.split("/").includes("..")) throw new Error(`${file} leads out of the folder`);
    const path = join(folder, file);
    mkdirSync(dirname(path), { recursive: true });
    const bar = await startBar(Number(response.headers.get("content-length")), quiet);
    const source = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]);
    await pipeline(source, counting(bar.add), createWriteStream(path));
    bar.stop();
    console.log(path);
  }
}
