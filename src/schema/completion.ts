import { z } from "zod";
import { samplingFields } from "./sampling.ts";

/** POST /v1/completions: a closed schema (inference §2.1). */
export const completionRequest = z.strictObject({
  ...samplingFields,
  prompt: z.union([
    z.string(),
    z.array(z.string()).min(1),
    z.array(z.int()).min(1),
    z.array(z.array(z.int()).min(1)).min(1),
  ]),
  images: z.union([z.array(z.string()), z.array(z.array(z.string()))]).nullish(),
});
export type CompletionRequest = z.infer<typeof completionRequest>;

export const usage = z.object({
  prompt_tokens: z.int(),
  total_tokens: z.int(),
  completion_tokens: z.int(),
  prompt_tokens_details: z.object({ cached_tokens: z.int() }),
  completion_tokens_details: z.object({ reasoning_tokens: z.int() }).optional(),
  output_tokens_details: z.object({ reasoning_tokens: z.int() }).optional(),
});
export type Usage = z.infer<typeof usage>;

export const logprobs = z
  .record(z.string(), z.unknown())
  .describe(
    "`{tokens, token_logprobs, top_logprobs, text_offset, token_ids}` for a number, `{content: [...]}` for true.",
  );
export const choiceExtras = {
  raw_output: z.record(z.string(), z.unknown()).optional(),
  prompt_token_ids: z.array(z.int()).optional(),
  token_ids: z.array(z.int()).optional(),
};

export const completionResponse = z.object({
  id: z.string(),
  object: z.literal("text_completion"),
  created: z.int(),
  model: z.string(),
  choices: z.array(
    z.object({
      index: z.int(),
      text: z.string(),
      logprobs: logprobs.nullable(),
      finish_reason: z.enum(["stop", "length", "error"]),
      ...choiceExtras,
    }),
  ),
  usage,
});
