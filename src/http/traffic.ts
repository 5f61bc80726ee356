import type { z } from "zod";
import { invalid } from "../core/error.ts";
import { SECOND } from "../core/time.ts";
import { addTraffic, allTraffic, removeTraffic, toTraffic } from "../engine/traffic.ts";
import type { World } from "../engine/world.ts";
import * as schema from "../schema/traffic.ts";
import { collectionRoutes, parseSpanOf } from "./collection.ts";
import type { Route } from "./route.ts";

const PERIOD_MIN_MS = 10 * SECOND;

function create(world: World, body: z.infer<typeof schema.trafficBody>): z.infer<typeof schema.traffic> {
  const [startsIn, duration] = [parseSpanOf("startsIn", body.startsIn), parseSpanOf("duration", body.duration)];
  const period = parseSpanOf("period", body.period);
  if (period !== undefined && period < PERIOD_MIN_MS)
    throw invalid(
      `period: expected at least 10s, which is as much as the autoscaler averages over, got "${body.period}"`,
    );
  return toTraffic(addTraffic(world, body, { startsIn, duration, period }), world.now);
}

/** Synthetic load: a rule in world time, not a million requests. */
export const trafficRoutes = (): Route[] =>
  collectionRoutes({
    name: "traffic",
    tag: "Traffic",
    words: {
      many: "synthetic traffic, with what became of its requests",
      one: "one synthetic traffic",
      make: "Let synthetic requests come to a deployment",
    },
    item: schema.traffic,
    body: schema.trafficBody,
    list: (world) => allTraffic(world).map((sent) => toTraffic(sent, world.now)),
    create,
    remove: removeTraffic,
  });
