import { z } from "zod";

/** A number with both ends, so that the error text can name them (inference §7.2: `<field> must be between a and b: v`). */
const between = (schema: z.ZodNumber, low: number, high: number) =>
  schema
    .refine((value) => value >= low && value <= high, { error: `must be between ${low} and ${high}` })
    .meta({ minimum: low, maximum: high });

const responseFormat = z.strictObject({
  type: z.enum(["json_object", "json_schema", "grammar", "text"]),
  schema: z.union([z.string(), z.record(z.string(), z.unknown())]).nullish(),
  grammar: z.string().nullish(),
  json_schema: z.union([z.string(), z.record(z.string(), z.unknown())]).nullish(),
});

const prediction = z.strictObject({
  type: z.literal("content"),
  content: z.union([z.string(), z.array(z.record(z.string(), z.unknown()))]),
});

const thinking = z.union([
  z.strictObject({
    type: z.literal("enabled"),
    budget_tokens: z.int().min(1024).nullish(),
    keep: z.unknown().optional(),
  }),
  z.strictObject({ type: z.literal("disabled") }),
  z.strictObject({ type: z.literal("adaptive") }),
]);

/** Limits of one request (architecture, decision 9). */
const CHOICES_MAX = 128;
const STOPS_MAX = 4;
const MAX_TOKENS_MAX = 1_048_576;

/**
 * Fields that completions and chat share, with the bounds of inference §2.1; the last group is
 * honoured by the model server although the official schema leaves it out.
 */
export const samplingFields = {
  model: z.string(),
  user: z.string().nullish(),
  prompt_cache_key: z.string().nullish(),
  prompt_cache_isolation_key: z.string().nullish(),
  raw_output: z.boolean().nullish(),
  perf_metrics_in_response: z.boolean().nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.strictObject({ include_usage: z.boolean().nullish() }).nullish(),
  n: between(z.int(), 1, CHOICES_MAX).nullish(),
  service_tier: z.enum(["auto", "default", "flex", "priority"]).nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(STOPS_MAX)]).nullish(),
  max_tokens: between(z.int(), 0, MAX_TOKENS_MAX).nullish(),
  max_completion_tokens: between(z.int(), 0, MAX_TOKENS_MAX).nullish(),
  temperature: between(z.number(), 0, 2).nullish(),
  top_k: between(z.int(), 0, 100).nullish(),
  top_p: between(z.number(), 0, 1).nullish(),
  min_p: between(z.number(), 0, 1).nullish(),
  typical_p: between(z.number(), 0, 1).nullish(),
  frequency_penalty: between(z.number(), -2, 2).nullish(),
  presence_penalty: between(z.number(), -2, 2).nullish(),
  repetition_penalty: between(z.number(), 0, 2).nullish(),
  mirostat_target: z.number().nullish(),
  mirostat_lr: z.number().nullish(),
  seed: z.int().nullish(),
  logprobs: z.union([z.boolean(), between(z.int(), 0, 5)]).nullish(),
  top_logprobs: between(z.int(), 0, 5).nullish(),
  echo: z.boolean().nullish(),
  echo_last: z.int().min(0).nullish(),
  ignore_eos: z.boolean().nullish(),
  context_length_exceeded_behavior: z.enum(["error", "truncate"]).nullish(),
  response_format: responseFormat.nullish(),
  logit_bias: z.record(z.string(), between(z.number(), -100, 100)).nullish(),
  speculation: z.union([z.string(), z.array(z.int())]).nullish(),
  prediction: z.union([prediction, z.string()]).nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  reasoning_effort: z.union([z.string(), z.int(), z.boolean()]).nullish(),
  reasoning_history: z.enum(["disabled", "interleaved", "preserved"]).nullish(),
  thinking: thinking.nullish(),
  return_token_ids: z.boolean().nullish(),
  min_tokens: between(z.int(), 0, MAX_TOKENS_MAX).nullish(),
  prompt_cache_max_len: z.int().nullish(),
  forced_generation: z.string().nullish(),
  acceptance_probs_override: z.array(z.number()).nullish(),
  include_routing_matrix: z.boolean().nullish(),
  rewrite_speculation: z.boolean().nullish(),
};

/** The same as a schema, for its type. */
export const samplingRequest = z.strictObject(samplingFields);
