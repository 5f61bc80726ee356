import { ApiError } from "../core/error.ts";
import { findCanned } from "../engine/canned.ts";
import { take } from "../engine/boarding.ts";
import { reach } from "../engine/inference.ts";
import type { Target } from "../engine/routing.ts";
import { forward, isForwarded } from "./forward.ts";
import { callerOf } from "./header.ts";
import { perfHeaders, perfMetrics } from "./perf.ts";
import type { Call, Reply } from "./route.ts";

/** Endpoints that answer in numbers: they read texts and generate none. */
type Wordless = "embeddings" | "rerank" | "systemone" | "decisions";

export interface Input {
  text: string;
  tokens: number;
}

const refuse = (message: string): ApiError => new ApiError("invalid_request_error", message);

/** What a script has for texts, or an upstream. @throws ApiError what the script says instead */
export async function instead(
  call: Call,
  endpoint: Wordless,
  model: string,
  last: string,
  texts: readonly string[],
): Promise<Reply | Response | undefined> {
  const question = { endpoint, model, last, messages: texts, tools: [], output: "text", turn: 1 };
  const canned = findCanned(call.world, () => question, callerOf(call));
  if (canned?.type === "body") return canned;
  return isForwarded(call) ? forward(call, question) : undefined;
}

/** What these endpoints do around their own work: find the model, check the length, count, and tell how it went. */
export async function runOn(
  call: Call,
  model: string,
  inputs: readonly Input[],
  work: (target: Target, usage: { prompt_tokens: number; total_tokens: number }) => object,
): Promise<{ body: object; headers: Record<string, string>; metrics: Record<string, string> }> {
  const { world } = call;
  const caller = callerOf(call);
  const target = await reach(world, model, caller);
  const longest = target.deployment?.spec.maxContextLength || target.model.contextLength;
  for (const { tokens } of inputs)
    if (tokens > longest) throw refuse(`The prompt is too long: ${tokens}, model maximum context length: ${longest}`);
  const tokens = inputs.reduce((sum, each) => sum + each.tokens, 0);
  const body = work(target, { prompt_tokens: tokens, total_tokens: tokens });
  const usage = { prompt_tokens: tokens, prompt_tokens_details: { cached_tokens: 0 } };
  const served = {
    target,
    answer: { usage },
    ...take(world, target, caller, { promptTokens: tokens, completionTokens: 0 }),
  };
  call.note.deployment = target.deployment?.name ?? "";
  call.note.model = target.echo;
  return { body, headers: perfHeaders(served, false), metrics: perfMetrics(served) };
}
