import fc from "fast-check";

const schemaLike = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.dictionary(
    fc.constantFrom(
      "type",
      "properties",
      "items",
      "anyOf",
      "allOf",
      "$ref",
      "enum",
      "required",
      "minItems",
      "pattern",
      "minimum",
    ),
    fc.oneof(
      fc.constantFrom("object", "array", "string", "integer", "#", "#/properties/a", "^(a+)+$", 3, 1e9, [], ["a"]),
      fc.dictionary(fc.constantFrom("a", "type", "$ref"), fc.constantFrom<unknown>("object", "#", { $ref: "#" }, true)),
      fc.array(fc.constantFrom<unknown>({ $ref: "#" }, { type: "null" }, { type: "array", items: { $ref: "#" } }), {
        maxLength: 3,
      }),
    ),
  ),
);

/** Values that some field somewhere means something by. */
const meant = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    1,
    2,
    5,
    30,
    -1,
    1.5,
    1e300,
    "",
    "x",
    "none",
    "auto",
    "required",
    "high",
    [],
    {},
  ),
  fc.constantFrom<unknown>(
    ["\n"],
    ["a", "b"],
    [1, 2],
    [[1], [2]],
    { type: "enabled", budget_tokens: 2048 },
    { include_usage: true },
  ),
  schemaLike.map((schema) => ({ type: "json_schema", json_schema: schema })),
  fc.string().map((grammar) => ({ type: "grammar", grammar: `root ::= ${grammar}` })),
  schemaLike.map((parameters) => [{ type: "function", function: { name: "f", parameters } }]),
  fc.string({ unit: "binary" }).map((content) => [{ role: "user", content }]),
);

/**
 * Bodies of a request: valid and broken values under its own names and some others.
 * @param start what every body has, unless it is drawn anew
 */
export const bodies = (fields: string[], start: object) =>
  fc
    .dictionary(fc.constantFrom(...fields, "nonsense", "guided_json"), meant, { maxKeys: 6 })
    .map((more) => ({ ...start, ...more }));
