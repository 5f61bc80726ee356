import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeInferenceBody } from "../../src/http/body.ts";
import { parseFields } from "../../src/http/fields.ts";
import { chatRequest } from "../../src/schema/chat.ts";
import { completionRequest } from "../../src/schema/completion.ts";
import { messageRequest } from "../../src/schema/message.ts";
import { responseRequest } from "../../src/schema/response.ts";
import { bodies } from "../support/bodies.ts";

const RUNS = Number(process.env["SEEDS"] ?? 100) * 5;
const start = { model: "m", prompt: "a", input: "a", max_tokens: 1, messages: [{ role: "user", content: "a" }] };

describe("checked field by field a body is what its schema makes of it, in the same order", () => {
  test.each([
    ["chat", chatRequest],
    ["completions", completionRequest],
    ["messages", messageRequest],
    ["responses", responseRequest],
  ] as const)("%s", (_, schema) => {
    const names = Object.keys(schema.shape);
    const own = Object.fromEntries(Object.entries(start).filter(([name]) => names.includes(name)));
    let taken = 0;
    fc.assert(
      fc.property(bodies(names, own), fc.infiniteStream(fc.nat(20)), (body, places) => {
        const shuffled = Object.entries(body)
          .map((field) => ({ field, place: places.next().value! }))
          .sort((left, right) => left.place - right.place);
        const sent = JSON.parse(JSON.stringify(Object.fromEntries(shuffled.map(({ field }) => field)))) as object;
        const expected = schema.safeParse(sent);
        const parsed = parseFields(schema, sent);
        if (parsed) taken += 1;
        // what an open schema lets through besides is left to it
        const isOwn = Object.keys(sent).every((name) => names.includes(name));
        const text = expected.success && isOwn ? JSON.stringify(expected.data) : undefined;
        expect(parsed && JSON.stringify(parsed)).toBe(text);
      }),
      { numRuns: RUNS },
    );
    expect(taken).toBeGreaterThan(RUNS / 20);
  });

  test("what is missing, unknown or no object is left to the schema", () => {
    for (const body of [{}, { model: "m" }, { ...start, odd: 1 }, [], null, "x", { ["__proto__"]: 1 }])
      expect(parseFields(chatRequest, body)).toBeUndefined();
    expect(() => decodeInferenceBody(chatRequest, '{"model":"m"}')).toThrow("Field required, field: 'messages'");
  });
});
