import type { ModelFacts } from "../core/deployment/capacity.ts";
import { ApiError } from "../core/error.ts";
import type { Json } from "../core/list/field.ts";
import type { Model } from "../schema/model.ts";
import { accountOf } from "../core/name.ts";
import { PUBLIC_ACCOUNT } from "./catalog.ts";
import { maySee } from "./permission.ts";
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

/** A model by name that an account may use; others' private ones are not there. */
export function usableModel(world: World, account: string, name: string): Model | undefined {
  const model = modelOf(world, name);
  return model && maySee(world, account, name, model.public) ? model : undefined;
}

/** @throws ApiError NOT_FOUND */
export function demandModel(world: World, account: string, name: string): Model {
  const model = usableModel(world, account, name);
  if (!model) throw new ApiError("NOT_FOUND", `model ${name} not found`);
  return model;
}

/**
 * Checks names that a body only notes down: of models, of their versions, of whatever may follow.
 * @throws ApiError NOT_FOUND for a name in another account that is no public model, whether it is there or not
 */
export function demandNames(world: World, account: string, names: readonly unknown[]): void {
  for (const name of names) {
    if (typeof name !== "string" || !name.startsWith("accounts/")) continue;
    const isNear = maySee(world, account, name) || accountOf(name) === PUBLIC_ACCOUNT;
    if (!isNear && !usableModel(world, account, name.replace(/\/versions\/.*$/, "")))
      throw new ApiError("NOT_FOUND", `${name} not found`);
  }
}

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
