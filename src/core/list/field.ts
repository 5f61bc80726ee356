import { toCamel } from "../name.ts";

/** Any resource as JSON. */
export type Json = Record<string, unknown>;

/** Reads `snapshot.base_model` or `snapshot.baseModel`; undefined when a part is missing. */
export function readField(resource: Json, path: string): unknown {
  let value: unknown = resource;
  for (const part of path.split(".")) {
    if (typeof value !== "object" || value === null) return undefined;
    const fields = value as Json;
    const name = Object.hasOwn(fields, part) ? part : toCamel(part);
    value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  }
  return value;
}

/** A text of a resource, or of a query; empty when there is none. */
export const textOf = (resource: Json | null, field: string): string => {
  const value = resource?.[field];
  return typeof value === "string" ? value : "";
};
