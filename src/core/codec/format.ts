import type { FinishReason } from "../generation/generate.ts";
import type { Answer, Part } from "./answer.ts";

/** When a stream says its usage (inference §4.3): on the finish chunk, or only in an extra chunk when asked. */
const streamUsages = ["last-chunk", "on-request"] as const;
export type StreamUsage = (typeof streamUsages)[number];

/** How one endpoint writes an answer. Each piece is JSON text, so that an instant stream is one joined string. */
export interface Format {
  object: string;
  chunkObject: string;
  /** Choices of the whole body. */
  choice(index: number, text: string, finish: FinishReason): unknown;
  /** JSON of the choice that opens a stream, if the format has one. */
  open?(index: number): string;
  /** JSON of a choice in a chunk with this text. */
  delta(index: number, text: string): string;
  /** JSON of a choice in the chunk that ends it. */
  finish(index: number, reason: FinishReason): string;
}

export const completionFormat: Format = {
  object: "text_completion",
  chunkObject: "text_completion",
  choice: (index, text, finish_reason) => ({ index, text, logprobs: null, finish_reason }),
  delta: (index, text) => `{"index":${index},"text":${JSON.stringify(text)},"logprobs":null,"finish_reason":null}`,
  finish: (index, reason) => `{"index":${index},"text":"","logprobs":null,"finish_reason":"${reason}"}`,
};

export const chatFormat: Format = {
  object: "chat.completion",
  chunkObject: "chat.completion.chunk",
  choice: (index, content, finish_reason) => ({ index, message: { role: "assistant", content }, finish_reason }),
  open: (index) => `{"index":${index},"delta":{"role":"assistant"},"finish_reason":null}`,
  delta: (index, text) => `{"index":${index},"delta":{"content":${JSON.stringify(text)}},"finish_reason":null}`,
  finish: (index, reason) => `{"index":${index},"delta":{},"finish_reason":"${reason}"}`,
};

/** The body of an answer that is not streamed: a fold over its parts. */
export function toBody(answer: Answer, format: Format): object {
  const texts: string[] = [];
  const choices: unknown[] = [];
  for (const part of answer.parts) {
    if (part.type === "text") texts[part.choice] = (texts[part.choice] ?? "") + part.tokens.join("");
    else choices.push(format.choice(part.choice, texts[part.choice] ?? "", part.reason));
  }
  return {
    id: answer.id,
    object: format.object,
    created: answer.created,
    model: answer.model,
    choices,
    usage: answer.usage,
    perf_metrics: answer.perfMetrics,
  };
}

function frame(part: Part, format: Format, before: string, after: string): string {
  if (part.type === "finish") return before + format.finish(part.choice, part.reason) + after;
  let text = format.open ? before + format.open(part.choice) + after : "";
  for (const token of part.tokens) text += before + format.delta(part.choice, token) + after;
  return text;
}

/** The whole stream as one text: framing of inference §4.1, one token a chunk. */
export function toStream(answer: Answer, format: Format, includeUsage: boolean | undefined, mode: StreamUsage): string {
  const head = `data: {"id":"${answer.id}","object":"${format.chunkObject}","created":${answer.created},"model":${JSON.stringify(answer.model)},"choices":[`;
  const tail = `],"usage":null}\n\n`;
  const perf = answer.perfMetrics ? `,"perf_metrics":${JSON.stringify(answer.perfMetrics)}` : "";
  const usage = `],"usage":${JSON.stringify(answer.usage)}${perf}}\n\n`;
  // the last chunk of all tells what is to be told: usage, where it belongs there, and how it went
  const onLast = includeUsage === undefined && mode === "last-chunk";
  const last = onLast ? usage : includeUsage ? tail : `],"usage":null${perf}}\n\n`;
  let text = "";
  for (const [at, part] of answer.parts.entries()) {
    text += frame(part, format, head, at === answer.parts.length - 1 ? last : tail);
  }
  return `${text}${includeUsage ? head + usage : ""}data: [DONE]\n\n`;
}
