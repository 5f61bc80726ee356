import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Schema } from "../../src/core/generation/json-schema.ts";
import { writeValue } from "../../src/core/generation/json-value.ts";
import { read } from "../../src/core/generation/reading.ts";
import { digest, Random } from "../../src/core/random.ts";
import { fresh, SERVERLESS } from "../support/api.ts";

const CHAT = "/v1/chat/completions";
const reading = read("Plan a trip from Lisbon to Oslo in May", []);
const source = (seed: number) => ({ random: new Random(digest("structured", seed)), reading });

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);

function expectValid(schema: Schema, value: unknown): void {
  const validate = ajv.compile(schema as object);
  if (!validate(value)) throw new Error(`${JSON.stringify(value)}: ${ajv.errorsText(validate.errors)}`);
}

/** Schemas such as people write, with bounds that can be met. */
const { schema: schemas } = fc.letrec<{ schema: Schema }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3 },
    fc.record({ type: fc.constant("boolean") }),
    fc.record({ enum: fc.array(fc.jsonValue({ maxDepth: 1 }), { minLength: 1, maxLength: 4 }) }),
    fc.record({ const: fc.jsonValue({ maxDepth: 1 }) }),
    fc
      .record({
        minimum: fc.integer({ min: -1000, max: 1000 }),
        span: fc.integer({ min: 0, max: 500 }),
        step: fc.constantFrom(undefined, 1, 5, 0.5),
      })
      .map(({ minimum, span, step }) => ({
        type: step === undefined || step === 0.5 ? "number" : "integer",
        minimum,
        maximum: minimum + span + 5,
        ...(step === undefined ? {} : { multipleOf: step }),
      })),
    fc
      .record({ minLength: fc.nat(12), more: fc.nat(30) })
      .map(({ minLength, more }) => ({ type: "string", minLength, maxLength: minLength + more })),
    fc.record({
      type: fc.constant("string"),
      format: fc.constantFrom(
        "date",
        "date-time",
        "time",
        "email",
        "uuid",
        "uri",
        "ipv4",
        "ipv6",
        "hostname",
        "duration",
      ),
    }),
    fc.record({
      type: fc.constant("string"),
      pattern: fc.constantFrom(
        "^[A-Z]{2}\\d{4}$",
        "^(red|green)-\\w+$",
        "^\\+?[0-9 ()-]{7,15}$",
        "^v\\d+\\.\\d+(\\.\\d+)?$",
        "^[^aeiou]{3}$",
      ),
    }),
    fc.record({ type: fc.constant(["null", "string"]) }),
    fc
      .record({ items: tie("schema"), minItems: fc.nat(3), more: fc.nat(3) })
      .map(({ items, minItems, more }) => ({ type: "array", items, minItems, maxItems: minItems + more })),
    fc.record({ anyOf: fc.array(tie("schema"), { minLength: 1, maxLength: 3 }) }),
    fc
      .dictionary(
        fc.constantFrom("name", "email", "city", "age", "id", "tags", "price", "constructor"),
        tie("schema"),
        {
          maxKeys: 5,
        },
      )
      .chain((properties) =>
        fc.record({
          type: fc.constant("object"),
          properties: fc.constant(properties),
          required: fc.subarray(Object.keys(properties)),
          additionalProperties: fc.constant(false),
        }),
      ),
  ) as fc.Arbitrary<Schema>,
}));

describe("JSON by schema", () => {
  test("a value is valid for its schema, whatever the schema", () => {
    fc.assert(
      fc.property(schemas, fc.nat(1000), (schema, seed) => expectValid(schema, writeValue(schema, source(seed)))),
      { numRuns: Number(process.env["SEEDS"] ?? 200) * 5 },
    );
  });

  test("references, recursion, allOf and nested alternatives are followed", () => {
    const node = {
      type: "object",
      properties: { value: { type: "integer" }, children: { type: "array", items: { $ref: "#/$defs/node" } } },
      required: ["value", "children"],
      additionalProperties: false,
    };
    const list = {
      anyOf: [{ type: "null" }, { type: "object", properties: { next: { $ref: "#/$defs/list" } }, required: ["next"] }],
    };
    const both = {
      allOf: [
        { type: "object", properties: { a: { type: "string" } }, required: ["a"] },
        { properties: { b: { $ref: "#/$defs/small" } }, required: ["b"] },
      ],
    };
    const $defs = { node, list, small: { type: "integer", minimum: 3, maximum: 4 } };
    for (const part of [
      { $ref: "#/$defs/node" },
      { $ref: "#/$defs/list" },
      both,
      { oneOf: [{ type: "integer" }, { type: "string" }] },
    ])
      for (let seed = 0; seed < 50; seed += 1) {
        const schema = { $defs, ...part };
        expectValid(schema, writeValue(schema, source(seed)));
      }
  });

  test.each([
    [{ $ref: "#/$defs/none" }, "Invalid schema: cannot resolve #/$defs/none"],
    [
      { $ref: "http://example.com/x" },
      "Invalid schema: cannot resolve http://example.com/x: only references inside the schema are known",
    ],
    [{ $ref: "#" }, "Invalid schema: its references never end"],
    [{ type: "object", properties: { x: { $ref: "#" } }, required: ["x"] }, "Invalid schema: nothing is valid for it"],
    [{ type: "integer", minimum: 5, maximum: 4 }, 'Invalid schema: no number is valid for ""'],
    [{ anyOf: [{ $ref: "#" }, { $ref: "#" }] }, "Invalid schema: it has too many alternatives"],
    [{ enum: [] }, "Invalid schema: nothing is valid for it"],
  ])("%j is refused", async (schema, message) => {
    const { call } = await fresh();
    const { status, body } = await call("POST", CHAT, {
      model: SERVERLESS,
      messages: [{ role: "user", content: "x" }],
      response_format: { type: "json_schema", json_schema: { name: "n", schema } },
    });
    expect([status, body.error.message]).toEqual([400, message]);
  });

  test("values look like what their names promise", () => {
    const names = ["email", "city", "age", "startDate", "website", "user_id", "isOpen"];
    const schema = {
      type: "object",
      properties: Object.fromEntries(
        names.map((name) => [name, { type: name === "age" ? "integer" : name === "isOpen" ? "boolean" : "string" }]),
      ),
    };
    const value = writeValue(schema, source(1)) as Record<string, string>;
    expect(value["email"]).toMatch(/^[a-z.]+@example\.com$/);
    expect(["Lisbon", "Oslo", "May"]).toContain(value["city"]);
    expect(Number(value["age"])).toBeGreaterThanOrEqual(18);
    expect(value["startDate"]).toMatch(/^2026-\d\d-\d\d$/);
    expect(value["website"]).toMatch(/^https:\/\/example\.com\//);
  });
});

describe("response_format", () => {
  const schema = {
    type: "object",
    properties: { city: { type: "string" }, days: { type: "integer" } },
    required: ["city", "days"],
    additionalProperties: false,
  };
  const forms = {
    wrapped: { type: "json_schema", json_schema: { name: "trip", schema, strict: true } },
    bare: { type: "json_schema", json_schema: schema },
    object: { type: "json_object", schema },
    text: { type: "json_schema", json_schema: JSON.stringify(schema) },
  };

  test.each(Object.entries(forms))("%s form, on chat and on completions", async (_, response_format) => {
    const { call } = await fresh();
    const chat = await call("POST", CHAT, {
      model: SERVERLESS,
      messages: [{ role: "user", content: "A trip to Oslo" }],
      response_format,
    });
    expectValid(schema, JSON.parse(chat.body.choices[0].message.content));
    const completion = await call("POST", "/v1/completions", { model: SERVERLESS, prompt: "A trip", response_format });
    expectValid(schema, JSON.parse(completion.body.choices[0].text));
  });

  test("max_tokens cuts it to a prefix that is no JSON, and says length; min_tokens pads it with whitespace", async () => {
    const { call } = await fresh();
    const ask = async (more: object) =>
      (
        await call("POST", CHAT, {
          model: SERVERLESS,
          messages: [{ role: "user", content: "x" }],
          response_format: forms.bare,
          ...more,
        })
      ).body;
    const whole = (await ask({})).choices[0].message.content as string;
    const cut = await ask({ max_tokens: 5 });
    expect(cut.choices[0].finish_reason).toBe("length");
    expect(cut.usage.completion_tokens).toBe(5);
    expect(whole.startsWith(cut.choices[0].message.content)).toBe(true);
    const padded = await ask({ max_tokens: 80, ignore_eos: true });
    expect(padded.usage.completion_tokens).toBe(80);
    expectValid(schema, JSON.parse(padded.choices[0].message.content));
  });

  test("json_object without a schema gives an object; grammar gives a text of it; a bad one is refused", async () => {
    const { call } = await fresh();
    const ask = (response_format: object) =>
      call("POST", CHAT, { model: SERVERLESS, messages: [{ role: "user", content: "x" }], response_format });
    expect(JSON.parse((await ask({ type: "json_object" })).body.choices[0].message.content)).toBeTypeOf("object");
    expect((await ask({ type: "grammar", grammar: 'root ::= "ab"+' })).body.choices[0].message.content).toMatch(
      /^(ab)+$/,
    );
    expect((await ask({ type: "grammar", grammar: "nonsense" })).body.error.message).toBe(
      "Invalid grammar: expected a rule, got nonsense",
    );
    expect((await ask({ type: "json_schema" })).body.error.message).toBe(
      "Field required, field: 'response_format.json_schema'",
    );
  });

  test("fields of vLLM and NIM are translated or dropped, and the client's own win", async () => {
    const { call } = await fresh();
    const ask = async (more: object) =>
      (
        await call("POST", CHAT, {
          model: "accounts/fireworks/models/qwen3-8b",
          messages: [{ role: "user", content: "x" }],
          ...more,
        })
      ).body.choices[0].message;
    expectValid(schema, JSON.parse((await ask({ guided_json: schema, best_of: 3, nvext: {} })).content));
    expect(["left", "right"]).toContain(JSON.parse((await ask({ guided_choice: ["left", "right"] })).content));
    expect(
      (
        await ask({
          guided_grammar: 'root ::= "own"',
          response_format: { type: "grammar", grammar: 'root ::= "mine"' },
        })
      ).content,
    ).toBe("mine");
    expect((await ask({})).reasoning_content).toBeTypeOf("string");
    expect((await ask({ chat_template_kwargs: { enable_thinking: false } })).reasoning_content).toBeUndefined();
    expect((await ask({ low_effort: true })).reasoning_content.length).toBeLessThan(
      (await ask({})).reasoning_content.length,
    );
  });
});
