import { toCamel } from "../name.ts";

/** Any resource as JSON. */
export type Json = Record<string, unknown>;

/** Reads one field, such as `snapshot.base_model` or `snapshot.baseModel`; undefined when a part is missing. */
export type Read = (resource: Json) => unknown;

type Step = (value: unknown) => unknown;

/** One part of a path, in either case; names that every object has are looked for with care. */
function toStep(part: string): Step {
  const camel = toCamel(part);
  if (part in Object.prototype || camel in Object.prototype)
    return (value) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, part) ? (value as Json)[part] : undefined;
  return (value) => {
    if (typeof value !== "object" || value === null) return undefined;
    const found = (value as Json)[camel];
    return found === undefined && camel !== part ? (value as Json)[part] : found;
  };
}

/** A reader of a field: the path is looked at once, as lists are long. */
export function toReader(path: string): Read {
  const [first, ...rest] = path.split(".").map(toStep) as [Step, ...Step[]];
  if (rest.length === 0) return first;
  return (resource) => {
    let value = first(resource);
    for (const step of rest) value = step(value);
    return value;
  };
}

/** A text of a resource, or of a query; empty when there is none. */
export const textOf = (resource: Json | null, field: string): string => {
  const value = resource?.[field];
  return typeof value === "string" ? value : "";
};
