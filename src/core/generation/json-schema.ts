import { ApiError } from "../error.ts";

/** A JSON Schema as clients send it: any object, or a boolean. */
export type Schema = Readonly<Record<string, unknown>> | boolean;
export type Node = Record<string, unknown>;

/** References followed one after the other without meeting anything else (ours). */
const REFERENCES_MAX = 50;
/** Alternatives of one schema, those of alternatives included (ours). */
const ALTERNATIVES_MAX = 200;
/** Looks at parts of a schema before it is refused (ours). */
const LOOKS_MAX = 50_000;
/** Values inside values; a schema that needs more has no finite value (ours). */
export const DEPTH_MAX = 24;

const refuse = (reason: string): ApiError => new ApiError("invalid_request_error", `Invalid schema: ${reason}`);

const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null && !Array.isArray(value);
const listOf = (value: unknown): Schema[] => (Array.isArray(value) ? (value as Schema[]) : []);

/** What a JSON pointer leads to. @throws ApiError */
function follow(root: Schema, reference: string): Schema {
  if (!reference.startsWith("#"))
    throw refuse(`cannot resolve ${reference}: only references inside the schema are known`);
  let value: unknown = root;
  for (const part of reference.slice(1).split("/").slice(1)) {
    let key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    try {
      key = decodeURIComponent(key);
    } catch {
      // a percent sign of its own
    }
    value = typeof value === "object" && value !== null && Object.hasOwn(value, key) ? (value as Node)[key] : undefined;
  }
  if (typeof value !== "boolean" && !isNode(value)) throw refuse(`cannot resolve ${reference}`);
  return value;
}

const tightest: Record<string, (left: number, right: number) => number> = {
  minimum: Math.max,
  exclusiveMinimum: Math.max,
  minLength: Math.max,
  minItems: Math.max,
  minProperties: Math.max,
  maximum: Math.min,
  exclusiveMaximum: Math.min,
  maxLength: Math.min,
  maxItems: Math.min,
  maxProperties: Math.min,
};

/** Both schemas at once, as far as that can be written as one. */
function merge(left: Node, right: Node): Node {
  const merged: Node = { ...left, ...right };
  for (const key of Object.keys(left)) {
    const [one, other] = [left[key], right[key]];
    if (other === undefined) continue;
    if (key === "properties" && isNode(one) && isNode(other)) merged[key] = mergeEach(one, other);
    else if (key === "required") merged[key] = [...new Set([...listOf(one), ...listOf(other)])];
    else if (key === "enum") merged[key] = listOf(one).filter((item) => listOf(other).includes(item));
    else if (typeof one === "number" && typeof other === "number" && Object.hasOwn(tightest, key))
      merged[key] = tightest[key]!(one, other);
    else if (key === "type") merged[key] = commonType(one, other);
    else if (key === "additionalProperties" && (one === false || other === false)) merged[key] = false;
  }
  return merged;
}

function mergeEach(left: Node, right: Node): Node {
  // properties may be named as what every object has
  const merged = new Map(Object.entries(left));
  for (const [key, value] of Object.entries(right)) {
    const known = merged.get(key);
    merged.set(key, isNode(known) && isNode(value) ? merge(known, value) : value);
  }
  return Object.fromEntries(merged);
}

function commonType(left: unknown, right: unknown): unknown {
  const [ones, others] = [toTypes(left), toTypes(right)];
  const both = ones.filter((type) => others.includes(type));
  if (both.length > 0) return both.length === 1 ? both[0] : both;
  return ones.includes("number") && others.includes("integer") ? "integer" : left;
}

const toTypes = (type: unknown): string[] =>
  typeof type === "string" ? [type] : Array.isArray(type) ? type.filter((item) => typeof item === "string") : [];

/** A schema with its references and `allOf` worked in; alternatives stay. */
export function open(root: Schema, schema: Schema, depth = 0): Node | false {
  if (schema === false) return false;
  if (!isNode(schema)) return {};
  if (depth > REFERENCES_MAX) throw refuse("its references never end");
  let node: Node = schema;
  if (typeof node["$ref"] === "string") {
    const { $ref, ...rest } = node;
    const target = open(root, follow(root, $ref as string), depth + 1);
    if (target === false) return false;
    node = merge(target, rest);
  }
  if (Array.isArray(node["allOf"])) {
    const { allOf, ...rest } = node;
    let whole: Node = rest;
    for (const part of listOf(allOf)) {
      const opened = open(root, part, depth + 1);
      if (opened === false) return false;
      whole = merge(whole, opened);
    }
    node = whole;
  }
  return node;
}

/** The alternatives of a schema, each with what stands beside them; one when there are none. */
export function alternatives(root: Schema, node: Node, budget = { left: ALTERNATIVES_MAX }): Node[] {
  const { anyOf, oneOf, ...rest } = node;
  const lists = [anyOf, oneOf].filter((list) => Array.isArray(list) && list.length > 0);
  let found: Node[] = [rest];
  for (const list of lists) {
    const options = listOf(list)
      .map((option) => open(root, option))
      .filter((option) => option !== false);
    found = found.flatMap((base) => options.map((option) => merge(base, option))).slice(0, ALTERNATIVES_MAX);
  }
  budget.left -= found.length;
  if (budget.left < 0) throw refuse("it has too many alternatives");
  // an alternative may have alternatives of its own
  return found.flatMap((option) =>
    option["anyOf"] || option["oneOf"] ? alternatives(root, option, budget) : [option],
  );
}

/** The type that a schema without one means by its other keywords. */
export function typesOf(node: Node): string[] {
  const given = toTypes(node["type"]);
  if (given.length > 0) return given;
  const has = (...keys: string[]): boolean => keys.some((key) => node[key] !== undefined);
  if (has("properties", "required", "additionalProperties", "minProperties", "patternProperties")) return ["object"];
  if (has("items", "prefixItems", "minItems", "maxItems", "contains", "uniqueItems")) return ["array"];
  if (has("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")) return ["number"];
  return ["string"];
}

export const propertiesOf = (node: Node): [string, Schema][] =>
  isNode(node["properties"]) ? (Object.entries(node["properties"]) as [string, Schema][]) : [];

export const requiredOf = (node: Node): string[] => listOf(node["required"]).filter((name) => typeof name === "string");

/** How deep a value of each schema has to go, at the least; remembered per schema and depth. */
export class Fits {
  readonly #root: Schema;
  readonly #known = new Map<unknown, Map<number, boolean>>();
  #looks = 0;

  constructor(root: Schema) {
    this.#root = root;
  }

  /** Whether a value of the schema can be written with at most `depth` values inside one another. */
  fits(schema: Schema, depth: number): boolean {
    if (depth < 0) return false;
    let byDepth = this.#known.get(schema);
    if (!byDepth) this.#known.set(schema, (byDepth = new Map()));
    let answer = byDepth.get(depth);
    if (answer === undefined) {
      this.#looks += 1;
      if (this.#looks > LOOKS_MAX) throw refuse("it is too large");
      answer = this.#find(schema, depth);
      byDepth.set(depth, answer);
    }
    return answer;
  }

  #find(schema: Schema, depth: number): boolean {
    const node = open(this.#root, schema);
    if (node === false) return false;
    return alternatives(this.#root, node).some((option) => this.#fitsOne(option, depth));
  }

  #fitsOne(node: Node, depth: number): boolean {
    if (node["enum"] !== undefined || node["const"] !== undefined) return true;
    const types = typesOf(node);
    if (types.some((type) => type !== "object" && type !== "array")) return true;
    if (types.includes("array")) {
      const least = typeof node["minItems"] === "number" ? node["minItems"] : 0;
      if (least === 0 && node["contains"] === undefined) return true;
      if (this.fits((node["items"] ?? true) as Schema, depth - 1)) return true;
    }
    if (!types.includes("object")) return false;
    const properties = new Map(propertiesOf(node));
    return requiredOf(node).every((name) => this.fits(properties.get(name) ?? true, depth - 1));
  }
}
