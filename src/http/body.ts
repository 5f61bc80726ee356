import type { Context } from "hono";
import type { z } from "zod";
import { ApiError, invalid } from "../core/error.ts";
import { parseJson } from "../core/json.ts";
import type { Json } from "../core/list/field.ts";
import { toSnake } from "../core/name.ts";
import { redactText } from "../core/redaction/redact.ts";
import { decodeProto } from "../core/proto-json.ts";
import { limits } from "../engine/config.ts";
import { parseFields } from "./fields.ts";
import { headerOf, wireOf } from "./header.ts";
import { Place } from "./intake.ts";

/** A body over the limit is read on and dropped up to here, so that its client hears the answer. */
const DRAIN_MAX_BYTES = 256_000_000;

/** The client has gone before its body was whole: nobody hears what is answered. */
export class GoneError extends Error {}

/**
 * The body as text, when there is room to answer it.
 * @throws ApiError PAYLOAD_TOO_LARGE; GoneError
 */
export async function readText(context: Context, maxBytes: number): Promise<string> {
  const declared = Number(headerOf(context, "content-length") ?? NaN);
  try {
    // a length that was not said is not small
    if (!(declared <= Math.min(limits.bodyLarge, maxBytes))) return await readLarge(context, declared, maxBytes);
    const text = await context.req.text();
    const room = wireOf(context).backlog?.admit();
    if (room) await room;
    return text;
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new GoneError("the client has gone", { cause: error });
  }
}

/** A body that may be large waits for room before it is read, and keeps its place until it can be answered. */
async function readLarge(context: Context, declared: number, maxBytes: number): Promise<string> {
  const place = new Place(wireOf(context));
  const signal = (): AbortSignal => context.req.raw.signal;
  try {
    if (declared <= maxBytes) await place.take(declared, signal);
    const text = declared <= maxBytes ? await context.req.text() : await readOn(context, maxBytes, place, signal);
    await wireOf(context).backlog?.admit();
    return text;
  } finally {
    place.leave();
  }
}

/** A body whose length is not known, or too large. */
async function readOn(context: Context, maxBytes: number, place: Place, signal: () => AbortSignal): Promise<string> {
  const stream = context.req.raw.body as unknown as AsyncIterable<Uint8Array> | null;
  if (!stream) return "";
  let chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > DRAIN_MAX_BYTES) break;
    // how long it gets is not known: as long as it may
    if (size > limits.bodyLarge && size <= maxBytes) await place.take(maxBytes, signal);
    if (size > maxBytes) chunks = [];
    else chunks.push(chunk);
  }
  if (size > maxBytes) throw new ApiError("PAYLOAD_TOO_LARGE", `Request body is larger than ${maxBytes} bytes`);
  return Buffer.concat(chunks).toString("utf8");
}

/** A control-plane body: protobuf JSON (control-plane §10.3). Nothing counts as `{}`. */
export function decodeControlBody(schema: z.ZodObject, text: string): Json {
  if (text.trim() === "") return {};
  let input: unknown;
  try {
    input = parseJson(text);
  } catch (error) {
    throw invalid(`proto: syntax error: ${(error as Error).message}`);
  }
  return decodeProto(schema, input, text);
}

function pathOf(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => (typeof part === "number" ? `[${part}]` : `${index > 0 ? "." : ""}${String(part)}`))
    .join("");
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const part of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[part];
  return value;
}

const VALUE_MAX = 200;
const show = (value: unknown): string =>
  // before it is cut: half a key would not be known for one
  redactText(typeof value === "string" ? value : (JSON.stringify(value) ?? ""), []).slice(0, VALUE_MAX);

type Issue = z.core.$ZodIssue;

/** Of a union's failures, the one that went furthest: it belongs to the form that was meant. */
function furthest(issue: Issue): Issue {
  if (issue.code !== "invalid_union") return issue;
  const isTelling = (first: Issue | undefined): first is Issue =>
    first !== undefined && (first.code === "custom" || first.code === "unrecognized_keys" || first.path.length > 0);
  const best = issue.errors.map((errors) => errors[0]).find(isTelling);
  return best ? furthest({ ...best, path: [...issue.path, ...best.path] }) : issue;
}

/** The model server's texts for bad input (inference §7.2). */
function describe(issue: Issue, input: unknown): string {
  const field = pathOf(issue.path);
  const value = valueAt(input, issue.path);
  if (issue.code === "unrecognized_keys") {
    const key = [...issue.path, issue.keys[0]!];
    return `Extra inputs are not permitted, field: '${pathOf(key)}', value: ${show(valueAt(input, key))}`;
  }
  if (issue.code === "custom") return `${field} ${issue.message}: ${show(value)}`;
  if (value === undefined) return `Field required, field: '${field}'`;
  const expected: Partial<Record<Issue["code"], (issue: never) => string>> = {
    invalid_type: (typed: { expected: string }) => `Input should be a valid ${typed.expected}`,
    invalid_value: (valued: { values: unknown[] }) =>
      `Input should be ${valued.values.map((item) => `'${String(item)}'`).join(" or ")}`,
    too_big: (sized: { maximum: number }) => `Input should have at most ${sized.maximum} items`,
    too_small: (sized: { minimum: number }) => `Input should have at least ${sized.minimum} item`,
  };
  const text = (expected[issue.code] as ((issue: Issue) => string) | undefined)?.(issue) ?? "Input is not valid";
  return `${text}, field: '${field}', value: ${show(value)}`;
}

/**
 * An inference body, checked against its closed schema.
 * @param translate from fields of other servers to the service's own
 * @throws ApiError invalid_request_error in the model server's words
 */
export function decodeInferenceBody<T extends z.ZodObject>(
  schema: T,
  text: string,
  translate: (input: unknown) => unknown = (input) => input,
): z.infer<T> {
  let input: unknown;
  try {
    input = translate(parseJson(text));
  } catch (error) {
    throw new ApiError("invalid_request_error", `Invalid JSON: ${(error as Error).message}`);
  }
  const parsed = parseFields(schema, input);
  if (parsed) return parsed;
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  if (typeof input !== "object" || input === null || Array.isArray(input))
    throw new ApiError("invalid_request_error", "Input should be a valid object");
  throw new ApiError("invalid_request_error", describe(furthest(result.error.issues[0]!), input));
}

/** A body of the emulator's own API; the text names the field. */
export function decodeOwnBody<T extends z.ZodType>(schema: T, text: string): z.infer<T> {
  let input: unknown;
  try {
    input = text.trim() === "" ? {} : parseJson(text);
  } catch (error) {
    throw invalid(`malformed JSON: ${(error as Error).message}`);
  }
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw invalid(`${pathOf(issue.path) || "body"}: ${issue.message}`);
}

const isNumber = (schema: z.ZodType): boolean => {
  const { def } = schema as unknown as { def: { type: string; innerType?: z.ZodType } };
  return def.innerType ? isNumber(def.innerType) : def.type === "number";
};

/** Query parameters in camel or snake case; unknown ones are ignored, as the gateway does (control-plane §1.1). */
export function decodeQuery(schema: z.ZodObject | undefined, context: Context): Record<string, unknown> {
  if (!schema) return {};
  const sent: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(schema.shape) as [string, z.ZodType][]) {
    const text = context.req.query(key) ?? context.req.query(toSnake(key));
    if (text === undefined || (text === "" && isNumber(inner))) continue;
    sent[key] = isNumber(inner) ? Number(text) : text;
    if (Number.isNaN(sent[key])) {
      throw invalid(`type mismatch, parameter: ${key}, error: strconv.ParseInt: parsing "${text}": invalid syntax`);
    }
  }
  const result = schema.safeParse(sent);
  if (result.success) return result.data;
  const key = String(result.error.issues[0]!.path[0]);
  throw invalid(`type mismatch, parameter: ${key}, error: ${result.error.issues[0]!.message}`);
}
