import { z } from "zod";

/** POST /v1/systemone and /v1/decisions: typed questions about a state, answered in probabilities (inference §5.8). */

const OPTIONS_MAX = 208;
const LEVELS_MAX = 10;
const QUESTIONS_MAX = 256;
const DECISIONS_MAX = 400;

const sized = <T extends z.ZodType>(schema: T, count: (value: z.infer<T>) => number, low: number, high: number) =>
  schema.refine((value) => count(value) >= low && count(value) <= high, {
    error: `must have ${low} to ${high} entries`,
  });
const keys = (value: object): number => Object.keys(value).length;
const instructions = z.string();
const description = z.string().nullish();

const question = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("noul"),
    instructions,
    criteria: z.strictObject({ true: description, false: description }).nullish(),
  }),
  z.strictObject({
    type: z.literal("choice"),
    instructions,
    criteria: sized(z.record(z.string(), z.string().nullable()), keys, 2, OPTIONS_MAX),
  }),
  z.strictObject({
    type: z.literal("score"),
    instructions,
    criteria: sized(z.array(z.string()), ({ length }) => length, 2, LEVELS_MAX),
  }),
]);
export type SystemOneQuestion = z.infer<typeof question>;

export const systemOneRequest = z.strictObject({
  model: z.string(),
  state: z.union([z.string(), z.array(z.unknown()), z.record(z.string(), z.unknown())]),
  questions: sized(z.record(z.string(), question), keys, 1, QUESTIONS_MAX),
});

const chance = z.number().min(0).max(1);

export const systemOneResponse = z.object({
  model: z.string(),
  answers: z.record(
    z.string(),
    z.discriminatedUnion("type", [
      z.object({ type: z.literal("noul"), noul: chance }),
      z.object({
        type: z.literal("choice"),
        choice: z.string(),
        probabilities: z.record(z.string(), chance),
        confidence: chance,
      }),
      z.object({
        type: z.literal("score"),
        score: z.number(),
        probabilities: z.record(z.string(), chance),
        confidence: chance,
      }),
    ]),
  ),
  usage: z.object({ input_tokens: z.int(), output_tokens: z.int(), cached_input_tokens: z.int() }),
});

const name = z.string().nullish();
const decision = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("predicate"), instructions, name }),
  z.strictObject({
    type: z.literal("choice"),
    instructions,
    name,
    choices: sized(
      z.array(z.strictObject({ value: z.union([z.string(), z.boolean()]), description })),
      ({ length }) => length,
      2,
      OPTIONS_MAX,
    ),
  }),
  z.strictObject({
    type: z.literal("score"),
    instructions,
    name,
    levels: sized(z.array(z.strictObject({ label: z.string(), description })), ({ length }) => length, 2, LEVELS_MAX),
  }),
]);
export type Decision = z.infer<typeof decision>;

const message = z.looseObject({
  role: z.string(),
  content: z.union([z.string(), z.array(z.looseObject({ type: z.string(), text: z.string().nullish() }))]),
});

export const decisionsRequest = z.strictObject({
  model: z.string(),
  input: z.union([z.string(), z.array(message).min(1)]),
  questions: sized(z.array(decision), ({ length }) => length, 1, DECISIONS_MAX),
  prompt_cache_key: z.string().nullish(),
  safety_identifier: z.string().nullish(),
});
export type DecisionsRequest = z.infer<typeof decisionsRequest>;

const named = { name: z.string().nullable() };

export const decisionsResponse = z.object({
  model: z.string(),
  answers: z.array(
    z.discriminatedUnion("type", [
      z.object({ type: z.literal("predicate"), ...named, probability: chance }),
      z.object({
        type: z.literal("choice"),
        ...named,
        choice: z.union([z.string(), z.boolean()]),
        confidence: chance,
        probabilities: z.array(z.object({ value: z.union([z.string(), z.boolean()]), probability: chance })),
      }),
      z.object({
        type: z.literal("score"),
        ...named,
        score: z.number(),
        confidence: chance,
        probabilities: z.array(z.object({ label: z.string(), value: z.int(), probability: chance })),
      }),
    ]),
  ),
  usage: z.object({
    input_tokens: z.int(),
    input_tokens_details: z.object({ cached_tokens: z.int(), cache_write_tokens: z.int() }),
    output_tokens: z.int(),
    output_tokens_details: z.object({ reasoning_tokens: z.int() }),
    total_tokens: z.int(),
  }),
});
