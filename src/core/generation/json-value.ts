import { ApiError } from "../error.ts";
import type { Node, Schema } from "./json-schema.ts";
import { alternatives, DEPTH_MAX, Fits, open, propertiesOf, requiredOf, typesOf } from "./json-schema.ts";
import { sayPattern } from "./pattern.ts";
import type { Source } from "./plausible.ts";
import { plausibleRange, plausibleString, sentence } from "./plausible.ts";

/** Optional properties and longer lists are written down to here (ours). */
const GENEROUS_DEPTH = 3;
/** Items of a list that may have any number (ours). */
const ITEMS_USUAL = 2;
const ITEMS_MAX = 1000;
const LENGTH_MAX = 100_000;
/** Attempts at something that has to differ from what is there, or to fit two rules at once. */
const TRIES = 30;
/** Values of one answer before only what is required is written (ours). */
const VALUES_SOFT = 300;
const VALUES_MAX = 20_000;

const numberOf = (value: unknown, otherwise: number): number => (typeof value === "number" ? value : otherwise);
const refuse = (reason: string): ApiError => new ApiError("invalid_request_error", `Invalid schema: ${reason}`);

/** Writes one value of a schema. */
class Writer {
  readonly #root: Schema;
  readonly #source: Source;
  readonly #fits: Fits;
  #values = 0;

  constructor(root: Schema, source: Source) {
    this.#root = root;
    this.#source = source;
    this.#fits = new Fits(root);
  }

  /** @param name of the property that it is for @param depth how many values it may still hold inside one another */
  write(schema: Schema, name: string, depth: number): unknown {
    this.#values += 1;
    if (this.#values > VALUES_MAX) throw refuse(`its values have more than ${VALUES_MAX} parts`);
    const node = open(this.#root, schema);
    const options =
      node === false ? [] : alternatives(this.#root, node).filter((option) => this.#isWritable(option, depth));
    if (options.length === 0) throw refuse(`nothing is valid for ${name === "" ? "it" : JSON.stringify(name)}`);
    // late in the day the plainest will do
    const chosen = this.#isGenerous(depth) ? this.#source.random.pick(options) : this.#shallowest(options, depth);
    return this.#writeOne(chosen, name, depth);
  }

  #isWritable(node: Node, depth: number): boolean {
    if (Array.isArray(node["enum"]) && node["enum"].length === 0) return false;
    return this.#fits.fits(node, depth);
  }

  #shallowest(options: Node[], depth: number): Node {
    for (let least = 0; least <= depth; least += 1) {
      const found = options.find((option) => this.#fits.fits(option, least));
      if (found) return found;
    }
    return options[0]!;
  }

  #isGenerous(depth: number): boolean {
    return depth > DEPTH_MAX - GENEROUS_DEPTH && this.#values < VALUES_SOFT;
  }

  #writeOne(node: Node, name: string, depth: number): unknown {
    if (node["const"] !== undefined) return node["const"];
    if (Array.isArray(node["enum"])) return this.#source.random.pick(node["enum"]);
    const types = typesOf(node).filter((type) => this.#fits.fits({ ...node, type }, depth));
    const type = types.find((each) => each !== "null") ?? "null";
    switch (type) {
      case "object":
        return this.#object(node, depth);
      case "array":
        return this.#array(node, name, depth);
      case "integer":
      case "number":
        return this.#number(node, name, type === "integer");
      case "boolean":
        return this.#source.random.chance(0.5);
      case "null":
        return null;
      default:
        return this.#string(node, name);
    }
  }

  #object(node: Node, depth: number): object {
    const required = requiredOf(node);
    const declared = propertiesOf(node);
    const entries: [string, unknown][] = [];
    for (const [name, schema] of declared) {
      const wanted = required.includes(name) || (this.#isGenerous(depth) && this.#fits.fits(schema, depth - 1));
      if (wanted) entries.push([name, this.write(schema, name, depth - 1)]);
    }
    const others = this.#otherSchema(node);
    for (const name of required)
      if (!declared.some(([known]) => known === name))
        entries.push([name, this.write(others(name) ?? true, name, depth - 1)]);
    const free = declared.length === 0 && typeof node["additionalProperties"] === "object" && this.#isGenerous(depth);
    const least = Math.max(numberOf(node["minProperties"], 0), free ? ITEMS_USUAL : 0);
    const words = [
      ...this.#source.reading.topics,
      ...Array.from({ length: Math.min(least, ITEMS_MAX) }, (_, at) => `item${at + 1}`),
    ];
    for (const word of words) {
      if (entries.length >= least) break;
      const schema = others(word);
      if (schema !== undefined && !entries.some(([name]) => name === word))
        entries.push([word, this.write(schema, word, depth - 1)]);
    }
    // a property named __proto__ is a property like any other
    return Object.fromEntries(entries);
  }

  /** The schema of properties that are not declared; undefined where they are forbidden. */
  #otherSchema(node: Node): (name: string) => Schema | undefined {
    const additional = node["additionalProperties"] as Schema | undefined;
    return () => (additional === false ? undefined : (additional ?? true));
  }

  #array(node: Node, name: string, depth: number): unknown[] {
    const { random } = this.#source;
    const leading = Array.isArray(node["prefixItems"]) ? (node["prefixItems"] as Schema[]) : [];
    const items = (node["items"] ?? true) as Schema;
    const min = Math.max(numberOf(node["minItems"], 0), node["contains"] === undefined ? 0 : 1);
    const usual =
      this.#isGenerous(depth) && this.#fits.fits(items, depth - 1)
        ? Math.max(1 + random.below(ITEMS_USUAL), leading.length)
        : 0;
    const count = Math.min(
      Math.max(usual, min),
      numberOf(node["maxItems"], Infinity),
      items === false ? leading.length : Infinity,
    );
    if (count > ITEMS_MAX || count < min) throw refuse(`a list of ${min} items cannot be written`);
    const values: unknown[] = [];
    const singular = name.replace(/s$/, "");
    for (let at = 0; at < count; at += 1) {
      const schema = leading[at] ?? (at === 0 && node["contains"] !== undefined ? (node["contains"] as Schema) : items);
      let value = this.write(schema, singular, depth - 1);
      for (let tries = 0; node["uniqueItems"] === true && tries < TRIES && includes(values, value); tries += 1)
        value = this.write(schema, tries < TRIES / 2 ? singular : `${singular}${at}${tries}`, depth - 1);
      if (node["uniqueItems"] === true && includes(values, value)) {
        if (values.length >= min) break;
        throw refuse("a list cannot have that many different items");
      }
      values.push(value);
    }
    return values;
  }

  #number(node: Node, name: string, isInteger: boolean): number {
    const { random } = this.#source;
    const [usualLow, usualHigh] = plausibleRange(name);
    const exclusive = isInteger ? 1 : 1e-6;
    const given = {
      low: Math.max(numberOf(node["minimum"], -Infinity), numberOf(node["exclusiveMinimum"], -Infinity) + exclusive),
      high: Math.min(numberOf(node["maximum"], Infinity), numberOf(node["exclusiveMaximum"], Infinity) - exclusive),
    };
    let [low, high] = [Math.max(given.low, usualLow), Math.min(given.high, usualHigh)];
    if (low > high)
      [low, high] =
        given.low > usualHigh
          ? [given.low, Math.min(given.high, given.low + 10)]
          : [Math.max(given.low, given.high - 10), given.high];
    const step = numberOf(node["multipleOf"], isInteger ? 1 : 0);
    if (step > 0) {
      const whole = isInteger && !Number.isInteger(step) ? 1 : step;
      const first = Math.ceil(low / whole);
      const last = Math.max(Math.floor(high / whole), Math.ceil(given.low / whole));
      const turns =
        first <= last ? first + random.below(Math.min(last - first, 1e6) + 1) : Math.ceil(given.low / whole);
      const value = Number((turns * whole).toPrecision(12));
      if (value < given.low || value > given.high || Number.isNaN(value))
        throw refuse(`no number is valid for ${JSON.stringify(name)}`);
      return value;
    }
    if (low > high) throw refuse(`no number is valid for ${JSON.stringify(name)}`);
    const value = low + random.unit() * (high - low);
    const rounded = Math.round(value * 100) / 100;
    return rounded >= low && rounded <= high ? rounded : value;
  }

  #string(node: Node, name: string): string {
    const { random, reading } = this.#source;
    const min = numberOf(node["minLength"], 0);
    const max = numberOf(node["maxLength"], Infinity);
    if (min > max || min > LENGTH_MAX) throw refuse(`no string is valid for ${JSON.stringify(name)}`);
    if (typeof node["pattern"] === "string") {
      for (let tries = 0; tries < TRIES; tries += 1) {
        const text = sayPattern(node["pattern"], random, reading.topics);
        if (text !== undefined && text.length >= min && text.length <= max) return text;
      }
    }
    const format = typeof node["format"] === "string" ? node["format"] : undefined;
    let text = plausibleString(name, format, this.#source);
    while (text.length < min) text += ` ${sentence(this.#source)}`;
    if (text.length > max) text = text.slice(0, max).trimEnd();
    return text.padEnd(min, ".");
  }
}

const includes = (values: unknown[], value: unknown): boolean => {
  const text = JSON.stringify(value);
  return values.some((each) => JSON.stringify(each) === text);
};

/** Any JSON, when no schema says which. */
const ANY_OBJECT: Schema = {
  type: "object",
  properties: {
    title: { type: "string" },
    summary: { type: "string" },
    items: { type: "array", items: { type: "string" } },
  },
};

/**
 * A value that is valid for the schema, the same for the same randomness; draft 2020-12 without `not`, `if`,
 * `unevaluated*`, `dependent*` and `propertyNames`, which are ignored.
 * @throws ApiError invalid_request_error when there is none, or the schema cannot be read
 */
export const writeValue = (schema: Schema | undefined, source: Source): unknown =>
  new Writer(schema ?? ANY_OBJECT, source).write(schema ?? ANY_OBJECT, "", DEPTH_MAX);
