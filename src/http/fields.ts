import type { z } from "zod";

/** A closed schema's fields by name, in their order, and how many of them have to be there. */
interface Fields {
  byName: Map<string, { at: number; schema: z.ZodType; isOptional: boolean }>;
  required: number;
}

const known = new WeakMap<z.ZodObject, Fields>();

function fieldsOf(schema: z.ZodObject): Fields {
  let fields = known.get(schema);
  if (!fields) {
    const all = Object.entries(schema.shape as Record<string, z.ZodType>).map(
      ([name, field], at) => [name, { at, schema: field, isOptional: field._zod.optout === "optional" }] as const,
    );
    const required = all.filter(([, { isOptional }]) => !isOptional).length;
    known.set(schema, (fields = { byName: new Map(all), required }));
  }
  return fields;
}

/**
 * Checks a body field by field: those that it has. The schema itself looks at all that there could be, of which requests
 * to models have some fifty and send five.
 * @param schema an object without checks of its own
 * @returns what the schema makes of it, in the schema's order; undefined where only the schema can tell
 */
export function parseFields<T extends z.ZodObject>(schema: T, body: unknown): z.infer<T> | undefined {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return undefined;
  const { byName, required } = fieldsOf(schema);
  const found: { at: number; name: string; value: unknown }[] = [];
  let missing = required;
  for (const [name, sent] of Object.entries(body)) {
    const field = byName.get(name);
    const result = field?.schema.safeParse(sent);
    if (!field || !result?.success) return undefined;
    if (!field.isOptional) missing -= 1;
    found.push({ at: field.at, name, value: result.data });
  }
  if (missing > 0) return undefined;
  found.sort((left, right) => left.at - right.at);
  const parsed: Record<string, unknown> = {};
  for (const { name, value } of found) parsed[name] = value;
  return parsed as z.infer<T>;
}
