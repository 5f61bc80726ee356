import { capacityOf, weightsGb } from "../core/deployment/capacity.ts";
import type { Surroundings } from "../core/deployment/draft.ts";
import type { DeploymentRecord } from "../core/deployment/record.ts";
import { startTimes } from "../core/deployment/replica.ts";
import type { DeploymentSpec } from "../schema/deployment.ts";
import { factsOf } from "./models.ts";
import type { World } from "./world.ts";

const found = new WeakMap<DeploymentSpec, Surroundings>();

/** What a step of a deployment reads besides its record; found once, as a spec is never changed in place. */
export function surroundingsOf(world: World, { name, spec }: DeploymentRecord): Surroundings {
  let known = found.get(spec);
  if (known) return known;
  const { catalog, config, loads } = world.parts;
  const model = factsOf(world, spec.baseModel)!;
  known = {
    times: startTimes[config.profile](weightsGb(model, spec.precision)),
    capacity: capacityOf(spec, model, catalog.accelerators.get(spec.acceleratorType)!, catalog.capacity),
    claim: (record, replica) => world.line.claim(world.now, record, replica),
    coldStart: { holds: config.coldStart === "wait" },
    load: loads.get(name)!,
  };
  found.set(spec, known);
  return known;
}
