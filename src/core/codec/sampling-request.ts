import type { z } from "zod";
import type { samplingRequest } from "../../schema/sampling.ts";
import { ApiError } from "../error.ts";
import { parseJson } from "../json.ts";
import type { Wish } from "../generation/family.ts";
import { parseGrammar } from "../generation/grammar.ts";
import type { Schema } from "../generation/json-schema.ts";
import type { GenerationRequest, Logprobs, Output } from "./request.ts";

type Body = z.infer<typeof samplingRequest>;

/** The server's default when max_tokens is left out (inference §2.1). */
const MAX_TOKENS_DEFAULT = 2048;

const refuse = (message: string): ApiError => new ApiError("invalid_request_error", message);

/** How an answer is delivered does not change its id; the content is hashed by itself. */
const notIdentity = new Set(["stream", "stream_options", "prompt", "messages"]);

function toIdentity(body: Record<string, unknown>): string {
  let text = "";
  for (const key in body) {
    if (!notIdentity.has(key)) text += `${key}=${JSON.stringify(body[key])}\n`;
  }
  return text;
}

function toSchema(value: unknown, field: string): Schema {
  if (typeof value !== "string") return value as Schema;
  try {
    const parsed = parseJson(value);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed as Schema;
  } catch {
    // told below
  }
  throw refuse(`Input should be a JSON schema, field: '${field}'`);
}

/** All forms of the payload (inference §11). @throws ApiError */
function toOutput(format: Body["response_format"]): Output {
  if (!format || format.type === "text") return { type: "text" };
  if (format.type === "grammar") {
    if (typeof format.grammar !== "string") throw refuse("Field required, field: 'response_format.grammar'");
    parseGrammar(format.grammar);
    return { type: "grammar", grammar: format.grammar };
  }
  const given = format.json_schema ?? format.schema ?? undefined;
  if (given === undefined) {
    if (format.type === "json_schema") throw refuse("Field required, field: 'response_format.json_schema'");
    return { type: "json", schema: undefined };
  }
  const schema = toSchema(given, format.json_schema ? "response_format.json_schema" : "response_format.schema");
  // `{name, schema, strict}`, or the schema itself
  const inner = typeof schema === "object" ? schema["schema"] : undefined;
  const isWrapped = inner !== undefined && typeof schema === "object" && schema["type"] === undefined;
  return { type: "json", schema: isWrapped ? toSchema(inner, "response_format.json_schema.schema") : schema };
}

function toLogprobs({ logprobs, top_logprobs: top, include_routing_matrix: routing }: Body): Logprobs | undefined {
  if (routing && logprobs !== true) throw refuse("include_routing_matrix requires logprobs to be true");
  if (typeof logprobs === "number") return { shape: "legacy", top: logprobs, routing: false };
  if (logprobs === true) return { shape: "content", top: top ?? 0, routing: routing ?? false };
  if (typeof top === "number" && top > 0) throw refuse("top_logprobs requires logprobs to be true");
  return undefined;
}

function toWish({ reasoning_effort: effort, reasoning_history: history, thinking }: Body): Wish {
  if (effort !== undefined && effort !== null && thinking)
    throw refuse("thinking and reasoning_effort cannot both be set");
  const budget = thinking?.type === "enabled" ? (thinking.budget_tokens ?? "medium") : undefined;
  const asked = thinking?.type === "disabled" ? "none" : (budget ?? effort ?? undefined);
  return { effort: asked, history: history ?? undefined };
}

function toPrediction({ prediction, speculation }: Body): string | undefined {
  if (typeof prediction === "string") return prediction;
  if (prediction) {
    const { content } = prediction;
    return typeof content === "string"
      ? content
      : content.map(({ text }) => (typeof text === "string" ? text : "")).join("");
  }
  return typeof speculation === "string" ? speculation : undefined;
}

type Rest = "endpoint" | "turn" | "prompts" | "continues" | "content" | "toolUse" | "images";

/** What completions and chat have in common. @throws ApiError */
export function decodeSampling(body: Body): Omit<GenerationRequest, Rest> {
  if (typeof body.max_tokens === "number" && typeof body.max_completion_tokens === "number")
    throw refuse("max_tokens and max_completion_tokens cannot both be set");
  const maxTokens = body.max_tokens ?? body.max_completion_tokens ?? MAX_TOKENS_DEFAULT;
  return {
    model: body.model,
    choices: body.n ?? 1,
    maxTokens,
    minTokens: body.ignore_eos ? maxTokens : Math.min(body.min_tokens ?? 0, maxTokens),
    stop: typeof body.stop === "string" ? [body.stop] : (body.stop ?? []),
    stream: body.stream ?? false,
    includeUsage: body.stream_options?.include_usage ?? undefined,
    echo: body.echo_last ?? (body.echo ? Infinity : 0),
    logprobs: toLogprobs(body),
    tokenIds: body.return_token_ids ?? false,
    rawOutput: body.raw_output ?? false,
    output: toOutput(body.response_format),
    reasoning: toWish(body),
    sampling: {
      temperature: body.temperature ?? undefined,
      topP: body.top_p ?? undefined,
      topK: body.top_k ?? undefined,
    },
    cache: {
      key: body.prompt_cache_key ?? body.user ?? undefined,
      isolation: body.prompt_cache_isolation_key ?? undefined,
      most: body.prompt_cache_max_len ?? Infinity,
    },
    prediction: toPrediction(body),
    acceptance: body.acceptance_probs_override ?? undefined,
    forced: body.forced_generation ?? undefined,
    perfMetrics: body.perf_metrics_in_response ?? false,
    onOverflow: body.context_length_exceeded_behavior ?? "truncate",
    again: false,
    seed: String(body.seed ?? ""),
    identity: toIdentity(body),
  };
}
