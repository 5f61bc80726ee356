import { tokenId } from "../generation/token.ts";
import type { Answer, TokenPart } from "./answer.ts";
import type { Choice } from "./choice.ts";
import { extrasOf, toChoices } from "./choice.ts";
import { toLogprobs } from "./logprobs.ts";

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
interface Style {
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

/** JSON of what a piece tells besides its text; it begins with a comma, or is nothing. */
function pieceExtras({ request }: Answer, part: TokenPart, from: number, to: number, offset: number): string {
  let text = "";
  if (request.logprobs && part.infos)
    text += `,"logprobs":${JSON.stringify(toLogprobs(request.logprobs, part.infos.slice(from, to), offset))}`;
  if (request.tokenIds) text += `,"token_ids":${JSON.stringify(part.tokens.slice(from, to).map(tokenId))}`;
  return text;
}

/** Writes the chunks of an answer: framing of inference §4.1, order of §4.2. */
class Chunks {
  readonly #answer: Answer;
  readonly #style: Style;
  readonly #options: StreamOptions;
  readonly #write: Write;
  readonly #head: string;
  readonly #tail: string;
  #offset = 0;
  #choice = -1;

  constructor(answer: Answer, style: Style, options: StreamOptions, write: Write) {
    this.#answer = answer;
    this.#style = style;
    this.#options = options;
    this.#write = write;
    this.#head = `data: {"id":"${answer.id}","object":"${style.chunkObject}","created":${answer.created},"model":${JSON.stringify(answer.model)},"choices":[`;
    this.#tail = `],"usage":null}\n\n`;
  }

  all(): void {
    const { parts } = this.#answer;
    for (const [at, part] of parts.entries()) {
      if (part.choice !== this.#choice) this.#open(part.choice);
      if (part.type === "finish") this.#finish(part.choice, part.reason, at === parts.length - 1);
      else this.#tokens(part);
    }
    const { request, usage } = this.#answer;
    if (request.includeUsage) this.#write(`${this.#head}],"usage":${JSON.stringify(usage)}${this.#perf()}}\n\n`, 0);
    this.#write("data: [DONE]\n\n", 0);
  }

  #perf(): string {
    const { perfMetrics } = this.#answer;
    return perfMetrics ? `,"perf_metrics":${JSON.stringify(perfMetrics)}` : "";
  }

  #open(choice: number): void {
    this.#choice = choice;
    this.#offset = 0;
    const { request, promptIds } = this.#answer;
    const ids = request.tokenIds ? promptIds[Math.floor(choice / request.choices)] : undefined;
    const { open, isChat } = this.#style;
    if (open !== undefined) {
      const tail = ids && choice === 0 ? `],"usage":null,"prompt_token_ids":${JSON.stringify(ids)}}\n\n` : this.#tail;
      this.#write(`${this.#head}{"index":${choice},${open},"finish_reason":null}${tail}`, 0);
    } else if (ids && !isChat)
      this.#write(
        `${this.#head}{"index":${choice},"text":"","logprobs":null,"finish_reason":null,"prompt_token_ids":${JSON.stringify(ids)}}${this.#tail}`,
        0,
      );
  }

  #tokens(part: TokenPart): void {
    const { chunkTokens } = this.#options;
    const isPlain = !part.infos && !this.#answer.request.tokenIds;
    const before = `${this.#head}{"index":${part.choice},`;
    const after = `,"finish_reason":null}${this.#tail}`;
    if (part.type === "call") this.#write(before + this.#style.header(part) + after, 0);
    if (isPlain && chunkTokens === 1) {
      for (const token of part.tokens) this.#write(before + this.#style.delta(part, token) + after, 1);
      return;
    }
    for (let from = 0; from < part.tokens.length; from += chunkTokens) {
      const to = Math.min(from + chunkTokens, part.tokens.length);
      const text = part.tokens.slice(from, to).join("");
      const extras = pieceExtras(this.#answer, part, from, to, this.#offset);
      // the key is there already where nothing is asked for
      const fields = this.#style
        .delta(part, text)
        .replace(extras.startsWith(',"logprobs"') ? /,"logprobs":null$/ : /$^/, "");
      this.#offset += text.length;
      this.#write(`${before}${fields},"finish_reason":null${extras}}${this.#tail}`, to - from);
    }
  }

  #finish(index: number, reason: string, isLast: boolean): void {
    const answer = this.#answer;
    const { includeUsage, rawOutput } = answer.request;
    const raw = rawOutput
      ? `,"raw_output":${JSON.stringify(
          extrasOf(
            answer,
            toChoices(answer).find((choice) => choice.index === index)!,
            true,
          )["raw_output"],
        )}`
      : "";
    // the last chunk of all tells what is to be told: usage, where it belongs there, and how it went
    const isTelling = isLast && !includeUsage;
    const usage =
      isTelling && includeUsage === undefined && this.#options.usage === "last-chunk"
        ? JSON.stringify(answer.usage)
        : "null";
    const tail = `],"usage":${usage}${isTelling ? this.#perf() : ""}}\n\n`;
    this.#write(`${this.#head}{"index":${index},${this.#style.finish},"finish_reason":"${reason}"${raw}}${tail}`, 0);
  }
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
