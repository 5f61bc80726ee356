import type { z } from "zod";
import { VERSION } from "../engine/version.ts";
import type { World } from "../engine/world.ts";
import * as schema from "../schema/control.ts";
import { toClock } from "./clock.ts";
import type { Route } from "./route.ts";

function toStatus(world: World, url: string): z.infer<typeof schema.statusResult> {
  const { config, deployments, queue, lastJournalId, seed } = world.parts;
  const replicas = [...deployments.values()].reduce((sum, record) => sum + record.replicas.length, 0);
  return {
    version: VERSION,
    url,
    database: config.database,
    account: config.account,
    seed,
    profile: config.profile,
    coldStart: config.coldStart,
    auth: config.auth,
    clock: toClock(world),
    counts: {
      deployments: deployments.size,
      replicas,
      waitingDeployments: world.line.names.size,
      timers: queue.size,
      events: world.log.lastId,
      requests: lastJournalId,
    },
  };
}

function toReady(world: World): z.infer<typeof schema.ready> {
  world.saver.demand();
  return { status: "ready" };
}

/** @param url where the server can be reached */
export function statusRoutes(url: () => string): Route[] {
  return [
    {
      method: "GET",
      path: "/health",
      plane: "open",
      turn: "between",
      tag: "Emulator",
      summary: "Is the process alive?",
      result: schema.health,
      handle: () => ({ body: { status: "ok" } }),
    },
    {
      method: "GET",
      path: "/ready",
      plane: "emulator",
      turn: "between",
      tag: "Emulator",
      summary: "Can it serve, and save?",
      result: schema.ready,
      handle: ({ world }) => ({ body: toReady(world) }),
    },
    {
      method: "GET",
      path: "/__emulator/status",
      plane: "emulator",
      tag: "Emulator",
      summary: "Version, clock, counts",
      result: schema.statusResult,
      handle: ({ world, base }) => ({ body: toStatus(world, url() + base) }),
    },
  ];
}
