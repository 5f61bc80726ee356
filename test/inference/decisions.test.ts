import { describe, expect, test } from "vitest";
import { confidence } from "../../src/core/generation/decide.ts";
import { decisionsResponse, systemOneResponse } from "../../src/schema/decision.ts";
import { fresh, SERVERLESS } from "../support/api.ts";

const MODEL = "accounts/fireworks/models/system-one";
const state = "The customer writes: my parcel is late and I want a refund now. I am very angry.";

const questions = {
  refund: { type: "noul", instructions: "The customer wants a refund" },
  calm: { type: "noul", instructions: "mood", criteria: { true: "calm and happy", false: "angry" } },
  topic: { type: "choice", instructions: "What is it about?", criteria: { parcel: "a late parcel", invoice: null } },
  anger: { type: "score", instructions: "How angry?", criteria: ["not at all", "a little", "very angry"] },
};

describe("System One", () => {
  test("answers by what the state says, the same each time, in probabilities that sum to one", async () => {
    const { call } = await fresh();
    const { status, body, headers } = await call("POST", "/inference/v1/systemone", { model: MODEL, state, questions });
    expect(status).toBe(200);
    systemOneResponse.parse(body);
    const { refund, calm, topic, anger } = body.answers;
    expect(refund.noul).toBeGreaterThan(0.7);
    expect(calm.noul).toBeLessThan(0.3);
    expect(topic.choice).toBe("parcel");
    expect(topic.probabilities.parcel).toBeGreaterThan(topic.probabilities.invoice);
    expect(anger.score).toBeGreaterThan(1.2);
    for (const { probabilities } of [topic, anger])
      expect(Object.values<number>(probabilities).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 4);
    expect(Object.keys(anger.probabilities)).toEqual(["0", "1", "2"]);
    expect(body.usage).toMatchObject({ output_tokens: 4, cached_input_tokens: 0 });
    expect(headers.get("fireworks-server-processing-time")).toMatch(/^\d+\.\d{3}$/);
    expect((await call("POST", "/v1/systemone", { model: MODEL, state, questions })).body).toEqual(body);
  });

  test("confidence: 1 with all on one, 0 with the same on each", () => {
    expect(confidence([1, 0, 0])).toBe(1);
    expect(confidence([0.25, 0.25, 0.25, 0.25])).toBe(0);
    expect(confidence([0.9, 0.1])).toBeGreaterThan(confidence([0.6, 0.4]));
  });

  test.each<[object, string]>([
    [{ model: SERVERLESS }, `Model ${SERVERLESS} does not support System One`],
    [{ questions: {} }, "questions must have 1 to 256 entries: {}"],
    [
      { questions: { a: { type: "choice", instructions: "x", criteria: { one: null } } } },
      "must have 2 to 208 entries",
    ],
    [
      { questions: { a: { type: "score", instructions: "x", criteria: Array(11).fill("l") } } },
      "must have 2 to 10 entries",
    ],
    [{ questions: { a: { type: "essay", instructions: "x" } } }, "field: 'questions.a.type'"],
  ])("refuses %j", async (more, message) => {
    const { call } = await fresh();
    const { status, body } = await call("POST", "/v1/systemone", { model: MODEL, state, questions, ...more });
    expect(status).toBe(400);
    expect(body.error.message).toContain(message);
  });
});

describe("Decisions", () => {
  const asked = [
    { type: "predicate", instructions: "The customer wants a refund", name: "refund" },
    { type: "choice", instructions: "Angry?", choices: [{ value: true, description: "angry" }, { value: false }] },
    { type: "score", instructions: "How angry?", levels: [{ label: "calm" }, { label: "very angry" }] },
  ];

  test("answers in the order of the questions", async () => {
    const { call } = await fresh();
    const input = [{ role: "user", content: [{ type: "input_text", text: state }] }];
    const { status, body } = await call("POST", "/inference/v1/decisions", { model: MODEL, input, questions: asked });
    expect(status).toBe(200);
    decisionsResponse.parse(body);
    expect(body.answers).toMatchObject([
      { type: "predicate", name: "refund" },
      { type: "choice", name: null, choice: true },
      {
        type: "score",
        name: null,
        probabilities: [
          { label: "calm", value: 0 },
          { label: "very angry", value: 1 },
        ],
      },
    ]);
    expect(body.usage.total_tokens).toBe(body.usage.input_tokens + 3);
  });

  test("reads text alone; a script can answer", async () => {
    const { call, emulator } = await fresh();
    const input = [{ role: "user", content: [{ type: "input_image", image_url: "x" }] }];
    const refused = await call("POST", "/v1/decisions", { model: MODEL, input, questions: asked });
    expect([refused.status, refused.body.error.message]).toEqual([
      400,
      "Only text is supported, field: 'input.content.type', value: input_image",
    ]);
    await emulator.scripts.create({ match: { endpoint: "decisions" }, respond: { body: { answers: [] } } });
    expect((await call("POST", "/v1/decisions", { model: MODEL, input: state, questions: asked })).body).toEqual({
      answers: [],
    });
  });
});
