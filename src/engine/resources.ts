import { invalid, notFound } from "../core/error.ts";
import type { Json } from "../core/list/field.ts";
import { applyMask, parseMask } from "../core/list/mask.ts";
import { Table } from "../core/list/table.ts";
import { isUserId, parentOf, toSnake } from "../core/name.ts";
import { zeroValue } from "../core/proto-json.ts";
import { alphanumeric, digest } from "../core/random.ts";
import type { Ms } from "../core/time.ts";
import type { z } from "zod";
import type { Invocation } from "./registry.ts";
import type { WorldParts } from "./parts.ts";
import type { World } from "./world.ts";

/** A resource that was made: as the wire has it, and what the wire does not see. */
export interface StoredResource {
  collection: string;
  name: string;
  sequence: number;
  value: Json;
  hidden: Json;
}

/** The resources of a collection by name, over all accounts, in the order of their making; and as tables, to be listed. */
class Collection extends Map<string, StoredResource> {
  readonly #tables = new Map<string, Table>();

  override set(name: string, resource: StoredResource): this {
    const parent = parentOf(name);
    const table = this.#tables.get(parent) ?? new Table();
    table.put(name, resource.value);
    this.#tables.set(parent, table);
    return super.set(name, resource);
  }

  override delete(name: string): boolean {
    this.#tables.get(parentOf(name))?.drop(name);
    return super.delete(name);
  }

  /** A table for each parent that is meant; `-` in it stands for any ID (control-plane §1.1). */
  under(parent: string): Table[] {
    if (!parent.split("/").includes("-")) return [this.#tables.get(parent) ?? new Table()];
    const isIn = toParent(parent);
    return [...this.#tables].filter(([each]) => isIn(`${each}/`)).map(([, table]) => table);
  }
}

export type Resources = Map<string, Collection>;

export function resourcesOf({ parts }: { parts: Pick<WorldParts, "resources"> }, collection: string): Collection {
  let all = parts.resources.get(collection);
  if (!all) parts.resources.set(collection, (all = new Collection()));
  return all;
}

/** Saves a resource, new or changed; with a timer it is woken then. */
export function putResource(world: World, resource: Omit<StoredResource, "sequence">, timerAt?: Ms): StoredResource {
  const all = resourcesOf(world, resource.collection);
  const sequence = all.get(resource.name)?.sequence ?? world.nextSequence();
  const stored = { ...resource, sequence };
  all.set(stored.name, stored);
  const timer = timerAt === undefined ? undefined : { at: timerAt, sequence };
  if (timer) world.parts.queue.set({ kind: stored.collection, name: stored.name, ...timer });
  else world.parts.queue.delete(stored.collection, stored.name);
  world.parts.store.putDocument("resource", stored.name, stored, timer);
  return stored;
}

export function dropResource(world: World, { collection, name }: Pick<StoredResource, "collection" | "name">): void {
  resourcesOf(world, collection).delete(name);
  world.parts.queue.delete(collection, name);
  world.parts.store.dropDocument("resource", name);
}

/** Whether names lie under a parent; `-` in it stands for any ID (control-plane §1.1). */
export function toParent(parent: string): (name: string) => boolean {
  const wanted = parent.split("/");
  if (!wanted.includes("-")) {
    const start = `${parent}/`;
    return (name) => name.startsWith(start);
  }
  return (name) => {
    const parts = name.split("/");
    return wanted.every((part, at) => part === "-" || part === parts[at]);
  };
}

/** The stored resources under a parent, as the wire has them. */
export const allOf =
  (collection: string) =>
  (world: World, call: Invocation): Table[] =>
    resourcesOf(world, collection).under(call.name);

/** Those under a parent, of resources that are worked out when they are asked for. */
export function someOf(parent: string, all: Iterable<{ name: string }>): Table[] {
  const isIn = toParent(parent);
  return [new Table([...all].filter(({ name }) => isIn(name)) as Json[])];
}

export const findIn =
  (collection: string) =>
  (world: World, name: string): Json | undefined =>
    resourcesOf(world, collection).get(name)?.value;

/** @throws ApiError NOT_FOUND */
export function demandResource(world: World, collection: string, name: string): StoredResource {
  const found = resourcesOf(world, collection).get(name);
  if (!found) throw notFound();
  return found;
}

const metaOf = (schema: z.ZodObject, field: string): Record<string, unknown> =>
  (schema.shape[field] as z.ZodType).meta() ?? {};

/** A new resource: what was sent, what the service fills in, and nothing for the rest. */
export function newValue(schema: z.ZodObject, sent: Json, filled: Json): Json {
  const zero = Object.fromEntries(
    Object.keys(schema.shape).map((field) => [field, zeroValue(schema.shape[field] as z.ZodType)]),
  );
  return Object.assign(zero, sent, filled);
}

/**
 * A resource with the fields changed that the mask names, or that the body has.
 * @throws ApiError INVALID_ARGUMENT for a field that cannot change
 */
export function changedValue(schema: z.ZodObject, type: string, before: Json, body: Json, updateMask: unknown): Json {
  const change = applyMask(body, parseMask(updateMask as string | undefined));
  for (const [field, value] of Object.entries(change)) {
    if (metaOf(schema, field)["x-immutable"] && JSON.stringify(value) !== JSON.stringify(before[field]))
      throw invalid(`invalid ${type}: ${toSnake(field)} is immutable`);
  }
  return { ...before, ...change };
}

/** An ID that a client chose, or a new one. @throws ApiError INVALID_ARGUMENT */
export function idFor(world: World, field: string, given: unknown, ...content: string[]): string {
  if (typeof given !== "string" || given === "")
    return alphanumeric(digest("resource-id", world.parts.seed, field, ...content, world.parts.sequence), 8);
  if (!isUserId(given))
    throw invalid(
      `invalid ${field} "${given}": must be 1-63 characters of a-z, 0-9 and hyphens, starting with a letter and not ending with a hyphen`,
    );
  return given;
}
