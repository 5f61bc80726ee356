import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ApiError } from "../core/error.ts";
import { DatabaseError } from "../store/database.ts";
import type { SandboxOptions } from "../schema/sandbox.ts";
import { SANDBOX_NAME } from "../schema/sandbox.ts";
import type { Catalog } from "./catalog.ts";
import type { WorldConfig } from "./config.ts";
import { withOptions } from "./config.ts";
import { openWorld } from "./open-world.ts";
import type { OnBug } from "./parts.ts";
import type { World } from "./world.ts";

/** What the database of a sandbox ends with; what it begins with is its name. */
const SUFFIX = ".db";

/**
 * The worlds of one process: its own, and any number of sandboxes. Each has its clock, its seed, its journal and its
 * database, beside the server's where that is a file; they share nothing but the catalogue.
 */
export class Worlds {
  readonly #catalog: Catalog;
  readonly #config: WorldConfig;
  readonly #onBug: OnBug;
  readonly #sandboxes = new Map<string, World>();
  /** The world that plain paths lead to. */
  readonly default: World;

  /** @throws DatabaseError when a file cannot be used */
  constructor(config: WorldConfig, catalog: Catalog, onBug: OnBug) {
    this.#catalog = catalog;
    this.#config = config;
    this.#onBug = onBug;
    this.default = openWorld(config, catalog, onBug);
    try {
      for (const name of this.#saved()) this.#open(name);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get(name: string): World | undefined {
    return this.#sandboxes.get(name);
  }

  /** Sandboxes by name, in its order. */
  list(): [string, World][] {
    return [...this.#sandboxes].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** @throws ApiError ALREADY_EXISTS, RESOURCE_EXHAUSTED, INVALID_ARGUMENT; UNAVAILABLE when the disk refuses */
  create(name: string, options: SandboxOptions, replace = false): World {
    // what cannot be replaced is not deleted either
    withOptions(this.#config, options);
    if (this.#sandboxes.has(name)) {
      if (!replace) throw new ApiError("ALREADY_EXISTS", `sandbox "${name}" exists; with "replace" it begins anew`);
      this.delete(name);
    }
    const { sandboxesMax: most } = this.#config;
    if (this.#sandboxes.size >= most)
      throw new ApiError("RESOURCE_EXHAUSTED", `there are ${most} sandboxes; delete one, or raise --sandboxes-max`);
    try {
      this.#remove(name);
      return this.#open(name, options);
    } catch (error) {
      // half a sandbox would be a whole one after a restart
      this.#remove(name);
      throw error instanceof DatabaseError ? new ApiError("UNAVAILABLE", error.message) : error;
    }
  }

  /** Ends a world: what it holds is let go with an error. @throws ApiError NOT_FOUND */
  delete(name: string): void {
    const world = this.#sandboxes.get(name);
    if (!world) throw new ApiError("NOT_FOUND", `sandbox "${name}" not found`);
    this.#sandboxes.delete(name);
    world.discard();
    this.#remove(name);
  }

  /** Advances that are going on end where they are; what follows is `close`. */
  stop(): void {
    for (const world of [...this.#sandboxes.values(), this.default]) world.stop();
  }

  /** Saves and ends all of them. @throws the first error, after each was ended */
  close(): void {
    const errors: unknown[] = [];
    for (const world of [...this.#sandboxes.values(), this.default]) {
      try {
        world.close();
      } catch (error) {
        errors.push(error);
      }
    }
    this.#sandboxes.clear();
    if (errors.length > 0) throw errors[0];
  }

  /** @param options those that were saved with it when left out */
  #open(name: string, options?: SandboxOptions): World {
    const world = openWorld({ ...this.#config, database: this.#path(name) }, this.#catalog, this.#onBug, options);
    this.#sandboxes.set(name, world);
    return world;
  }

  get #folder(): string | undefined {
    const { database } = this.#config;
    return database === ":memory:" ? undefined : `${database}.sandboxes`;
  }

  #path(name: string): string {
    return this.#folder === undefined ? ":memory:" : join(this.#folder, name + SUFFIX);
  }

  #saved(): string[] {
    const folder = this.#folder;
    if (folder === undefined || !existsSync(folder)) return [];
    const names = readdirSync(folder).filter((file) => file.endsWith(SUFFIX));
    return names.map((file) => file.slice(0, -SUFFIX.length)).filter((name) => SANDBOX_NAME.test(name));
  }

  /** What was uploaded to it goes, and its database last: as long as that is there, there is something to remove. */
  #remove(name: string): void {
    const path = this.#path(name);
    if (!existsSync(path)) return;
    for (const end of [".files", "-wal", "-shm", ""]) rmSync(path + end, { recursive: true, force: true });
  }
}
