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
});
export type Usage = z.infer<typeof usage>;

export const completionResponse = z.object({
  id: z.string(),
  object: z.literal("text_completion"),
  created: z.int(),
  model: z.string(),
  choices: z.array(
    z.object({
      index: z.int(),
      text: z.string(),
      logprobs: z.null(),
      finish_reason: z.enum(["stop", "length", "error"]),
    }),
  ),
  usage,
});
