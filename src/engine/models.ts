import type { ModelFacts } from "../core/deployment/capacity.ts";
import type { Json } from "../core/list/field.ts";
import type { Model } from "../schema/model.ts";
import { resourcesOf } from "./resources.ts";
import type { World } from "./world.ts";

/** What is known of an uploaded model besides what the wire sees. */
export interface Uploaded {
  /** Promised sizes, by filename. */
  files: Record<string, number>;
  /** Once it is READY, of a base model: what its own files say. */
  facts?: ModelFacts;
}

export const uploadedOf = (world: World, name: string): Uploaded | undefined =>
  resourcesOf(world, "models").get(name)?.hidden as unknown as Uploaded | undefined;

/** A model by name: of the catalogue, or uploaded. */
export const modelOf = (world: World, name: string): Model | undefined =>
  world.parts.catalog.models.get(name) ?? (resourcesOf(world, "models").get(name)?.value as Model | undefined);

/** An addon's base, or the model itself. */
export function baseNameOf(world: World, name: string): string {
  const details = modelOf(world, name)?.peftDetails;
  return details ? details.baseModel : name;
}

/** What the simulation needs to know of a model: an addon runs as its base does. */
export function factsOf(world: World, name: string): ModelFacts | undefined {
  const base = baseNameOf(world, name);
  return world.parts.catalog.facts.get(base) ?? uploadedOf(world, base)?.facts;
}

export const isReady = (model: Json | Model | undefined): boolean => (model as Model | undefined)?.state === "READY";
