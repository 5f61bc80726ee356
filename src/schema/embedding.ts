import { z } from "zod";

/** POST /v1/embeddings and /v1/rerank (inference §6). */

const ids = z.array(z.int());
const fields = z.record(z.string(), z.unknown());

/** Inputs of one request (ours). */
const INPUTS_MAX = 2048;

export const embeddingRequest = z.strictObject({
  model: z.string(),
  input: z.union([
    z.string(),
    z.array(z.string()).min(1).max(INPUTS_MAX),
    ids.min(1),
    z.array(ids.min(1)).min(1).max(INPUTS_MAX),
    fields,
    z.array(fields).min(1).max(INPUTS_MAX),
  ]),
  prompt_template: z.string().nullish(),
  encoding_format: z.enum(["float", "base64"]).nullish(),
  dimensions: z.int().min(1).max(65_536).nullish(),
  return_logits: ids.nullish(),
  normalize: z.boolean().nullish(),
  fanout_size: z.int().nullish(),
  input_type: z.enum(["document", "query"]).nullish(),
  user: z.string().nullish(),
  prompt_cache_key: z.string().nullish(),
  prompt_cache_isolation_key: z.string().nullish(),
  raw_output: z.boolean().nullish(),
  perf_metrics_in_response: z.boolean().nullish(),
});
export type EmbeddingRequest = z.infer<typeof embeddingRequest>;

const usage = z.object({ prompt_tokens: z.int(), total_tokens: z.int() });

export const embeddingResponse = z.object({
  object: z.literal("list"),
  data: z.array(
    z.object({ object: z.literal("embedding"), index: z.int(), embedding: z.union([z.array(z.number()), z.string()]) }),
  ),
  model: z.string(),
  usage,
});

export const rerankRequest = z.object({
  model: z.string().nullish(),
  query: z.string(),
  documents: z.array(z.string()).min(1).max(INPUTS_MAX),
  top_n: z.int().min(1).nullish(),
  return_documents: z.boolean().nullish(),
  task: z.string().nullish(),
});
export type RerankRequest = z.infer<typeof rerankRequest>;

const ranked = z.array(z.object({ index: z.int(), relevance_score: z.number(), document: z.string().optional() }));
export const rerankResponse = z.object({
  object: z.literal("list"),
  model: z.string(),
  data: ranked.optional(),
  results: ranked.optional(),
  usage,
});
