import type { Usage } from "../../schema/completion.ts";
import { ApiError } from "../error.ts";
import type { FinishReason, Limits } from "../generation/generate.ts";
import { generate } from "../generation/generate.ts";
import { Random } from "../random.ts";
import { read } from "../generation/reading.ts";
import type { GenerationRequest, Prompt } from "./request.ts";

/** What an answer is made of; the body is a fold over the parts that the stream frames. */
export type Part =
  | { type: "text"; choice: number; tokens: string[] }
  | { type: "finish"; choice: number; reason: FinishReason };

/** A complete answer, not yet in any wire format. */
export interface Answer {
  id: string;
  /** Unix seconds of world time. */
  created: number;
  model: string;
  parts: Part[];
  usage: Usage;
  /** Header names without their prefix (inference §8.2); only when asked for. */
  perfMetrics?: Record<string, string> | undefined;
}

export interface AnswerContext {
  /** What the texts depend on. */
  seed: string;
  contextLength: number;
}

/** Tokens that the prompt leaves room for (inference §2.1, context_length_exceeded_behavior). */
function fitTokens(request: GenerationRequest, prompt: Prompt, contextLength: number): number {
  if (prompt.tokens > contextLength) {
    throw new ApiError(
      "invalid_request_error",
      `The prompt is too long: ${prompt.tokens}, model maximum context length: ${contextLength}`,
    );
  }
  const room = contextLength - prompt.tokens;
  if (request.maxTokens > room && request.onOverflow === "error") {
    throw new ApiError(
      "invalid_request_error",
      `The prompt and max_tokens are too long: ${prompt.tokens} + ${request.maxTokens}, model maximum context length: ${contextLength}`,
    );
  }
  return Math.min(request.maxTokens, room);
}

export type AnswerContent = Pick<Answer, "parts" | "usage">;

/** Answers of requests that are still remembered, by request: asked again, they need not be made again. */
const made = new WeakMap<GenerationRequest, { seed: string; contextLength: number; content: AnswerContent }>();

/** The parts and the usage: a function of the seed and the request alone. */
export function createAnswer(request: GenerationRequest, { seed, contextLength }: AnswerContext): AnswerContent {
  const known = made.get(request);
  if (known?.seed === seed && known.contextLength === contextLength) return known.content;
  const content = makeAnswer(request, { seed, contextLength });
  made.set(request, { seed, contextLength, content });
  return content;
}

function makeAnswer(request: GenerationRequest, context: AnswerContext): AnswerContent {
  const parts: Part[] = [];
  let [promptTokens, completionTokens] = [0, 0];
  for (const [at, prompt] of request.prompts.entries()) {
    const limits: Limits = {
      maxTokens: fitTokens(request, prompt, context.contextLength),
      minTokens: request.minTokens,
      stop: request.stop,
    };
    const reading = read(prompt.last, prompt.all);
    const lead = request.continues && prompt.last !== "" && !/\s$/.test(prompt.last) ? " " : "";
    promptTokens += prompt.tokens;
    for (let n = 0; n < request.choices; n += 1) {
      const choice = at * request.choices + n;
      const text = generate(reading, new Random(context.seed, choice), lead, limits);
      completionTokens += text.tokens.length;
      parts.push(
        { type: "text", choice, tokens: request.echo ? [prompt.last, ...text.tokens] : text.tokens },
        { type: "finish", choice, reason: text.finish },
      );
    }
  }
  const usage = {
    prompt_tokens: promptTokens,
    total_tokens: promptTokens + completionTokens,
    completion_tokens: completionTokens,
    prompt_tokens_details: { cached_tokens: 0 },
  };
  return { parts, usage };
}
