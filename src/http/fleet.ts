import type { z } from "zod";
import { gpusIn } from "../core/deployment/fleet.ts";
import type { World } from "../engine/world.ts";
import * as schema from "../schema/fleet.ts";
import type { AcceleratorType, Region } from "../schema/hardware.ts";
import { decodeOwnBody } from "./body.ts";
import type { Call, Route } from "./route.ts";

function toFleet(world: World): z.infer<typeof schema.fleetResult> {
  const { fleet } = world.parts;
  const holdings = fleet.holdings(world.now);
  const reservedIn = (region: Region, type: AcceleratorType): number =>
    holdings
      .filter((holding) => holding.region === region && holding.acceleratorType === type)
      .reduce((sum, { gpus }) => sum + gpus, 0);
  const pools = (Object.keys(fleet.total) as Region[]).sort().flatMap((region) =>
    (Object.keys(fleet.total[region]!) as AcceleratorType[]).sort().map((acceleratorType) => ({
      region,
      acceleratorType,
      total: gpusIn(fleet.total, region, acceleratorType),
      reserved: reservedIn(region, acceleratorType),
      inUse: gpusIn(fleet.inUse, region, acceleratorType),
    })),
  );
  return { unlimited: fleet.unlimited, pools, waiting: [...world.line.names].sort() };
}

function patchFleet(call: Call): z.infer<typeof schema.fleetResult> {
  const patch = decodeOwnBody(schema.fleetPatch, call.text);
  const { world } = call;
  world.change(() => {
    const { fleet, store } = world.parts;
    fleet.unlimited = patch.unlimited ?? fleet.unlimited;
    for (const { region, acceleratorType, total } of patch.pools ?? [])
      fleet.total = { ...fleet.total, [region]: { ...fleet.total[region], [acceleratorType]: total } };
    store.putDocument("fleet", "fleet", { total: fleet.total, unlimited: fleet.unlimited });
    world.moveLine();
  });
  return toFleet(world);
}

export function fleetRoutes(): Route[] {
  const own = { path: "/__emulator/fleet", plane: "emulator", tag: "Fleet", result: schema.fleetResult } as const;
  return [
    {
      method: "GET",
      ...own,
      summary: "GPUs per region and accelerator, and who waits for them",
      handle: ({ world }) => ({ body: toFleet(world) }),
    },
    {
      method: "PATCH",
      ...own,
      summary: "Change the hardware, or lift its limit",
      body: schema.fleetPatch,
      handle: (call) => ({ body: patchFleet(call) }),
    },
  ];
}
