import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { open } from "node:fs/promises";
import { NO_LINK } from "./plain-folder.ts";

/** Why an upload fails, in the words of Google Cloud Storage. */
export type UploadFailure = "EntityTooLarge" | "IncompleteBody" | "NoSuchUpload" | "ServiceUnavailable";

export class UploadError extends Error {
  readonly code: UploadFailure;

  constructor(code: UploadFailure, message: string) {
    super(message);
    this.code = code;
  }
}

/** Where the bytes of a body go. */
export interface Target {
  path: string;
  /** The file is cut here before the first byte is written; 0 makes a new one. */
  from: number;
  /** More than up to here is refused, and what came is taken back. */
  to: number;
}

async function writeAll(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;)
    done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
}

/**
 * Writes a body to a file, piece by piece. When it returns or throws, nothing is being written any more: the next
 * writer of the file does not meet the last bytes of this one.
 * @returns where the file ends @throws UploadError, or the reason of the signal
 */
export async function receive(body: ReadableStream | null, target: Target, signal: AbortSignal): Promise<number> {
  const { path, from, to } = target;
  const reader = (body as ReadableStream<Uint8Array> | null)?.getReader();
  // released and not cancelled: cancelling closes the connection, and the client would not read why
  const release = (): void => reader?.releaseLock();
  const file = await open(path, constants.O_WRONLY | constants.O_CREAT | NO_LINK);
  signal.addEventListener("abort", release);
  let at = from;
  try {
    signal.throwIfAborted();
    await file.truncate(from);
    for (;;) {
      const read = await reader?.read().catch(() => {
        signal.throwIfAborted();
        throw new UploadError("IncompleteBody", "The connection was lost.");
      });
      signal.throwIfAborted();
      if (!read?.value) break;
      if (at + read.value.length > to) {
        await file.truncate(from);
        throw new UploadError("EntityTooLarge", `More than ${to - from} bytes came.`);
      }
      await writeAll(file, read.value, at);
      at += read.value.length;
    }
  } finally {
    signal.removeEventListener("abort", release);
    release();
    await file.close();
  }
  signal.throwIfAborted();
  return at;
}
