import type { ChatMessage } from "../../schema/chat.ts";
import type { ResponseItem, ResponsePart, ResponseRequest, ResponseTool } from "../../schema/response.ts";
import { ApiError } from "../error.ts";
import type { Schema } from "../generation/json-schema.ts";
import type { Tool, ToolChoice, ToolUse } from "../generation/tools.ts";
import { checkChoice, decodeConversation } from "./chat-request.ts";
import type { GenerationRequest } from "./request.ts";
import { decodeSampling } from "./sampling-request.ts";

const refuse = (message: string): ApiError => new ApiError("invalid_request_error", message);

type Parts = Exclude<ChatMessage["content"], string | null | undefined>;

function toPart({ type, text, image_url: image }: ResponsePart): Parts[number] {
  if (type === "input_image") {
    const url = typeof image === "string" ? image : image?.url;
    if (!url) throw refuse("Field required, field: 'image_url'");
    return { type: "image_url", image_url: { url } };
  }
  if (!["input_text", "output_text", "text", "summary_text", "refusal"].includes(type))
    throw refuse(`Unsupported content type, field: 'type', value: ${type}`);
  return { type: "text", text: text ?? "" };
}

const toContent = (content: ResponseItem["content"]): string | Parts =>
  typeof content === "string" ? content : (content ?? []).map(toPart);

const roles: Record<string, string> = { developer: "system" };

/** What an item is in a chat. */
const decoders: Record<string, (item: ResponseItem) => ChatMessage> = {
  message: ({ role, content }) => {
    if (!role) throw refuse("Field required, field: 'input.role'");
    return { role: roles[role] ?? role, content: toContent(content) };
  },
  function_call: ({ call_id: id, name, arguments: given }) => ({
    role: "assistant",
    content: null,
    tool_calls: [{ id, type: "function", function: { name, arguments: given } }],
  }),
  function_call_output: ({ call_id: id, output }) => ({ role: "tool", tool_call_id: id, content: toContent(output) }),
  tool_output: ({ tool_call_id: id, output }) => ({ role: "tool", tool_call_id: id, content: toContent(output) }),
  reasoning: ({ summary }) => ({
    role: "assistant",
    content: null,
    reasoning_content: (summary ?? []).map(({ text }) => text).join("\n"),
  }),
};

/** What an assistant says in several items is one message of a chat. */
function join(before: ChatMessage, next: ChatMessage): ChatMessage {
  const calls = [...(before.tool_calls ?? []), ...(next.tool_calls ?? [])];
  return {
    ...before,
    content: before.content ?? next.content,
    ...(next.reasoning_content ? { reasoning_content: next.reasoning_content } : {}),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
}

function toMessages(input: ResponseRequest["input"]): ChatMessage[] {
  if (typeof input === "string") return [{ role: "user", content: input }];
  const messages: ChatMessage[] = [];
  for (const item of input) {
    const type = item.type ?? "message";
    const decode = Object.hasOwn(decoders, type) ? decoders[type] : undefined;
    if (!decode) throw refuse(`Unsupported input item type, field: 'input.type', value: ${type}`);
    const [message, last] = [decode(item), messages.at(-1)];
    const isOneTurn = message.role === "assistant" && last?.role === "assistant";
    if (isOneTurn && (last.content === null || message.content === null))
      messages[messages.length - 1] = join(last, message);
    else messages.push(message);
  }
  return messages;
}

type Given = Pick<ResponseTool, "name" | "description" | "parameters">;

function toTool({ name, description, parameters }: Given, prefix = ""): Tool {
  if (!name) throw refuse("Field required, field: 'tools.name'");
  return {
    name: prefix + name,
    description: description ?? "",
    parameters: (parameters as Schema | null | undefined) ?? undefined,
  };
}

/** Functions, and namespaces of them; tools that the service would run itself are not run here. */
function toTools(tool: ResponseTool): Tool[] {
  if (tool.type === "function") return [toTool(tool.function ?? tool)];
  if (tool.type === "namespace") return (tool.tools ?? []).map((each) => toTool(each, `${tool.name ?? ""}__`));
  if (tool.type.startsWith("web_search")) throw new ApiError("FORBIDDEN", "web_search is not enabled for this account");
  throw refuse(`The emulator does not run tools of this type, field: 'tools.type', value: ${tool.type}`);
}

function toToolUse(
  { tools, tool_choice: given, parallel_tool_calls: parallel, max_tool_calls: most }: ResponseRequest,
  messages: readonly ChatMessage[],
): ToolUse {
  const list = (tools ?? []).flatMap(toTools);
  const choice: ToolChoice =
    typeof given === "object" && given !== null ? { mode: "named", name: given.name ?? "" } : { mode: given ?? "auto" };
  checkChoice(list, choice);
  return {
    tools: list,
    choice,
    parallel: (parallel ?? true) && most !== 1,
    afterTool: messages.at(-1)!.role === "tool",
  };
}

const LOGPROBS = "message.output_text.logprobs";

/**
 * POST /v1/responses -> canonical request.
 * @param before what was said up to the response that this one goes on from
 * @returns with it the conversation so far, without its instructions
 * @throws ApiError
 */
export function decodeResponse(
  body: ResponseRequest,
  before: readonly ChatMessage[],
): { request: GenerationRequest; messages: ChatMessage[] } {
  const messages = [...before, ...toMessages(body.input)];
  if (messages.length === 0) throw refuse("Input should have at least 1 item, field: 'input', value: []");
  const { format } = body.text ?? {};
  const tellsLogprobs = body.include?.includes(LOGPROBS) ?? false;
  const said: ChatMessage[] = body.instructions
    ? [{ role: "system", content: body.instructions }, ...messages]
    : messages;
  const request = Object.assign(
    decodeSampling({
      model: body.model,
      max_tokens: body.max_output_tokens,
      stream: body.stream,
      temperature: body.temperature,
      top_p: body.top_p,
      user: body.user,
      prompt_cache_key: body.prompt_cache_key,
      logprobs: tellsLogprobs || undefined,
      top_logprobs: tellsLogprobs ? body.top_logprobs : undefined,
      reasoning_effort: body.reasoning?.effort,
      response_format: format
        ? { type: format.type, ...(format.type === "json_schema" ? { json_schema: format.schema } : {}) }
        : undefined,
    }),
    { endpoint: "responses" as const },
    decodeConversation(said, toToolUse(body, messages)),
  );
  return { request, messages };
}
