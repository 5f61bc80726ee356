import { alphanumeric, digest } from "../random.ts";
import type { Answer, FinishPart, TokenPart } from "./answer.ts";
import { extrasOf, toChoices } from "./choice.ts";
import type { Format, StreamOptions, Write } from "./format.ts";

/** Anthropic's Messages (inference §5.5, §5.6). */

function stopReasonOf({ reason, stop }: FinishPart): string {
  if (reason === "length") return "max_tokens";
  if (reason === "tool_calls") return "tool_use";
  return stop === null ? "end_turn" : "stop_sequence";
}

const toUsage = ({ usage }: Answer): object => {
  const cached = usage.prompt_tokens_details.cached_tokens;
  return {
    input_tokens: usage.prompt_tokens - cached,
    output_tokens: usage.completion_tokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cached,
  };
};

const toolUseId = (answer: Answer, index: number): string =>
  `toolu_${alphanumeric(digest("tool-use", answer.id, index), 24)}`;

/** Proves nothing here; clients send it back with the thinking. */
const signatureOf = (text: string): string => Buffer.from(digest("signature", text), "hex").toString("base64");

/** Arguments that were cut are no object any more. */
function parseInput(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return {};
  }
}

const blocks: Record<TokenPart["type"], (answer: Answer, part: TokenPart, text: string) => object> = {
  reasoning: (_, __, thinking) => ({
    type: "thinking",
    thinking,
    signature: thinking === "" ? "" : signatureOf(thinking),
  }),
  text: (_, __, text) => ({ type: "text", text, citations: null }),
  call: (answer, part, text) => {
    const { index, name } = part as TokenPart & { type: "call" };
    return { type: "tool_use", id: toolUseId(answer, index), name, input: text === "" ? {} : parseInput(text) };
  },
};

const deltas: Record<TokenPart["type"], (text: string) => object> = {
  reasoning: (thinking) => ({ type: "thinking_delta", thinking }),
  text: (text) => ({ type: "text_delta", text }),
  call: (text) => ({ type: "input_json_delta", partial_json: text }),
};

const isShown = (part: Answer["parts"][number]): part is TokenPart =>
  part.type !== "finish" && (part.type === "call" || part.tokens.length > 0);

const finishOf = ({ parts }: Answer): FinishPart => parts.at(-1) as FinishPart;

function envelope(answer: Answer, content: object[], finish: FinishPart | undefined, usage: object): object {
  return {
    id: answer.id,
    type: "message",
    role: "assistant",
    content,
    model: answer.model,
    stop_reason: finish ? stopReasonOf(finish) : null,
    stop_sequence: finish?.stop ?? null,
    usage,
  };
}

function toBody(answer: Answer): string {
  const content = answer.parts.filter(isShown).map((part) => blocks[part.type](answer, part, part.tokens.join("")));
  const body = envelope(answer, content, finishOf(answer), toUsage(answer));
  if (!answer.request.rawOutput) return JSON.stringify(body);
  const {
    completion_logprobs: _,
    videos: __,
    ...raw
  } = extrasOf(answer, toChoices(answer)[0]!, true)["raw_output"] as Record<string, unknown>;
  return JSON.stringify({ ...body, raw_output: raw });
}

const frame = (type: string, data: object): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;

const NO_USAGE = { input_tokens: 0, output_tokens: 0, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 };

function toStream(answer: Answer, { chunkTokens }: StreamOptions, write: Write): void {
  write(frame("message_start", { message: envelope(answer, [], undefined, NO_USAGE) }), 0);
  for (const [index, part] of answer.parts.filter(isShown).entries()) {
    write(frame("content_block_start", { index, content_block: blocks[part.type](answer, part, "") }), 0);
    for (let from = 0; from < part.tokens.length; from += chunkTokens) {
      const tokens = part.tokens.slice(from, from + chunkTokens);
      write(frame("content_block_delta", { index, delta: deltas[part.type](tokens.join("")) }), tokens.length);
    }
    if (part.type === "reasoning") {
      const delta = { type: "signature_delta", signature: signatureOf(part.tokens.join("")) };
      write(frame("content_block_delta", { index, delta }), 0);
    }
    write(frame("content_block_stop", { index }), 0);
  }
  const finish = finishOf(answer);
  const delta = { stop_reason: stopReasonOf(finish), stop_sequence: finish.stop };
  write(frame("message_delta", { delta, usage: toUsage(answer) }), 0);
  write(frame("message_stop", {}), 0);
}

export const messageFormat: Format = { toBody, toStream };
