import { randomUUID } from "node:crypto";
import {
  closeSync,
  constants,
  copyFileSync,
  createReadStream,
  mkdtempSync,
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

/** Whole files on their way, each with a name of its own. No name of a user's begins with a dot. */
const INCOMING = ".incoming";
/** What came of resumable files, below their own names. */
const PARTS = ".parts";

/** A body that is being written. */
interface Upload {
  owner: string;
  /** The resumable file that it is a piece of. */
  part: string | undefined;
  end: AbortController;
}

/** A piece of a resumable file: where it begins, where it ends, and how long the file is. */
export interface Piece {
  from: number;
  to: number;
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
  readonly #uploads = new Set<Upload>();

  /** @param database a file, or `:memory:` */
  constructor(database: string) {
    this.#given = database === ":memory:" ? undefined : `${database}.files`;
    this.#root = this.#given;
    // what a process that was killed left behind
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
   * Receives a whole file. However many send it at once, each writes a file of its own; the last complete one stays.
   * @param check is asked before the file takes its place; throws when it is not wanted any more
   * @throws UploadError; nothing is left of what came
   */
  async put(owner: string, file: string, body: ReadableStream | null, size: number, check: () => void): Promise<void> {
    const names = namesOf(owner, file);
    await this.#write({ owner, part: undefined, end: new AbortController() }, async (signal) => {
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
   * Receives a piece of a resumable file, and keeps what came of it when the client vanishes.
   * @param check is asked before the whole file takes its place
   * @returns how many bytes there are now
   * @throws UploadError; ServiceUnavailable while another piece of the file is being written
   */
  async append(
    owner: string,
    file: string,
    body: ReadableStream | null,
    { from, to, size }: Piece,
    check: () => void,
  ): Promise<number> {
    const names = namesOf(owner, file);
    const part = names.join("/");
    if ([...this.#uploads].some((other) => other.part === part))
      throw new UploadError("ServiceUnavailable", "Another piece of the file is being written.");
    return this.#write({ owner, part, end: new AbortController() }, async (signal) => {
      const path = join(makeFolder(this.#open(), [PARTS, ...names.slice(0, -1)]), names.at(-1)!);
      // a link in its place is a link less
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

  /** Everything of an owner goes, and what is being sent to it ends. */
  drop(owner: string): void {
    this.#end((upload) => upload.owner === owner);
    if (!isModelName(owner)) return;
    for (const start of [[], [PARTS]]) {
      const path = this.#find([...start, ...owner.split("/")]);
      if (path !== undefined) rmSync(path, { recursive: true, force: true });
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

  /** Everything goes, and what is being sent ends. */
  clear(): void {
    this.#end(() => true);
    if (this.#root !== undefined) rmSync(this.#root, { recursive: true, force: true });
    this.#root = this.#given;
  }

  /** What is being sent ends; a world in memory leaves nothing behind. */
  close(): void {
    this.#isClosed = true;
    if (this.#given === undefined) this.clear();
    else this.#end(() => true);
  }

  /** The root, which a world in memory makes when it is first needed. */
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

  #newFile(): string {
    return join(makeFolder(this.#open(), [INCOMING]), randomUUID());
  }

  /** In one step: whoever reads has the file before or the file after. */
  #place(path: string, names: readonly string[]): void {
    renameSync(path, join(makeFolder(this.#open(), names.slice(0, -1)), names.at(-1)!));
  }

  async #write<T>(upload: Upload, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal } = upload.end;
    this.#uploads.add(upload);
    try {
      return await work(signal);
    } catch (error) {
      // a folder that is missing is missing because the upload was ended
      throw signal.aborted ? signal.reason : error;
    } finally {
      this.#uploads.delete(upload);
    }
  }

  #end(isMeant: (upload: Upload) => boolean): void {
    const reason = new UploadError("NoSuchUpload", "The model was deleted.");
    for (const upload of this.#uploads) if (isMeant(upload)) upload.end.abort(reason);
  }
}
