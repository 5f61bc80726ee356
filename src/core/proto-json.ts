import type { z } from "zod";
import { invalid } from "./error.ts";
import type { Json } from "./list/field.ts";
import { toCamel } from "./name.ts";
import { REDACTED } from "./redaction/tokens.ts";
import { parseDuration, parseTimestamp } from "./time.ts";

/**
 * Protobuf's JSON mapping, as the control plane reads it: camel or snake case names, null as unset, numbers in
 * strings, enum names or numbers, closed messages. Texts as seen on the wire (control-plane §10.3).
 */
type Schema = z.ZodType & {
  def: { type: string; innerType?: Schema; entries?: Record<string, string>; element?: Schema; valueType?: Schema };
  shape?: Record<string, Schema>;
  format?: string;
};

const INT32 = 2 ** 31;

function unwrap(schema: Schema): Schema {
  return schema.def.innerType ? unwrap(schema.def.innerType) : schema;
}

class Decoder {
  readonly #source: string;
  /** Fields whose values no message quotes. */
  readonly #secrets = new Set<string>();

  constructor(source: string) {
    this.#source = source;
  }

  /** `(line 1:12)` of a name in the source text; left out where the text is not known. */
  #where(name: string): string {
    const at = this.#source.indexOf(`"${name}"`);
    if (at < 0) return "";
    const before = this.#source.slice(0, at);
    return `(line ${before.split("\n").length}:${at - before.lastIndexOf("\n")}): `;
  }

  #reject(field: string, kind: string, value: unknown): Error {
    const shown = this.#secrets.has(field) ? REDACTED : JSON.stringify(value);
    return invalid(`proto: ${this.#where(field)}invalid value for ${kind} field ${toCamel(field)}: ${shown}`);
  }

  message(schema: Schema, input: unknown, field: string): Json {
    if (typeof input !== "object" || input === null || Array.isArray(input))
      throw this.#reject(field, "message", input);
    const result: Json = {};
    for (const [key, value] of Object.entries(input)) {
      const name = toCamel(key);
      const inner = Object.hasOwn(schema.shape!, name) ? schema.shape![name] : undefined;
      if (!inner) throw invalid(`proto: ${this.#where(key)}unknown field "${key}"`);
      if (unwrap(inner).meta()?.["x-secret"]) this.#secrets.add(key);
      if (value === null || inner.meta()?.["readOnly"]) continue;
      result[name] = this.value(inner, value, key);
    }
    return result;
  }

  value(wrapped: Schema, input: unknown, field: string): unknown {
    const schema = unwrap(wrapped);
    switch (schema.def.type) {
      case "object":
        return this.message(schema, input, field);
      case "array":
        if (!Array.isArray(input)) throw this.#reject(field, "repeated", input);
        return input.map((item) => this.value(schema.def.element!, item, field));
      case "record":
        if (typeof input !== "object" || input === null || Array.isArray(input))
          throw this.#reject(field, "map", input);
        return Object.fromEntries(
          Object.entries(input).map(([key, item]) => [key, this.value(schema.def.valueType!, item, field)]),
        );
      case "enum":
        return this.#enumeration(schema, input, field);
      case "number":
        return this.#number(schema, input, field);
      case "boolean":
        if (typeof input !== "boolean") throw this.#reject(field, "bool", input);
        return input;
      default:
        return this.#text(schema, input, field);
    }
  }

  #enumeration(schema: Schema, input: unknown, field: string): unknown {
    const names = Object.values(schema.def.entries!);
    const name = typeof input === "number" ? names[input] : input;
    if (typeof name !== "string" || !names.includes(name)) throw this.#reject(field, "enum", input);
    return name;
  }

  #number(schema: Schema, input: unknown, field: string): number {
    const kind = schema.format ? "int32" : "double";
    const number = typeof input === "string" && /^-?\d+(\.\d+)?$/.test(input) ? Number(input) : input;
    if (typeof number !== "number" || !Number.isFinite(number)) throw this.#reject(field, kind, input);
    if (kind === "int32" && (!Number.isInteger(number) || number < -INT32 || number >= INT32))
      throw this.#reject(field, kind, input);
    return number;
  }

  #text(schema: Schema, input: unknown, field: string): string {
    const format = schema.meta()?.["format"] as string | undefined;
    if (format === "int64" && Number.isSafeInteger(input)) return String(input);
    if (typeof input !== "string")
      throw this.#reject(field, format === "duration" ? "google.protobuf.Duration" : "string", input);
    if (format === "duration" && parseDuration(input) === undefined)
      throw this.#reject(field, "google.protobuf.Duration", input);
    if (format === "date-time" && parseTimestamp(input) === undefined)
      throw this.#reject(field, "google.protobuf.Timestamp", input);
    if (format === "int64" && !/^-?\d+$/.test(input)) throw this.#reject(field, "int64", input);
    return input;
  }
}

/**
 * Reads a request body against a resource's schema; output-only fields are dropped.
 * @param source the raw text, for positions in error texts
 * @throws ApiError INVALID_ARGUMENT for unknown fields and wrong types
 */
export function decodeProto(schema: z.ZodObject, input: unknown, source = ""): Json {
  return new Decoder(source).message(schema as unknown as Schema, input, "body");
}

/** The value of a field that was never set: `""`, 0, false, [], {}, null, or an enum's first name. */
export function zeroValue(wrapped: z.ZodType): unknown {
  const schema = wrapped as Schema;
  switch (schema.def.type) {
    case "nullable":
      return null;
    case "object":
      return Object.fromEntries(Object.entries(schema.shape!).map(([key, inner]) => [key, zeroValue(inner)]));
    case "array":
      return [];
    case "record":
      return {};
    case "enum":
      return Object.values(schema.def.entries!)[0];
    case "number":
      return 0;
    case "boolean":
      return false;
    default:
      return "";
  }
}
