import { z } from "zod";
import { ApiError, invalid, notFound } from "../core/error.ts";
import type { Ms } from "../core/time.ts";
import { parseSpan, toTimestamp } from "../core/time.ts";
import type { Stockout } from "../engine/fleet.ts";
import type { World } from "../engine/world.ts";
import * as schema from "../schema/control.ts";
import { decodeOwnBody } from "./body.ts";
import type { Call, Route } from "./route.ts";

type Wire = z.infer<typeof schema.stockout>;

const toWire = ({ id, acceleratorType, region, startAt, endAt }: Stockout, now: Ms): Wire => ({
  id,
  acceleratorType: acceleratorType ?? null,
  region: region ?? null,
  startTime: toTimestamp(startAt),
  endTime: endAt === null ? null : toTimestamp(endAt),
  active: startAt <= now && (endAt === null || endAt > now),
});

function parse(field: string, text: string | undefined): Ms | undefined {
  if (text === undefined) return undefined;
  const span = parseSpan(text);
  if (span === undefined) throw invalid(`${field}: expected a span such as "90s", "1h30m" or "7d", got "${text}"`);
  return span;
}

function create(call: Call): Wire {
  const { world } = call;
  const body = decodeOwnBody(schema.stockoutBody, call.text);
  const [startsIn, duration] = [parse("startsIn", body.startsIn), parse("duration", body.duration)];
  return world.change((now) => {
    const sequence = world.nextSequence();
    const id = body.id ?? `stockout-${sequence}`;
    const { stockouts } = world.parts.fleet;
    if (stockouts.has(id)) throw new ApiError("ALREADY_EXISTS", `stockout ${id} already exists`);
    const startAt = now + (startsIn ?? 0);
    const stockout: Stockout = {
      id,
      sequence,
      acceleratorType: body.acceleratorType,
      region: body.region,
      startAt,
      endAt: duration === undefined ? null : startAt + duration,
    };
    stockouts.set(id, stockout);
    world.saveStockout(stockout);
    return toWire(stockout, now);
  });
}

function remove(world: World, ids: string[]): void {
  world.change(() => {
    for (const id of ids) {
      if (!world.parts.fleet.stockouts.delete(id)) throw notFound();
      world.parts.queue.delete("stockout", id);
      world.parts.store.dropDocument("stockout", id);
    }
    world.moveLine();
  });
}

const list = (world: World): Wire[] =>
  [...world.parts.fleet.stockouts.values()].map((stockout) => toWire(stockout, world.now));

export function stockoutRoutes(): Route[] {
  const own = { plane: "emulator", tag: "Fleet" } as const;
  const path = "/__emulator/stockouts";
  return [
    {
      method: "GET",
      path,
      ...own,
      summary: "Stockouts that are in force or will be",
      result: z.object({ stockouts: z.array(schema.stockout) }),
      handle: ({ world }) => ({ body: { stockouts: list(world) } }),
    },
    {
      method: "POST",
      path,
      ...own,
      summary: "Let a type, a region or everything run out of GPUs",
      body: schema.stockoutBody,
      result: schema.stockout,
      handle: (call) => ({ body: create(call) }),
    },
    {
      method: "DELETE",
      path,
      ...own,
      summary: "End all stockouts",
      result: z.object({}),
      handle: ({ world }) => {
        remove(world, [...world.parts.fleet.stockouts.keys()]);
        return { body: {} };
      },
    },
    {
      method: "DELETE",
      path: `${path}/{stockout_id}`,
      ...own,
      summary: "End a stockout",
      result: z.object({}),
      handle: ({ world, params }) => {
        remove(world, [params["stockout_id"]!]);
        return { body: {} };
      },
    },
  ];
}
