import type { ChatMessage } from "../../schema/chat.ts";
import type { ResponseBody, ResponseRequest, ResponseStatus } from "../../schema/response.ts";
import { digest } from "../random.ts";
import type { Answer, FinishPart, TokenPart } from "./answer.ts";
import { toChoices } from "./choice.ts";
import type { Format, StreamOptions, Write } from "./format.ts";
import { toLogprobs } from "./logprobs.ts";

/** OpenAI's Responses (inference §5.2, §5.3). */

const prefixes: Record<TokenPart["type"], string> = { text: "msg", reasoning: "rs", call: "fc" };

const itemId = (answer: Answer, { type }: TokenPart, index: number): string =>
  `${prefixes[type]}_${digest("item", answer.id, index).slice(0, 32)}`;

/** Logprobs of a piece of text; none where they were not asked for. */
function logprobsOf({ request }: Answer, { infos }: TokenPart, from: number, to: number): unknown[] {
  if (!infos || !request.logprobs) return [];
  return (toLogprobs(request.logprobs, infos.slice(from, to), 0) as { content: unknown[] }).content;
}

const textPart = (answer: Answer, part: TokenPart, text: string): object => ({
  type: "output_text",
  text,
  annotations: [],
  logprobs: text === "" ? [] : logprobsOf(answer, part, 0, part.tokens.length),
});

const summary = (text: string): object => ({ type: "summary_text", text });

/** An item as it stands in the output; empty and in progress while it is told. */
const items: Record<
  TokenPart["type"],
  (answer: Answer, part: TokenPart, text: string | undefined, status: string) => Record<string, unknown>
> = {
  text: (answer, part, text, status) => ({
    type: "message",
    role: "assistant",
    content: text === undefined ? [] : [textPart(answer, part, text)],
    status,
  }),
  reasoning: (_, __, text, status) => ({
    type: "reasoning",
    summary: text === undefined ? [] : [summary(text)],
    status,
  }),
  call: (_, part, text, status) => {
    const { id, name } = part as TokenPart & { type: "call" };
    return {
      type: "function_call",
      call_id: id,
      name,
      arguments: text ?? "",
      status,
      function: null,
      mcp: null,
    };
  },
};

const isShown = (part: Answer["parts"][number]): part is TokenPart =>
  part.type !== "finish" && (part.type === "call" || part.tokens.length > 0);

const finishOf = ({ parts }: Answer): FinishPart => parts.at(-1) as FinishPart;
const isCut = (answer: Answer): boolean => finishOf(answer).reason === "length";

/** The last item of an answer that was cut is not whole. */
const statusOf = (answer: Answer, isLast: boolean): string => (isLast && isCut(answer) ? "incomplete" : "completed");

function toItem(answer: Answer, part: TokenPart, index: number, isLast: boolean): object {
  const item = items[part.type](answer, part, part.tokens.join(""), statusOf(answer, isLast));
  return { id: itemId(answer, part, index), ...item };
}

/** In chat's words, as seen live, and in those of OpenAI's Responses, which newer clients read. */
function toUsage({ usage, reasoningTokens }: Answer): object {
  const cached = usage.prompt_tokens_details;
  return {
    prompt_tokens: usage.prompt_tokens,
    completion_tokens: usage.completion_tokens,
    total_tokens: usage.total_tokens,
    prompt_tokens_details: cached,
    input_tokens: usage.prompt_tokens,
    input_tokens_details: cached,
    output_tokens: usage.completion_tokens,
    output_tokens_details: { reasoning_tokens: reasoningTokens },
  };
}

function envelope(
  answer: Answer,
  asked: ResponseRequest,
  status: ResponseStatus,
  output: ResponseBody["output"],
  usage: object | null,
): ResponseBody {
  return {
    id: answer.id,
    created_at: answer.created,
    error: null,
    incomplete_details: status === "incomplete" ? { reason: "max_output_tokens" } : null,
    instructions: asked.instructions ?? null,
    metadata: asked.metadata ?? {},
    model: answer.model,
    object: "response",
    output,
    parallel_tool_calls: asked.parallel_tool_calls ?? true,
    temperature: asked.temperature ?? 1,
    tool_choice: asked.tool_choice ?? "auto",
    tools: asked.tools ?? [],
    top_p: asked.top_p ?? 1,
    max_output_tokens: asked.max_output_tokens ?? null,
    max_tool_calls: asked.max_tool_calls ?? null,
    previous_response_id: asked.previous_response_id ?? null,
    reasoning: asked.reasoning ?? null,
    status,
    text: asked.text ?? null,
    truncation: asked.truncation ?? "disabled",
    usage: usage as ResponseBody["usage"],
    user: asked.user ?? null,
    store: asked.store ?? true,
  };
}

/** The response when it is done. */
export function toResponse(answer: Answer, asked: ResponseRequest): ResponseBody {
  const shown = answer.parts.filter(isShown);
  const output = shown.map((part, index) => toItem(answer, part, index, index === shown.length - 1));
  const status = isCut(answer) ? "incomplete" : "completed";
  return envelope(answer, asked, status, output as ResponseBody["output"], toUsage(answer));
}

/** Events of one kind of item: what opens it, its pieces, what closes it. */
const telling: Record<
  TokenPart["type"],
  {
    delta: string;
    /** The name of the whole in the closing event. */
    whole: string;
    part: ((answer: Answer, part: TokenPart, text: string) => object) | undefined;
    partEvent: string;
    place: object;
  }
> = {
  text: {
    delta: "response.output_text",
    whole: "text",
    part: textPart,
    partEvent: "response.content_part",
    place: { content_index: 0 },
  },
  reasoning: {
    delta: "response.reasoning_summary_text",
    whole: "text",
    part: (_, __, text) => summary(text),
    partEvent: "response.reasoning_summary_part",
    place: { summary_index: 0 },
  },
  call: {
    delta: "response.function_call_arguments",
    whole: "arguments",
    part: undefined,
    partEvent: "",
    place: {},
  },
};

/** Writes the events of an answer, each with its number (inference §5.3). */
class Events {
  readonly #write: Write;
  #number = 0;

  constructor(write: Write) {
    this.#write = write;
  }

  tell(type: string, data: object, tokens = 0): void {
    const frame = JSON.stringify({ type, sequence_number: this.#number, ...data });
    this.#number += 1;
    this.#write(`event: ${type}\ndata: ${frame}\n\n`, tokens);
  }

  item(answer: Answer, part: TokenPart, index: number, isLast: boolean, chunkTokens: number): void {
    const { delta, whole, part: toPart, partEvent, place } = telling[part.type];
    const id = itemId(answer, part, index);
    const at = { item_id: id, output_index: index, ...place };
    const text = part.tokens.join("");
    const begun = { id, ...items[part.type](answer, part, undefined, "in_progress") };
    this.tell("response.output_item.added", { output_index: index, item: begun });
    if (toPart) this.tell(`${partEvent}.added`, { ...at, part: toPart(answer, part, "") });
    const tellsLogprobs = part.type === "text";
    for (let from = 0; from < part.tokens.length; from += chunkTokens) {
      const to = Math.min(from + chunkTokens, part.tokens.length);
      const logprobs = tellsLogprobs ? { logprobs: logprobsOf(answer, part, from, to) } : {};
      this.tell(`${delta}.delta`, { ...at, delta: part.tokens.slice(from, to).join(""), ...logprobs }, to - from);
    }
    const logprobs = tellsLogprobs ? { logprobs: logprobsOf(answer, part, 0, part.tokens.length) } : {};
    this.tell(`${delta}.done`, { ...at, [whole]: text, ...logprobs });
    if (toPart) this.tell(`${partEvent}.done`, { ...at, part: toPart(answer, part, text) });
    this.tell("response.output_item.done", { output_index: index, item: toItem(answer, part, index, isLast) });
  }

  end(): void {
    this.#write("data: [DONE]\n\n", 0);
  }
}

function toStream(answer: Answer, asked: ResponseRequest, { chunkTokens }: StreamOptions, write: Write): void {
  const events = new Events(write);
  const begun = envelope(answer, asked, "in_progress", [], null);
  events.tell("response.created", { response: begun });
  events.tell("response.in_progress", { response: begun });
  const shown = answer.parts.filter(isShown);
  for (const [index, part] of shown.entries())
    events.item(answer, part, index, index === shown.length - 1, chunkTokens);
  const response = toResponse(answer, asked);
  events.tell(`response.${response.status}`, { response });
  events.end();
}

/** How answers to this request are written: they tell it back. */
export const responseFormat = (asked: ResponseRequest): Format => ({
  toBody: (answer) => JSON.stringify(toResponse(answer, asked)),
  toStream: (answer, options, write) => toStream(answer, asked, options, write),
});

/** What an answer is in the conversation that goes on from it. */
export function toSaid(answer: Answer): ChatMessage {
  const { text, reasoning, calls } = toChoices(answer)[0]!;
  return {
    role: "assistant",
    content: text === "" && calls.length > 0 ? null : text,
    ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
    ...(calls.length > 0
      ? { tool_calls: calls.map(({ id, type, function: called }) => ({ id, type, function: called })) }
      : {}),
  };
}
