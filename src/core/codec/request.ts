import type { ChatMessage, ChatRequest } from "../../schema/chat.ts";
import type { CompletionRequest } from "../../schema/completion.ts";
import { ApiError } from "../error.ts";
import { countTokens } from "../generation/token.ts";

/** One prompt as the generator sees it. */
export interface Prompt {
  /** The text to answer: the last user message, or the whole prompt. */
  last: string;
  /** Everything that was said. */
  all: string;
  tokens: number;
}

/** What every wire format is decoded to. */
export interface GenerationRequest {
  model: string;
  prompts: Prompt[];
  /** Choices per prompt. */
  choices: number;
  maxTokens: number;
  minTokens: number;
  stop: string[];
  stream: boolean;
  /** undefined when the client did not say. */
  includeUsage: boolean | undefined;
  echo: boolean;
  /** Tell in the body what the headers tell. */
  perfMetrics: boolean;
  onOverflow: "truncate" | "error";
  /** A raw prompt is continued, a chat is answered. */
  continues: boolean;
  /** The seed that the client sent, if any. */
  seed: string;
  /** What the text depends on. */
  content: string;
  /** What the id depends on besides the content: all that was asked, but not how it is delivered. */
  identity: string;
}

/** The server's default when max_tokens is left out (inference §2.1). */
const MAX_TOKENS_DEFAULT = 2048;
/** Tokens that a chat template adds around a message, and around the whole (ours). */
const MESSAGE_TOKENS = 4;
const TEMPLATE_TOKENS = 3;
/** An image counts as this many tokens (ours). */
const IMAGE_TOKENS = 576;
/** Most choices of one request, prompts x n. */
const ALL_CHOICES_MAX = 1024;

/** How an answer is delivered does not change its id; the content is hashed by itself. */
const notIdentity = new Set(["stream", "stream_options", "prompt", "messages"]);

function toIdentity(body: Record<string, unknown>): string {
  let text = "";
  for (const key in body) {
    if (!notIdentity.has(key)) text += `${key}=${JSON.stringify(body[key])}\n`;
  }
  return text;
}

type Sampling = Omit<CompletionRequest, "prompt" | "images">;

function common(body: Sampling): Omit<GenerationRequest, "prompts" | "continues" | "content"> {
  if (typeof body.max_tokens === "number" && typeof body.max_completion_tokens === "number") {
    throw new ApiError("invalid_request_error", "max_tokens and max_completion_tokens cannot both be set");
  }
  const maxTokens = body.max_tokens ?? body.max_completion_tokens ?? MAX_TOKENS_DEFAULT;
  return {
    model: body.model,
    choices: body.n ?? 1,
    maxTokens,
    minTokens: body.ignore_eos ? maxTokens : Math.min(body.min_tokens ?? 0, maxTokens),
    stop: typeof body.stop === "string" ? [body.stop] : (body.stop ?? []),
    stream: body.stream ?? false,
    includeUsage: body.stream_options?.include_usage ?? undefined,
    echo: body.echo ?? false,
    perfMetrics: body.perf_metrics_in_response ?? false,
    onOverflow: body.context_length_exceeded_behavior ?? "truncate",
    seed: String(body.seed ?? ""),
    identity: toIdentity(body),
  };
}

function toPrompt(prompt: string | number[]): Prompt {
  // token ids have no text here: their numbers stand for it
  if (typeof prompt !== "string") return { last: "", all: prompt.join(" "), tokens: prompt.length };
  // the model adds a beginning-of-sequence token
  return { last: prompt, all: prompt, tokens: countTokens(prompt) + 1 };
}

function toPrompts(prompt: CompletionRequest["prompt"]): Prompt[] {
  if (typeof prompt === "string") return [toPrompt(prompt)];
  return typeof prompt[0] === "number"
    ? [toPrompt(prompt as number[])]
    : (prompt as (string | number[])[]).map(toPrompt);
}

/** POST /v1/completions -> canonical request. */
export function decodeCompletion(body: CompletionRequest): GenerationRequest {
  const request = {
    ...common(body),
    prompts: toPrompts(body.prompt),
    continues: true,
    content: typeof body.prompt === "string" ? body.prompt : JSON.stringify(body.prompt),
  };
  if (request.prompts.length * request.choices > ALL_CHOICES_MAX) {
    throw new ApiError(
      "invalid_request_error",
      `prompts x n must be between 1 and ${ALL_CHOICES_MAX}: ${request.prompts.length * request.choices}`,
    );
  }
  return request;
}

function messageText(message: ChatMessage): string {
  if (typeof message.content === "string") return message.content;
  return (message.content ?? []).map((part) => part.text ?? "").join("\n");
}

function messageTokens(message: ChatMessage, text: string): number {
  const images = Array.isArray(message.content)
    ? message.content.filter((part) => part.image_url || part.video_url).length
    : 0;
  const calls = message.tool_calls ? countTokens(JSON.stringify(message.tool_calls)) : 0;
  return (
    countTokens(text) + countTokens(message.reasoning_content ?? "") + calls + images * IMAGE_TOKENS + MESSAGE_TOKENS
  );
}

/** POST /v1/chat/completions -> canonical request. */
export function decodeChat(body: ChatRequest): GenerationRequest {
  const textOf = body.messages.map(messageText);
  const lastUser = body.messages.findLastIndex((message) => message.role === "user");
  const toolTokens = body.tools?.length ? countTokens(JSON.stringify(body.tools)) : 0;
  const tokens = body.messages.reduce(
    (sum, message, index) => sum + messageTokens(message, textOf[index]!),
    TEMPLATE_TOKENS + toolTokens,
  );
  return {
    ...common(body),
    prompts: [{ last: textOf[lastUser >= 0 ? lastUser : textOf.length - 1]!, all: textOf.join("\n"), tokens }],
    continues: false,
    content: JSON.stringify(body.tools ? [body.messages, body.tools, body.tool_choice] : body.messages),
  };
}
