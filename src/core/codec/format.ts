import type { Answer, TokenPart } from "./answer.ts";
import { Chunks } from "./chunks.ts";
import type { Choice } from "./choice.ts";
import { extrasOf, toChoices } from "./choice.ts";

/** When a stream says its usage (inference §4.3): on the finish chunk, or only in an extra chunk when asked. */
const streamUsages = ["last-chunk", "on-request"] as const;
export type StreamUsage = (typeof streamUsages)[number];

export interface StreamOptions {
  usage: StreamUsage;
  /** Tokens of one chunk. */
  chunkTokens: number;
}

/** Takes a frame of a stream, and how many of the answer's tokens are told with it. */
export type Write = (frame: string, tokens: number) => void;

/** How one endpoint writes an answer: as one body, or frame by frame. */
export interface Format {
  toBody: (answer: Answer) => object;
  toStream: (answer: Answer, options: StreamOptions, write: Write) => void;
}

/** What differs between completions and chat; JSON texts, so that a stream is joined and not built. */
export interface Style {
  object: string;
  chunkObject: string;
  isChat: boolean;
  choice: (choice: Choice) => Record<string, unknown>;
  /** JSON of what opens a choice's stream, if anything does. */
  open: string | undefined;
  /** JSON of a piece's fields. */
  delta: (part: TokenPart, text: string) => string;
  /** JSON of what a tool call begins with. */
  header: (part: TokenPart & { type: "call" }) => string;
  finish: string;
}

const completionStyle: Style = {
  object: "text_completion",
  chunkObject: "text_completion",
  isChat: false,
  choice: ({ index, text, finish }) => ({ index, text, logprobs: null, finish_reason: finish.reason }),
  open: undefined,
  delta: (_, text) => `"text":${JSON.stringify(text)},"logprobs":null`,
  header: () => `"text":"","logprobs":null`,
  finish: `"text":"","logprobs":null`,
};

function toMessage({ text, reasoning, calls }: Choice): object {
  const message: Record<string, unknown> = {
    role: "assistant",
    content: calls.length > 0 && text === "" ? null : text,
  };
  if (reasoning !== "") message["reasoning_content"] = reasoning;
  if (calls.length > 0) message["tool_calls"] = calls;
  return message;
}

const deltaFields: Record<TokenPart["type"], (part: TokenPart, text: string) => string> = {
  text: (_, text) => `"content":${text}`,
  reasoning: (_, text) => `"reasoning_content":${text}`,
  call: (part, text) =>
    `"tool_calls":[{"index":${(part as { index: number }).index},"function":{"arguments":${text}}}]`,
};

const chatStyle: Style = {
  object: "chat.completion",
  chunkObject: "chat.completion.chunk",
  isChat: true,
  choice: (choice) => ({ index: choice.index, message: toMessage(choice), finish_reason: choice.finish.reason }),
  open: `"delta":{"role":"assistant"}`,
  delta: (part, text) => `"delta":{${deltaFields[part.type](part, JSON.stringify(text))}}`,
  header: ({ index, id, name }) =>
    `"delta":{"tool_calls":[${JSON.stringify({ index, id, type: "function", function: { name, arguments: "" } })}]}`,
  finish: `"delta":{}`,
};

function toBody(answer: Answer, style: Style): object {
  const choices = toChoices(answer).map((choice) =>
    Object.assign(style.choice(choice), extrasOf(answer, choice, style.isChat)),
  );
  const body: Record<string, unknown> = {
    id: answer.id,
    object: style.object,
    created: answer.created,
    model: answer.model,
    choices,
    usage: answer.usage,
  };
  if (answer.perfMetrics) body["perf_metrics"] = answer.perfMetrics;
  if (style.isChat && answer.request.tokenIds) body["prompt_token_ids"] = answer.promptIds[0];
  return body;
}

const toFormat = (style: Style): Format => ({
  toBody: (answer) => toBody(answer, style),
  toStream: (answer, options, write) => new Chunks(answer, style, options, write).all(),
});

export const completionFormat = toFormat(completionStyle);
export const chatFormat = toFormat(chatStyle);

/** A whole stream as one text, and how many frames it has. */
export function joinStream(format: Format, answer: Answer, options: StreamOptions): { text: string; chunks: number } {
  let [text, chunks] = ["", 0];
  format.toStream(answer, options, (frame) => {
    text += frame;
    chunks += 1;
  });
  return { text, chunks };
}
