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
  /** JSON. */
  toBody: (answer: Answer) => string;
  toStream: (answer: Answer, options: StreamOptions, write: Write) => void;
}

/** JSON of an object's fields, behind others. */
function fieldsOf(object: object): string {
  const text = JSON.stringify(object);
  return text === "{}" ? "" : `,${text.slice(1, -1)}`;
}

/** What differs between completions and chat; JSON texts, so that a stream is joined and not built. */
export interface Style {
  object: string;
  chunkObject: string;
  isChat: boolean;
  /** JSON of a choice's fields, with what it tells besides. */
  choice: (choice: Choice, extras: Record<string, unknown>) => string;
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
  choice: ({ index, text, finish }, { logprobs = null, ...extras }) =>
    `"index":${index},"text":${JSON.stringify(text)},"logprobs":${JSON.stringify(logprobs)},"finish_reason":"${finish.reason}"${fieldsOf(extras)}`,
  open: undefined,
  delta: (_, text) => `"text":${JSON.stringify(text)},"logprobs":null`,
  header: () => `"text":"","logprobs":null`,
  finish: `"text":"","logprobs":null`,
};

/** JSON of a chat's message. */
function messageText({ text, reasoning, calls }: Choice): string {
  const content = calls.length > 0 && text === "" ? "null" : JSON.stringify(text);
  const thought = reasoning === "" ? "" : `,"reasoning_content":${JSON.stringify(reasoning)}`;
  const called = calls.length > 0 ? `,"tool_calls":${JSON.stringify(calls)}` : "";
  return `{"role":"assistant","content":${content}${thought}${called}}`;
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
  choice: (choice, extras) =>
    `"index":${choice.index},"message":${messageText(choice)},"finish_reason":"${choice.finish.reason}"${fieldsOf(extras)}`,
  open: `"delta":{"role":"assistant"}`,
  delta: (part, text) => `"delta":{${deltaFields[part.type](part, JSON.stringify(text))}}`,
  header: ({ index, id, name }) =>
    `"delta":{"tool_calls":[${JSON.stringify({ index, id, type: "function", function: { name, arguments: "" } })}]}`,
  finish: `"delta":{}`,
};

/** JSON of the choices of answers that were asked for again, beside their parts. */
const choiceTexts = new WeakMap<object, string>();

function choicesText(answer: Answer, style: Style): string {
  let text = choiceTexts.get(answer.parts);
  if (text === undefined) {
    text = toChoices(answer)
      .map((choice) => `{${style.choice(choice, extrasOf(answer, choice, style.isChat))}}`)
      .join(",");
    if (answer.request.again) choiceTexts.set(answer.parts, text);
  }
  return text;
}

function toBody(answer: Answer, style: Style): string {
  const { id, created, model, usage, perfMetrics, request, promptIds } = answer;
  const perf = perfMetrics ? `,"perf_metrics":${JSON.stringify(perfMetrics)}` : "";
  const ids = style.isChat && request.tokenIds ? `,"prompt_token_ids":${JSON.stringify(promptIds[0])}` : "";
  return `{"id":"${id}","object":"${style.object}","created":${created},"model":${JSON.stringify(model)},"choices":[${choicesText(answer, style)}],"usage":${JSON.stringify(usage)}${perf}${ids}}`;
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
