import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdtempSync,
  openSync,
  closeSync,
  copyFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
} from "node:fs";
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";

/** An upload that is longer than was said. */
export class TooLongError extends Error {}

const PART = ".part";

/** Uploaded files, beside the database; with a world in memory, in a folder that goes with it. */
export class FileStore {
  readonly #given: string | undefined;
  #root: string | undefined;

  /** @param database a file, or `:memory:` */
  constructor(database: string) {
    this.#given = database === ":memory:" ? undefined : `${database}.files`;
    this.#root = this.#given;
  }

  /** @param owner a resource's name @param file a checked path below it */
  path(owner: string, file: string): string {
    this.#root ??= mkdtempSync(join(tmpdir(), "fireworks-emulator-files-"));
    return join(this.#root, owner, file);
  }

  /** Bytes of a file that is there whole, or undefined. */
  size(owner: string, file: string): number | undefined {
    const path = this.path(owner, file);
    return existsSync(path) ? statSync(path).size : undefined;
  }

  /** Bytes of a file that is on its way. */
  partSize(owner: string, file: string): number {
    const path = this.path(owner, file) + PART;
    return existsSync(path) ? statSync(path).size : 0;
  }

  /**
   * Writes a body behind what is there of a file, never more than the whole.
   * @returns how many bytes there are now @throws TooLongError; what came with it is taken back
   */
  async append(owner: string, file: string, body: ReadableStream | null, from: number, size: number): Promise<number> {
    const path = this.path(owner, file) + PART;
    mkdirSync(dirname(path), { recursive: true });
    let length = from;
    const counter = new Transform({
      transform(chunk: Buffer, _, done) {
        length += chunk.length;
        done(length > size ? new TooLongError() : null, chunk);
      },
    });
    const source = body ? Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]) : Readable.from([]);
    try {
      if (from > 0) truncateSync(path, from);
      // opened here and not by the stream: a body that is refused before it is open would leave the file behind
      const fd = openSync(path, from > 0 ? "a" : "w");
      await pipeline(source, counter, createWriteStream(path, { fd }));
    } catch (error) {
      if (error instanceof TooLongError) this.drop(owner, file);
      throw error;
    }
    return length;
  }

  /** A file from elsewhere on this machine. */
  copy(owner: string, file: string, from: string): void {
    const path = this.path(owner, file);
    mkdirSync(dirname(path), { recursive: true });
    copyFileSync(from, path);
  }

  /** The whole file is there. */
  finish(owner: string, file: string): void {
    const path = this.path(owner, file);
    renameSync(path + PART, path);
  }

  /** Takes back what there is of a file, or with no file all that the owner has. */
  drop(owner: string, file?: string): void {
    if (file === undefined) rmSync(this.path(owner, ""), { recursive: true, force: true });
    else rmSync(this.path(owner, file) + PART, { force: true });
  }

  read(owner: string, file: string): ReadableStream {
    return Readable.toWeb(createReadStream(this.path(owner, file))) as ReadableStream;
  }

  /** Some bytes of a file. */
  slice(owner: string, file: string, from: number, length: number): Buffer {
    const handle = openSync(this.path(owner, file), "r");
    try {
      const buffer = Buffer.alloc(length);
      return buffer.subarray(0, readSync(handle, buffer, 0, length, from));
    } finally {
      closeSync(handle);
    }
  }

  /** Everything goes. */
  clear(): void {
    if (this.#root !== undefined) rmSync(this.#root, { recursive: true, force: true });
    this.#root = this.#given;
  }

  /** A world in memory leaves nothing behind. */
  close(): void {
    if (this.#given === undefined) this.clear();
  }
}
