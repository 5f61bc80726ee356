import type { z } from "zod";
import type { World } from "../engine/world.ts";
import type { Worlds } from "../engine/worlds.ts";
import { sandbox, sandboxBody } from "../schema/sandbox.ts";
import { toClock } from "./clock.ts";
import { collectionRoutes } from "./collection.ts";
import { toBase } from "./header.ts";
import type { Route } from "./route.ts";

/** Worlds of one's own: every other route answers below each of them too. */
export function sandboxRoutes(worlds: Worlds, url: () => string): Route[] {
  const toWire = (name: string, found: World | string): z.infer<typeof sandbox> => {
    const own = { name, url: url() + toBase(name) };
    if (typeof found === "string") return { ...own, state: "broken", reason: found };
    const { options, seed, deployments } = found.parts;
    const reason = found.saver.problem();
    return {
      ...own,
      ...(reason === undefined ? { state: "ready" } : { state: "unsaved", reason }),
      options,
      seed,
      clock: toClock(found),
      deployments: deployments.size,
    };
  };
  return collectionRoutes({
    name: "sandboxes",
    path: "/sandboxes",
    key: "name",
    tag: "Sandboxes",
    isWorldless: true,
    words: { many: "sandboxes, by name", one: "a sandbox", make: "Make a world of one's own" },
    item: sandbox,
    body: sandboxBody,
    list: () => worlds.list().map(([name, found]) => toWire(name, found)),
    create: (_, { name, replace, ...options }) => toWire(name, worlds.create(name, options, replace)),
    remove: (_, names) => names.forEach((name) => worlds.delete(name)),
  });
}
