import { randomUUID } from "node:crypto";
import {
  closeSync,
  constants,
  copyFileSync,
  createReadStream,
  mkdtempSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { invalid } from "../core/error.ts";
import { isModelName } from "../core/name.ts";
import { isFileName } from "../core/model/upload.ts";
import { findFolder, makeFolder, openPlain, plainSize } from "./plain-folder.ts";
import { receive, UploadError } from "./receive.ts";
import { Transfers } from "./transfers.ts";

/** Holds whole uploads until they are complete, each under a random name. No name of a user begins with a dot. */
const INCOMING = ".incoming";
/** Holds the first bytes of resumable uploads, under the names of the files. */
const PARTS = ".parts";

/** A file that a model waits for. */
interface Wanted {
  owner: string;
  file: string;
  size: number;
}

/** @throws ApiError for a name that the rules for models and their files do not allow */
function namesOf(owner: string, file: string): string[] {
  if (!isModelName(owner) || !isFileName(file)) throw invalid(`invalid file ${JSON.stringify(`${owner}/${file}`)}`);
  return [...owner.split("/"), ...file.split("/")];
}

/**
 * Uploaded files, beside the database; with a world in memory, in a folder that goes with it. It trusts no caller with
 * a path: names are checked again here, and no link below the root is followed.
 */
export class FileStore {
  readonly #given: string | undefined;
  #root: string | undefined;
  #isClosed = false;
  readonly #transfers = new Transfers();

  /** @param database a file, or `:memory:` */
  constructor(database: string) {
    this.#given = database === ":memory:" ? undefined : `${database}.files`;
    this.#root = this.#given;
    // a process that was killed leaves its whole uploads behind; the database is locked, so no other one writes here
    if (this.#given !== undefined) rmSync(join(this.#given, INCOMING), { recursive: true, force: true });
  }

  /** Bytes of a file that is there whole, or undefined. */
  size(owner: string, file: string): number | undefined {
    const path = this.#find(namesOf(owner, file));
    return path === undefined ? undefined : plainSize(path);
  }

  /** Bytes of a resumable file that is on its way. */
  partSize(owner: string, file: string): number {
    const path = this.#find([PARTS, ...namesOf(owner, file)]);
    return (path === undefined ? undefined : plainSize(path)) ?? 0;
  }

  /**
   * Receives a whole file. Each upload writes a file of its own, so the last one to complete wins and none mix.
   * @param check runs before the file takes its place, and throws when it is not wanted any more
   * @throws UploadError, after removing what was received
   */
  async put({ owner, file, size }: Wanted, body: ReadableStream | null, check: () => void): Promise<void> {
    const names = namesOf(owner, file);
    await this.#transfers.run(owner, undefined, async (signal) => {
      const path = this.#newFile();
      try {
        const length = await receive(body, { path, from: 0, to: size }, signal);
        if (length < size) throw new UploadError("IncompleteBody", `The file must have ${size} bytes, ${length} came.`);
        check();
        this.#place(path, names);
      } finally {
        rmSync(path, { force: true });
      }
    });
  }

  /**
   * Receives the bytes [from, to) of a resumable file, and keeps what it received when the client vanishes.
   * @param check as for `put`
   * @returns how many bytes there are now
   * @throws UploadError; ServiceUnavailable while another piece of the file is being written
   */
  async append(
    { owner, file, size }: Wanted,
    { from, to }: { from: number; to: number },
    body: ReadableStream | null,
    check: () => void,
  ): Promise<number> {
    const names = namesOf(owner, file);
    return this.#transfers.run(owner, names.join("/"), async (signal) => {
      const path = join(makeFolder(this.#open(), [PARTS, ...names.slice(0, -1)]), names.at(-1)!);
      // partSize counts a link as nothing, so a client begins at 0 where somebody planted one
      if (from === 0) rmSync(path, { force: true });
      const length = await receive(body, { path, from, to }, signal);
      if (length < size) return length;
      check();
      this.#place(path, names);
      return length;
    });
  }

  /** A file from elsewhere on this machine. */
  copy(owner: string, file: string, from: string): void {
    const names = namesOf(owner, file);
    const path = this.#newFile();
    try {
      copyFileSync(from, path, constants.COPYFILE_EXCL);
      this.#place(path, names);
    } finally {
      rmSync(path, { force: true });
    }
  }

  /** Ends the uploads of an owner, and removes all its files. */
  drop(owner: string): void {
    this.#transfers.end(owner);
    if (!isModelName(owner)) return;
    for (const start of [[], [PARTS]]) {
      const path = this.#find([...start, ...owner.split("/")]);
      if (path !== undefined) rmSync(path, { recursive: true, force: true });
    }
  }

  /** Removes what belongs to nobody. */
  keepOnly(isKept: (owner: string) => boolean): void {
    for (const start of [[], [PARTS]]) {
      for (const account of this.#list([...start, "accounts"])) {
        for (const model of this.#list([...start, "accounts", account, "models"])) {
          const owner = `accounts/${account}/models/${model}`;
          if (!isKept(owner)) rmSync(join(this.#root!, ...start, owner), { recursive: true, force: true });
        }
      }
    }
  }

  /** A file's size and its bytes, of the same file even when another takes its place meanwhile. */
  read(owner: string, file: string): { size: number; body: ReadableStream } | undefined {
    const path = this.#find(namesOf(owner, file));
    const opened = path === undefined ? undefined : openPlain(path);
    if (!opened) return undefined;
    const { fd, size } = opened;
    return { size, body: Readable.toWeb(createReadStream("", { fd })) as ReadableStream };
  }

  /** Some bytes of a file; none of one that is not there. */
  slice(owner: string, file: string, from: number, length: number): Buffer {
    const path = this.#find(namesOf(owner, file));
    const opened = path === undefined ? undefined : openPlain(path);
    if (!opened) return Buffer.alloc(0);
    try {
      const buffer = Buffer.alloc(Math.min(length, Math.max(opened.size - from, 0)));
      return buffer.subarray(0, readSync(opened.fd, buffer, 0, buffer.length, from));
    } finally {
      closeSync(opened.fd);
    }
  }

  /** Ends all uploads, and removes all files. */
  clear(): void {
    this.#transfers.end();
    if (this.#root !== undefined) rmSync(this.#root, { recursive: true, force: true });
    this.#root = this.#given;
  }

  /** Ends all uploads; a world in memory leaves no files behind. */
  close(): void {
    this.#isClosed = true;
    if (this.#given === undefined) this.clear();
    else this.#transfers.end();
  }

  /** The root folder; a world in memory makes it when it first needs it. */
  #open(): string {
    if (this.#isClosed) throw new UploadError("NoSuchUpload", "The world has ended.");
    return (this.#root ??= mkdtempSync(join(tmpdir(), "fireworks-emulator-files-")));
  }

  /** Where a file or a folder is, or would be; undefined when its folder is missing or leads elsewhere. */
  #find(names: readonly string[]): string | undefined {
    if (this.#root === undefined) return undefined;
    const folder = findFolder(this.#root, names.slice(0, -1));
    return folder === undefined ? undefined : join(folder, names.at(-1)!);
  }

  /** The names in a folder; none where it is missing, or leads elsewhere. */
  #list(names: readonly string[]): string[] {
    const folder = this.#root === undefined ? undefined : findFolder(this.#root, names);
    return folder === undefined ? [] : readdirSync(folder);
  }

  #newFile(): string {
    return join(makeFolder(this.#open(), [INCOMING]), randomUUID());
  }

  /** Moves a complete file to its place in one step: a reader gets the file before or the file after. */
  #place(path: string, names: readonly string[]): void {
    renameSync(path, join(makeFolder(this.#open(), names.slice(0, -1)), names.at(-1)!));
  }
}
