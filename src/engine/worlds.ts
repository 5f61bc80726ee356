import type { Catalog } from "./catalog.ts";
import type { WorldConfig } from "./config.ts";
import { openWorld } from "./open-world.ts";
import type { World } from "./world.ts";

/** The worlds of one process, each with its own clock, seed and database; they share nothing but the catalogue. */
export class Worlds {
  readonly #catalog: Catalog;
  readonly #worlds = new Map<string, World>();
  /** The world that plain paths lead to. */
  readonly default: World;

  constructor(config: WorldConfig, catalog: Catalog) {
    this.#catalog = catalog;
    this.default = this.open("", config);
  }

  /** @throws DatabaseError when the file cannot be used */
  open(name: string, config: WorldConfig): World {
    const world = openWorld(config, this.#catalog);
    this.#worlds.set(name, world);
    return world;
  }

  get(name: string): World | undefined {
    return this.#worlds.get(name);
  }

  close(): void {
    for (const world of this.#worlds.values()) world.close();
    this.#worlds.clear();
  }
}
