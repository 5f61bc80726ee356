import type { Stats } from "node:fs";
import { realpathSync, rmSync, statSync } from "node:fs";

const idOf = ({ dev, ino }: Stats): string => `${dev}:${ino}`;
const look = (path: string): Stats | undefined => statSync(path, { throwIfNoEntry: false });

/** Files that this process has open. */
const held = new Set<string>();

/** Whether this process has a file open as a database. */
export const isHeld = (stats: Stats): boolean => held.has(idOf(stats));

/** What SQLite may put beside a database. */
export const companions = ["-journal", "-wal", "-shm"] as const;

/**
 * Where an open database lies. SQLite goes on writing into a file that was deleted, and into a log that was: nobody
 * would find what it wrote.
 */
export class Place {
  readonly #path: string;
  readonly #log: string;
  readonly #id: string;
  #logId: string | undefined;

  /** @param path of a database that is open and locked */
  constructor(path: string) {
    this.#path = path;
    // beside the file itself, where the path is a link
    const real = realpathSync(path);
    this.#log = `${real}-wal`;
    this.#id = idOf(statSync(real));
    held.add(this.#id);
    this.noteLog();
    // an exclusive lock needs no shared memory: what is there was left by a reader
    rmSync(`${real}-shm`, { force: true });
  }

  /** Why what is written would be lost; undefined when the file is where it was. */
  fault(): string | undefined {
    try {
      const there = look(this.#path);
      if (!there) return `its file ${this.#path} was removed while it was open`;
      if (idOf(there) !== this.#id) return `its file ${this.#path} was replaced while it was open`;
    } catch (error) {
      return `its file ${this.#path} cannot be reached any more: ${(error as Error).message}`;
    }
    return undefined;
  }

  /** Whether the log beside the file is the one that is written to. */
  hasLog(): boolean {
    try {
      const there = look(this.#log);
      return there !== undefined && idOf(there) === this.#logId;
    } catch {
      // where it cannot be looked for, the file cannot be either, which `fault` reports
      return false;
    }
  }

  /** The log was begun anew. */
  noteLog(): void {
    const there = look(this.#log);
    this.#logId = there && idOf(there);
  }

  /** The database was closed. */
  leave(): void {
    held.delete(this.#id);
  }
}
