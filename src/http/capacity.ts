import type { z } from "zod";
import { capacityOf, crowd, minAcceleratorCount } from "../core/deployment/capacity.ts";
import { createSpec } from "../core/deployment/spec.ts";
import { invalid } from "../core/error.ts";
import { resourceName } from "../core/name.ts";
import { PUBLIC_ACCOUNT } from "../engine/catalog.ts";
import { hardwareOf } from "../engine/shapes.ts";
import type { World } from "../engine/world.ts";
import * as schema from "../schema/fleet.ts";
import type { Route } from "./route.ts";

/** The request that `requestsPerSecond` is about. */
const PROMPT_TOKENS = 500;
const COMPLETION_TOKENS = 100;

/** Every type and count that a model runs on, with what one replica can do there. */
function toCapacities(world: World, text: string): z.infer<typeof schema.capacityResult> {
  const name = text.includes("/") ? text : resourceName(PUBLIC_ACCOUNT, "models", text);
  const { catalog } = world.parts;
  const model = catalog.facts.get(name);
  if (!model) throw invalid(`model: expected a model of the catalogue such as "llama-v3p1-8b-instruct", got "${text}"`);
  const { constants } = catalog.capacity;
  const capacities: z.infer<typeof schema.capacityResult>["capacities"] = [];
  for (const accelerator of catalog.accelerators.values()) {
    if (model.moe && !accelerator.supportsMoe) continue;
    const least = minAcceleratorCount(model, model.precision, accelerator, false, constants);
    for (let count = least; count <= constants.acceleratorsPerNode; count *= 2) {
      const body = { baseModel: name, acceleratorType: accelerator.type, acceleratorCount: count };
      const spec = createSpec(body, model, hardwareOf(world));
      const capacity = capacityOf(spec, model, accelerator, catalog.capacity);
      const { concurrency, prefillTokensPerSecond, decodeTokensPerSecond: alone } = capacity;
      const full = alone / crowd(capacity, concurrency);
      capacities.push({
        acceleratorType: accelerator.type,
        acceleratorCount: count,
        precision: model.precision,
        concurrency,
        prefillTokensPerSecond,
        decodeTokensPerSecondAlone: alone,
        decodeTokensPerSecondFull: full,
        requestsPerSecond: concurrency / (PROMPT_TOKENS / prefillTokensPerSecond + COMPLETION_TOKENS / full),
      });
    }
  }
  return { model: name, capacities };
}

export const capacityRoute: Route = {
  method: "GET",
  path: "/__emulator/capacity",
  plane: "emulator",
  tag: "Fleet",
  summary: "What one replica of a model can do, on every accelerator and count",
  query: schema.capacityQuery,
  result: schema.capacityResult,
  handle: ({ world, query }) => ({
    body: toCapacities(world, (query["model"] as string | undefined) ?? "llama-v3p1-8b-instruct"),
  }),
};
