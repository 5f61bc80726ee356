import type { ChatMessage, ChatRequest } from "../../schema/chat.ts";
import { ApiError } from "../error.ts";
import type { Schema } from "../generation/json-schema.ts";
import { countTokens } from "../generation/token.ts";
import type { Tool, ToolChoice, ToolUse } from "../generation/tools.ts";
import type { Piece } from "./prompt.ts";
import { image, template, wrap } from "./prompt.ts";
import type { GenerationRequest } from "./request.ts";
import { decodeSampling } from "./sampling-request.ts";

/** Images of one request, and their data together (inference §3.2). */
const IMAGES_MAX = 30;
const IMAGE_BYTES_MAX = 10_000_000;

const refuse = (message: string): ApiError => new ApiError("invalid_request_error", message);

const textOf = ({ content }: ChatMessage): string =>
  typeof content === "string" ? content : (content ?? []).map((part) => part.text ?? "").join("\n");

function piecesOf(message: ChatMessage, turn: boolean): Piece[] {
  const { role, content, reasoning_content: reasoning, tool_calls: calls } = message;
  const pieces: Piece[] = [];
  if (reasoning) pieces.push({ reasoning, turn });
  if (typeof content === "string") pieces.push(content);
  else for (const part of content ?? []) pieces.push(part.image_url || part.video_url ? image : (part.text ?? ""));
  if (calls?.length) pieces.push(JSON.stringify(calls));
  return pieces.length > 0 && role !== "" ? pieces : [""];
}

const imagesOf = ({ content }: ChatMessage): string[] =>
  Array.isArray(content) ? content.flatMap(({ image_url: found }) => (found ? [found.url] : [])) : [];

function checkImages(images: readonly string[]): void {
  if (images.length > IMAGES_MAX)
    throw refuse(`The number of images must be between 0 and ${IMAGES_MAX}: ${images.length}`);
  const size = images.reduce((sum, url) => sum + (url.startsWith("data:") ? url.length : 0), 0);
  if (size > IMAGE_BYTES_MAX) throw refuse(`The images are too large: ${size}, maximum ${IMAGE_BYTES_MAX}`);
}

type Functions = NonNullable<ChatRequest["functions"]>;

const toTools = (functions: Functions): Tool[] =>
  functions.map(({ name, description, parameters }) => ({
    name,
    description: description ?? "",
    parameters: (parameters as Schema | null | undefined) ?? undefined,
  }));

function toChoice({ tool_choice: choice, function_call: old, functions }: ChatRequest): ToolChoice {
  const given = choice ?? (functions && old ? old : undefined);
  if (given === undefined || given === "auto") return { mode: "auto" };
  if (given === "none") return { mode: "none" };
  if (typeof given === "string") return { mode: "required" };
  const name = "function" in given ? (given.function?.name ?? given.name) : given.name;
  if (!name) throw refuse("Field required, field: 'tool_choice.function'");
  return { mode: "named", name };
}

/** Deprecated `functions` are tools (inference §3.1). */
function toToolUse(body: ChatRequest): ToolUse {
  const functions = body.tools?.flatMap(({ function: each }) => (each ? [each] : [])) ?? body.functions ?? [];
  const [tools, choice] = [toTools(functions), toChoice(body)];
  checkChoice(tools, choice);
  return {
    tools,
    choice,
    parallel: body.parallel_tool_calls ?? true,
    afterTool: body.messages.at(-1)!.role === "tool",
  };
}

/** @throws ApiError for a choice that cannot be made */
export function checkChoice(tools: readonly Tool[], choice: ToolChoice): void {
  if (tools.length === 0 && (choice.mode === "required" || choice.mode === "named"))
    throw refuse("tool_choice is only allowed when tools are specified");
  if (choice.mode === "named" && !tools.some(({ name }) => name === choice.name))
    throw refuse(`tool_choice names a function that is not among the tools: ${choice.name}`);
}

/** The newest messages that fit into so many tokens; the last stays (inference §3.1, prompt_truncate_len). */
function truncate(messages: readonly ChatMessage[], length: number | null | undefined): readonly ChatMessage[] {
  if (typeof length !== "number") return messages;
  let [first, tokens] = [messages.length, 0];
  while (first > 0) {
    tokens += countTokens(textOf(messages[first - 1]!));
    if (tokens > length && first < messages.length) break;
    first -= 1;
  }
  return messages.slice(first);
}

/** What a conversation is to the generator, whichever endpoint it came by. @throws ApiError */
export function decodeConversation(
  messages: readonly ChatMessage[],
  toolUse: ToolUse,
): Pick<GenerationRequest, "prompts" | "continues" | "images" | "toolUse" | "content" | "turn"> {
  const lastUser = messages.findLastIndex(({ role }) => role === "user");
  const said = messages.map(textOf);
  const images = messages.flatMap(imagesOf);
  checkImages(images);
  const offered: Piece[] = toolUse.tools.length > 0 ? [JSON.stringify(toolUse.tools)] : [];
  const turns = messages.flatMap((message, at) => wrap(piecesOf(message, at > lastUser)));
  return {
    prompts: [
      { last: said[lastUser >= 0 ? lastUser : said.length - 1]!, said, pieces: [template, ...offered, ...turns] },
    ],
    continues: false,
    turn: messages.filter(({ role }) => role === "user").length,
    images,
    toolUse,
    content: JSON.stringify(toolUse.tools.length > 0 ? [messages, toolUse] : messages),
  };
}

/** POST /v1/chat/completions -> canonical request. @throws ApiError */
export function decodeChat(body: ChatRequest): GenerationRequest {
  const messages = truncate(body.messages, body.prompt_truncate_len);
  // no spread: an object of so many fields would be a slow one
  return Object.assign(
    decodeSampling(body),
    { endpoint: "chat" as const },
    decodeConversation(messages, toToolUse(body)),
  );
}
