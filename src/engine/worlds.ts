import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ApiError } from "../core/error.ts";
import { MEMORY, removeDatabase } from "../store/database.ts";
import { DatabaseError } from "../store/database-error.ts";
import type { SandboxOptions } from "../schema/sandbox.ts";
import { SANDBOX_NAME } from "../schema/sandbox.ts";
import type { Catalog } from "./catalog.ts";
import type { WorldConfig } from "./config.ts";
import { withOptions } from "./config.ts";
import { openWorld, reopenWorld, UnfinishedError } from "./open-world.ts";
import type { OnBug } from "./parts.ts";
import type { World } from "./world.ts";

/** What the database of a sandbox ends with; what it begins with is its name. */
const SUFFIX = ".db";
/** A sandbox's database, or what lies beside it. */
const SAVED = /^(.+)\.db(?:\.files|-journal|-wal|-shm)?$/;

/**
 * The worlds of one process: its own, and any number of sandboxes. Each has its clock, its seed, its journal and its
 * database, beside the server's where that is a file; they share nothing but the catalogue.
 */
export class Worlds {
  readonly #catalog: Catalog;
  readonly #config: WorldConfig;
  readonly #onBug: OnBug;
  readonly #sandboxes = new Map<string, World>();
  /** Why a sandbox's database cannot be opened, by its name. */
  readonly #broken = new Map<string, string>();
  /** The world that plain paths lead to. */
  readonly default: World;

  /** @throws DatabaseError when the server's own file cannot be used; a sandbox's costs that sandbox */
  constructor(config: WorldConfig, catalog: Catalog, onBug: OnBug) {
    this.#catalog = catalog;
    this.#config = config;
    this.#onBug = onBug;
    this.default = openWorld(config, catalog, onBug);
    try {
      for (const name of this.#saved()) this.#reopen(name);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get(name: string): World | undefined {
    return this.#sandboxes.get(name);
  }

  /** Why a sandbox that is there has no world; undefined when it has one, or is not there. */
  brokenReason(name: string): string | undefined {
    return this.#broken.get(name);
  }

  /** Sandboxes by name, in its order: a world each, or the reason why it has none. */
  list(): [string, World | string][] {
    return [...this.#sandboxes, ...this.#broken].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** Every world that is open, the server's own last. */
  all(): World[] {
    return [...this.#sandboxes.values(), this.default];
  }

  #has(name: string): boolean {
    return this.#sandboxes.has(name) || this.#broken.has(name);
  }

  /** @throws ApiError ALREADY_EXISTS, RESOURCE_EXHAUSTED, INVALID_ARGUMENT; UNAVAILABLE when the disk refuses */
  create(name: string, options: SandboxOptions, replace = false): World {
    // what cannot be replaced is not deleted either
    withOptions(this.#config, options);
    if (this.#has(name)) {
      if (!replace) throw new ApiError("ALREADY_EXISTS", `sandbox "${name}" exists; with "replace" it begins anew`);
      this.delete(name);
    }
    const { sandboxesMax: most } = this.#config;
    if (this.#sandboxes.size + this.#broken.size >= most)
      throw new ApiError("RESOURCE_EXHAUSTED", `there are ${most} sandboxes; delete one, or raise --sandboxes-max`);
    this.#remove(name);
    try {
      const world = openWorld(this.#configOf(name), this.#catalog, this.#onBug, options);
      this.#sandboxes.set(name, world);
      return world;
    } catch (error) {
      this.#tryRemove(name);
      throw error instanceof DatabaseError ? new ApiError("UNAVAILABLE", error.message) : error;
    }
  }

  /** Ends a world: what it holds is let go with an error. @throws ApiError NOT_FOUND; UNAVAILABLE when its file stays */
  delete(name: string): void {
    const world = this.#sandboxes.get(name);
    if (!world && !this.#broken.has(name)) throw new ApiError("NOT_FOUND", `sandbox "${name}" not found`);
    this.#sandboxes.delete(name);
    world?.discard();
    // it can be deleted again
    this.#broken.set(name, "it was deleted, but its file could not be removed");
    this.#remove(name);
    this.#broken.delete(name);
  }

  /** Advances that are going on end where they are; what follows is `close`. */
  stop(): void {
    for (const world of this.all()) world.stop();
  }

  /** Saves and ends all of them. @throws the first error, after each was ended */
  close(): void {
    const errors: unknown[] = [];
    for (const world of this.all()) {
      try {
        world.close();
      } catch (error) {
        errors.push(error);
      }
    }
    this.#sandboxes.clear();
    if (errors.length > 0) throw errors[0];
  }

  /** Opens a sandbox of an earlier run. */
  #reopen(name: string): void {
    try {
      this.#sandboxes.set(name, reopenWorld(this.#configOf(name), this.#catalog, this.#onBug));
    } catch (error) {
      if (error instanceof UnfinishedError) this.#tryRemove(name);
      else this.#broken.set(name, (error as Error).message);
    }
  }

  #configOf(name: string): WorldConfig {
    return { ...this.#config, database: this.#path(name) };
  }

  get #folder(): string | undefined {
    const { database } = this.#config;
    return database === MEMORY ? undefined : `${database}.sandboxes`;
  }

  #path(name: string): string {
    return this.#folder === undefined ? MEMORY : join(this.#folder, name + SUFFIX);
  }

  #saved(): string[] {
    const folder = this.#folder;
    if (folder === undefined || !existsSync(folder)) return [];
    // what is left of one whose removal was cut short counts too: there is no world in it, and so it goes
    const names = readdirSync(folder).map((file) => SAVED.exec(file)?.[1] ?? "");
    return [...new Set(names)].filter((name) => SANDBOX_NAME.test(name));
  }

  /** Its database goes, and then what was uploaded to it. @throws ApiError UNAVAILABLE when the system refuses */
  #remove(name: string): void {
    const path = this.#path(name);
    if (path === MEMORY) return;
    try {
      removeDatabase(path);
      rmSync(`${path}.files`, { recursive: true, force: true });
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      // where there is no folder there is nothing to remove
      if (code !== "ENOTDIR") throw new ApiError("UNAVAILABLE", `sandbox "${name}" cannot be removed: ${message}`);
    }
  }

  /** Of half a sandbox; what the system keeps of it is shown to nobody, and tried again at the next start. */
  #tryRemove(name: string): void {
    try {
      this.#remove(name);
    } catch {
      // the caller gets the error that left it half made
    }
  }
}
