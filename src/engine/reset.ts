import { worldReset } from "./ending.ts";
import { seedWorld } from "./open-world.ts";
import { resetScripts } from "./scripts.ts";
import type { World } from "./world.ts";

/** What can be cleared by itself; the order is that of a whole reset. */
export const resetParts = ["journal", "scripts", "faults", "state", "clock"] as const;
export type ResetPart = (typeof resetParts)[number];

const stateTables = ["documents", "timers", "events", "usage", "tokens", "flights", "occurrences"] as const;

const work: Record<ResetPart, (world: World) => void> = {
  journal: ({ parts }) => void parts.store.clear("journal"),

  scripts: resetScripts,

  faults({ parts }) {
    for (const id of parts.faults.keys()) parts.store.dropDocument("fault", id);
    parts.faults.clear();
  },

  state(world) {
    const { parts } = world;
    world.release(worldReset());
    for (const table of stateTables) parts.store.clear(table);
    for (const map of [
      parts.deployments,
      parts.loads,
      parts.trafficOwners,
      parts.accounts,
      parts.occurrences,
      parts.quotas,
      parts.scrapes,
      parts.rateWindows,
      parts.promptCaches,
      parts.responses,
      parts.resources,
    ])
      map.clear();
    parts.queue.clear();
    parts.fleet.restock(parts.catalog.fleet);
    parts.sequence = 0;
    parts.lastOccurrenceId = 0;
    parts.store.setMeta("sequence", "0");
    world.forget();
    // scripts and faults are no state of the service's: they stay
    for (const [id, entry] of parts.faults) parts.store.putDocument("fault", id, entry);
    for (const entry of parts.scripts) parts.store.putDocument("script", entry.script.id, entry);
    seedWorld(world);
  },

  clock(world) {
    const { clock, config, startTime, deployments } = world.parts;
    clock.configure(config.clock, config.rate);
    // time goes back only where nothing remembers it
    if (deployments.size === 0) world.rewind(startTime);
    world.rearm();
  },
};

/**
 * Clears parts of a world, all or none of them. What was waiting to be written is written first, so that nothing comes
 * back; files go last, as those that are left behind by a kill go when the world is opened.
 */
export function resetWorld(world: World, parts: readonly ResetPart[]): void {
  world.saver.flush();
  for (const part of parts) work[part](world);
  world.saver.flush();
  if (parts.includes("state")) world.parts.files.clear();
}
