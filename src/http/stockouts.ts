import type { z } from "zod";
import { ApiError } from "../core/error.ts";
import type { Ms } from "../core/time.ts";
import { toTimestamp } from "../core/time.ts";
import type { Stockout } from "../engine/fleet.ts";
import { isInForce } from "../engine/fleet.ts";
import { addTerm, endTerm } from "../engine/terms.ts";
import type { World } from "../engine/world.ts";
import * as schema from "../schema/fleet.ts";
import { collectionRoutes, parseSpanOf } from "./collection.ts";
import type { Route } from "./route.ts";

type Wire = z.infer<typeof schema.stockout>;

const toWire = (stockout: Stockout, now: Ms): Wire => ({
  id: stockout.id,
  acceleratorType: stockout.acceleratorType ?? null,
  region: stockout.region ?? null,
  startTime: toTimestamp(stockout.startAt),
  endTime: stockout.endAt === null ? null : toTimestamp(stockout.endAt),
  takesReplicas: stockout.takesReplicas,
  active: isInForce(stockout, now),
});

function create(world: World, body: z.infer<typeof schema.stockoutBody>): Wire {
  const [startsIn, duration] = [parseSpanOf("startsIn", body.startsIn), parseSpanOf("duration", body.duration)];
  return world.change((now) => {
    const sequence = world.nextSequence();
    const id = body.id ?? `stockout-${sequence}`;
    if (world.parts.fleet.stockouts.has(id)) throw new ApiError("ALREADY_EXISTS", `stockout ${id} already exists`);
    const startAt = now + (startsIn ?? 0);
    const stockout: Stockout = {
      id,
      sequence,
      acceleratorType: body.acceleratorType,
      region: body.region,
      startAt,
      endAt: duration === undefined ? null : startAt + duration,
      takesReplicas: body.takesReplicas ?? false,
    };
    addTerm(world, "stockout", stockout);
    return toWire(stockout, now);
  });
}

export const stockoutRoutes = (): Route[] =>
  collectionRoutes({
    name: "stockouts",
    tag: "Fleet",
    words: {
      many: "stockouts that are in force or will be",
      one: "a stockout",
      make: "Let a type, a region or everything run out of GPUs",
    },
    item: schema.stockout,
    body: schema.stockoutBody,
    list: (world) => [...world.parts.fleet.stockouts.values()].map((stockout) => toWire(stockout, world.now)),
    create,
    remove: (world, ids) =>
      world.change(() => {
        for (const id of ids) endTerm(world, "stockout", id);
      }),
  });
