import type { ScriptAnswer } from "../../schema/script.ts";
import type { Ms } from "../time.ts";

/** One event of a recorded stream, with its span since the request. */
export interface Heard {
  data: unknown;
  event: string | undefined;
  at: Ms;
}

/** What others send may have any shape: reading what is not there throws, and the whole is kept as it is. */
// oxlint-disable-next-line typescript/no-explicit-any
type Json = Record<string, any>;
type Usage = NonNullable<ScriptAnswer["usage"]>;

/** A bit of an answer, in words that no format has for itself. */
interface Piece {
  text?: string;
  reasoning?: string;
  /** A call begins (`name`) or goes on (`arguments`). */
  call?: { index: number; name?: string; arguments?: string };
  finish?: string;
  usage?: Usage;
}

/** How a format's bodies and events are read; undefined for what cannot be told in words. */
interface Reader {
  body: (body: Json) => Piece[] | undefined;
  event: (data: Json) => Piece[] | undefined;
}

const omitUndefined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined && inner !== null)) as T;

const chatUsage = (usage: Json | null | undefined): Piece[] =>
  usage
    ? [
        {
          usage: omitUndefined({
            promptTokens: usage["prompt_tokens"],
            completionTokens: usage["completion_tokens"],
            cachedTokens: usage["prompt_tokens_details"]?.cached_tokens,
          }),
        },
      ]
    : [];

/** A message of chat, or a delta of one. */
function ofMessage(message: Json): Piece[] {
  const pieces: Piece[] = [];
  const reasoning = message["reasoning_content"] ?? message["reasoning"];
  if (reasoning) pieces.push({ reasoning });
  if (message["content"]) pieces.push({ text: message["content"] });
  for (const [at, call] of ((message["tool_calls"] ?? []) as Json[]).entries())
    pieces.push({
      call: omitUndefined({
        index: call["index"] ?? at,
        name: call["function"]?.name,
        arguments: call["function"]?.arguments,
      }),
    });
  return pieces;
}

const openai =
  (toPieces: (choice: Json) => Piece[]): Reader["body"] & Reader["event"] =>
  (json) => {
    const choices = (json["choices"] ?? []) as Json[];
    if (json["error"] || choices.length > 1 || choices.some(({ index }) => index > 0)) return undefined;
    const pieces = choices.flatMap((choice) => [
      ...toPieces(choice),
      ...(choice["finish_reason"] ? [{ finish: choice["finish_reason"] as string }] : []),
    ]);
    return [...pieces, ...chatUsage(json["usage"])];
  };
const completion = openai(({ text }) => (text ? [{ text }] : []));
const chat = openai(({ message, delta }) => ofMessage(message ?? delta ?? {}));

const messageFinish: Record<string, string> = { max_tokens: "length", tool_use: "tool_calls" };

const messageEnd = (reason: string | null | undefined, usage: Json | null | undefined): Piece[] => [
  ...(reason ? [{ finish: messageFinish[reason] ?? "stop" }] : []),
  ...(usage?.["output_tokens"]
    ? [
        {
          usage: {
            promptTokens: (usage["input_tokens"] ?? 0) + (usage["cache_read_input_tokens"] ?? 0),
            completionTokens: usage["output_tokens"],
            cachedTokens: usage["cache_read_input_tokens"] ?? 0,
          },
        },
      ]
    : []),
];

function ofBlock(block: Json, index: number, isWhole: boolean): Piece[] {
  if (block["type"] === "text") return block["text"] ? [{ text: block["text"] }] : [];
  if (block["type"] === "thinking") return block["thinking"] ? [{ reasoning: block["thinking"] }] : [];
  if (block["type"] !== "tool_use") return [];
  return [{ call: { index, name: block["name"], ...(isWhole ? { arguments: JSON.stringify(block["input"]) } : {}) } }];
}

const deltas: Record<string, (delta: Json, index: number) => Piece> = {
  text_delta: ({ text }) => ({ text }),
  thinking_delta: ({ thinking }) => ({ reasoning: thinking }),
  input_json_delta: ({ partial_json: part }, index) => ({ call: { index, arguments: part } }),
};

const messageEvents: Record<string, (event: Json) => Piece[]> = {
  content_block_start: (event) => ofBlock(event["content_block"], event["index"], false),
  content_block_delta: (event) => {
    const piece = deltas[event["delta"].type]?.(event["delta"], event["index"]);
    return piece ? [piece] : [];
  },
  message_delta: (event) => messageEnd(event["delta"].stop_reason, event["usage"]),
};

/** The output of a response, item by item; what it ended with. */
function ofResponse(response: Json, withOutput: boolean): Piece[] {
  const output = (response["output"] ?? []) as Json[];
  const isCalling = output.some(({ type }) => type === "function_call");
  const pieces = output.flatMap((item, index): Piece[] => {
    if (item["type"] === "function_call")
      return [{ call: { index, name: item["name"], arguments: item["arguments"] } }];
    if (item["type"] === "reasoning")
      return (item["summary"] as Json[]).map(({ text }): Piece => ({ reasoning: text }));
    return ((item["content"] ?? []) as Json[]).map(({ text }): Piece => ({ text: text ?? "" }));
  });
  const usage = response["usage"] as Json | null;
  return [
    ...(withOutput ? pieces : []),
    { finish: response["status"] === "incomplete" ? "length" : isCalling ? "tool_calls" : "stop" },
    ...(usage
      ? chatUsage({
          prompt_tokens: usage["input_tokens"] ?? usage["prompt_tokens"],
          completion_tokens: usage["output_tokens"] ?? usage["completion_tokens"],
          prompt_tokens_details: usage["input_tokens_details"] ?? usage["prompt_tokens_details"],
        })
      : []),
  ];
}

const responseEvents: Record<string, (event: Json) => Piece[]> = {
  "response.output_item.added": ({ item, output_index: index }) =>
    item.type === "function_call" ? [{ call: { index, name: item.name } }] : [],
  "response.output_text.delta": ({ delta }) => [{ text: delta }],
  "response.reasoning_summary_text.delta": ({ delta }) => [{ reasoning: delta }],
  "response.function_call_arguments.delta": ({ delta, output_index: index }) => [{ call: { index, arguments: delta } }],
  "response.completed": ({ response }) => ofResponse(response, false),
  "response.incomplete": ({ response }) => ofResponse(response, false),
};

const byType =
  (events: Record<string, (event: Json) => Piece[]>): Reader["event"] =>
  (event) =>
    event["type"] === "error" || event["error"] ? undefined : (events[event["type"]]?.(event) ?? []);

const readers: Record<string, Reader> = {
  completions: { body: completion, event: completion },
  chat: { body: chat, event: chat },
  messages: {
    body: (body) => [
      ...(body["content"] as Json[]).flatMap((block, index) => ofBlock(block, index, true)),
      ...messageEnd(body["stop_reason"], body["usage"]),
    ],
    event: byType(messageEvents),
  },
  responses: { body: (body) => ofResponse(body, true), event: byType(responseEvents) },
};

const finishes = new Set(["stop", "length", "tool_calls"]);
const span = (at: Ms): string => `${Math.round(at)}ms`;

/** What the pieces of one answer come to. */
function join(pieces: readonly (Piece & { at: Ms })[], took: Ms, isStream: boolean): ScriptAnswer {
  const answer: ScriptAnswer = { verbatim: true };
  const calls = new Map<number, { name: string; arguments: string }>();
  const chunks: { text: string; at: string }[] = [];
  for (const { text, reasoning, call, finish, usage, at } of pieces) {
    if (text !== undefined) chunks.push({ text, at: span(at) });
    if (reasoning !== undefined) answer.reasoning = (answer.reasoning ?? "") + reasoning;
    if (call) {
      const known = calls.get(call.index) ?? { name: call.name ?? "", arguments: "" };
      calls.set(call.index, { ...known, arguments: known.arguments + (call.arguments ?? "") });
    }
    if (finish !== undefined && finishes.has(finish)) answer.finishReason = finish as "stop";
    if (usage) answer.usage = usage;
  }
  if (isStream && chunks.length > 0) answer.chunks = chunks;
  else if (chunks.length > 0 || calls.size === 0) answer.text = chunks.map(({ text }) => text).join("");
  if (!answer.chunks) answer.took = span(took);
  if (calls.size > 0)
    answer.toolCalls = [...calls.values()].map(({ name, arguments: given }) => ({ name, arguments: given || "{}" }));
  return answer;
}

function attempt<T>(read: () => T | undefined): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** A body as a script has it: in words where it can be, so that it answers streams too; as it is where not. */
export function recordBody(endpoint: string, status: number, body: unknown, took: Ms): ScriptAnswer {
  const isReadable = status === 200 && typeof body === "object" && body !== null;
  const pieces = isReadable ? attempt(() => readers[endpoint]?.body(body)) : undefined;
  return pieces
    ? join(
        pieces.map((piece) => ({ ...piece, at: took })),
        took,
        false,
      )
    : { verbatim: true, ...(status === 200 ? {} : { status }), body };
}

/** A stream as a script has it: in words and with its timing; event by event where that cannot be. */
export function recordStream(endpoint: string, heard: readonly Heard[]): ScriptAnswer {
  const pieces: (Piece & { at: Ms })[] = [];
  let isInWords = readers[endpoint] !== undefined;
  for (const { data, at } of heard) {
    if (typeof data !== "object" || data === null) continue;
    const found = attempt(() => readers[endpoint]?.event(data));
    if (!found) isInWords = false;
    else pieces.push(...found.map((piece) => ({ ...piece, at })));
  }
  if (isInWords) return join(pieces, heard.at(-1)?.at ?? 0, true);
  const events = heard.map(({ data, event, at }) => ({
    data,
    ...(event === undefined ? {} : { event }),
    at: span(at),
  }));
  return { verbatim: true, events };
}
