import type { z } from "zod";
import { runningUsage } from "../core/deployment/billing.ts";
import { HOUR, SECOND } from "../core/time.ts";
import type { World } from "../engine/world.ts";
import * as schema from "../schema/control.ts";
import type { Route } from "./route.ts";

/** GPU time and money per deployment and day, with what still runs up to now. */
function toUsage(world: World): z.infer<typeof schema.usageResult> {
  world.saver.flush();
  const { store, deployments, catalog } = world.parts;
  const sums = new Map<string, { deployment: string; day: string; acceleratorType: string; gpuMs: number }>();
  for (const row of [
    ...store.usage(),
    ...[...deployments.values()].flatMap((record) => runningUsage(record, world.now)),
  ]) {
    const key = `${row.deployment} ${row.day} ${row.acceleratorType}`;
    const known = sums.get(key);
    if (known) known.gpuMs += row.gpuMs;
    else sums.set(key, { ...row });
  }
  const usage = [...sums.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { gpuMs, ...row }]) => ({
      ...row,
      gpuSeconds: gpuMs / SECOND,
      cost: (gpuMs / HOUR) * (catalog.accelerators.get(row.acceleratorType)?.pricePerHour ?? 0),
    }));
  return {
    usage,
    totalGpuSeconds: usage.reduce((sum, row) => sum + row.gpuSeconds, 0),
    totalCost: usage.reduce((sum, row) => sum + row.cost, 0),
  };
}

export const usageRoute: Route = {
  method: "GET",
  path: "/__emulator/usage",
  plane: "emulator",
  tag: "Emulator",
  summary: "GPU-seconds and cost per deployment and day",
  result: schema.usageResult,
  handle: ({ world }) => ({ body: toUsage(world) }),
};
