import { z } from "zod";
import { runningUsage } from "../core/deployment/billing.ts";
import { nextWakeAt } from "../core/deployment/lifecycle.ts";
import { readyReplicas } from "../core/deployment/record.ts";
import { gpusIn } from "../core/deployment/fleet.ts";
import { ApiError, invalid } from "../core/error.ts";
import { resourceName } from "../core/name.ts";
import { toTimestamp } from "../core/time.ts";
import type { ResetPart } from "../engine/reset.ts";
import { resetParts, resetWorld } from "../engine/reset.ts";
import { VERSION } from "../engine/version.ts";
import type { World } from "../engine/world.ts";
import * as schema from "../schema/control.ts";
import type { AcceleratorType, Region } from "../schema/hardware.ts";
import type { AppOptions } from "./app.ts";
import { decodeOwnBody } from "./body.ts";
import { clockRoutes, toClock } from "./clock.ts";
import { eventRoutes } from "./events.ts";
import { requestRoutes } from "./requests.ts";
import type { Call, Route } from "./route.ts";
import { stockoutRoutes } from "./stockouts.ts";

function toStatus(world: World, url: string): z.infer<typeof schema.statusResult> {
  const { config, deployments, queue, lastEventId, lastJournalId, seed } = world.parts;
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
      waitingDeployments: world.waiters.size,
      timers: queue.size,
      events: lastEventId,
      requests: lastJournalId,
    },
  };
}

function toFleet(world: World): z.infer<typeof schema.fleetResult> {
  const { fleet } = world.parts;
  const pools = (Object.keys(fleet.total) as Region[]).sort().flatMap((region) =>
    (Object.keys(fleet.total[region]!) as AcceleratorType[]).sort().map((acceleratorType) => ({
      region,
      acceleratorType,
      total: gpusIn(fleet.total, region, acceleratorType),
      inUse: gpusIn(fleet.inUse, region, acceleratorType),
    })),
  );
  return { unlimited: fleet.unlimited, pools, waiting: [...world.waiters].sort() };
}

function patchFleet(call: Call): z.infer<typeof schema.fleetResult> {
  const patch = decodeOwnBody(schema.fleetPatch, call.text);
  const { world } = call;
  world.change(() => {
    const { fleet, store } = world.parts;
    fleet.unlimited = patch.unlimited ?? fleet.unlimited;
    for (const { region, acceleratorType, total } of patch.pools ?? [])
      (fleet.total[region] ??= {})[acceleratorType] = total;
    store.putDocument("fleet", "fleet", () => JSON.stringify({ total: fleet.total, unlimited: fleet.unlimited }));
    world.moveLine();
  });
  return toFleet(world);
}

/** GPU time and money per deployment and day, with what still runs up to now. */
function toUsage(world: World): z.infer<typeof schema.usageResult> {
  world.flush();
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
      gpuSeconds: gpuMs / 1000,
      cost: (gpuMs / 3_600_000) * (catalog.accelerators.get(row.acceleratorType)?.pricePerHour ?? 0),
    }));
  return {
    usage,
    totalGpuSeconds: usage.reduce((sum, row) => sum + row.gpuSeconds, 0),
    totalCost: usage.reduce((sum, row) => sum + row.cost, 0),
  };
}

function explain(call: Call): z.infer<typeof schema.explainResult> {
  const record = call.world.deployment(
    resourceName(call.params["account_id"]!, "deployments", call.params["deployment_id"]!),
  );
  const { decision } = record;
  const wakeAt = nextWakeAt(record);
  return {
    deployment: record.name,
    state: record.state,
    desired: record.desired,
    ready: readyReplicas(record).length,
    bounds: { min: record.spec.minReplicaCount, max: record.spec.maxReplicaCount },
    lastDecision: decision && {
      time: toTimestamp(decision.at),
      recommended: decision.recommended,
      desired: decision.desired,
      inputs: decision.inputs,
      reason: decision.reason,
    },
    nextWakeTime: wakeAt === null ? null : toTimestamp(wakeAt),
  };
}

function reset(call: Call): z.infer<typeof schema.resetResult> {
  const part = call.params["part"] as ResetPart | undefined;
  if (part !== undefined && !resetParts.includes(part))
    throw invalid(`cannot reset "${part}", expected one of: ${resetParts.join(", ")}`);
  const cleared = part ? [part] : [...resetParts];
  resetWorld(call.world, cleared);
  return { cleared };
}

function demandWritable(world: World): void {
  if (world.writeError) throw new ApiError("UNAVAILABLE", `the database cannot be written: ${world.writeError}`);
}

/** Routes that show and steer the emulator itself; they need no key. */
export function controlRoutes(options: AppOptions): Route[] {
  const own = { plane: "emulator", tag: "Emulator" } as const;
  return [
    {
      method: "GET",
      path: "/health",
      plane: "open",
      tag: "Emulator",
      summary: "Is the process alive?",
      result: schema.health,
      handle: () => ({ body: { status: "ok" } }),
    },
    {
      method: "GET",
      path: "/ready",
      plane: "emulator",
      tag: "Emulator",
      summary: "Can it serve?",
      result: schema.ready,
      handle: ({ world }) => {
        demandWritable(world);
        return { body: { status: "ready" } };
      },
    },
    {
      method: "GET",
      path: "/__emulator/status",
      ...own,
      summary: "Version, clock, counts",
      result: schema.statusResult,
      handle: ({ world }) => ({ body: toStatus(world, options.url()) }),
    },
    ...clockRoutes(),
    ...eventRoutes(),
    ...requestRoutes(),
    {
      method: "GET",
      path: "/__emulator/fleet",
      ...own,
      summary: "GPUs per region and accelerator",
      result: schema.fleetResult,
      handle: ({ world }) => ({ body: toFleet(world) }),
    },
    {
      method: "PATCH",
      path: "/__emulator/fleet",
      ...own,
      summary: "Change the hardware, or lift its limit",
      body: schema.fleetPatch,
      result: schema.fleetResult,
      handle: (call) => ({ body: patchFleet(call) }),
    },
    ...stockoutRoutes(),
    {
      method: "GET",
      path: "/__emulator/usage",
      ...own,
      summary: "GPU-seconds and cost per deployment and day",
      result: schema.usageResult,
      handle: ({ world }) => ({ body: toUsage(world) }),
    },
    {
      method: "GET",
      path: "/__emulator/deployments/{account_id}/{deployment_id}:explain",
      ...own,
      summary: "The autoscaler's last decision",
      result: schema.explainResult,
      handle: (call) => ({ body: explain(call) }),
    },
    {
      method: "POST",
      path: "/__emulator/reset",
      ...own,
      summary: "Clear everything",
      result: schema.resetResult,
      handle: (call) => ({ body: reset(call) }),
    },
    {
      method: "POST",
      path: "/__emulator/reset/{part}",
      ...own,
      summary: "Clear one part: journal, state or clock",
      result: schema.resetResult,
      handle: (call) => ({ body: reset(call) }),
    },
  ];
}
