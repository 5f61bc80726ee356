import type { ChatMessage } from "../../schema/chat.ts";
import type { MessageBlock, MessageRequest } from "../../schema/message.ts";
import { ApiError } from "../error.ts";
import type { ToolChoice, ToolUse } from "../generation/tools.ts";
import { checkChoice, decodeConversation } from "./chat-request.ts";
import type { GenerationRequest } from "./request.ts";
import { decodeSampling } from "./sampling-request.ts";

const refuse = (message: string): ApiError => new ApiError("invalid_request_error", message);

/** A budget of thinking is an effort (inference §5.4). */
const HIGH_FROM = 10_000;
const MEDIUM_FROM = 5_000;

type Source = Extract<MessageBlock, { type: "image" }>["source"];
type Parts = Exclude<ChatMessage["content"], string | null | undefined>;
type Plain = Extract<MessageBlock, { type: "text" | "image" }>;

const urlOf = (source: Source): string =>
  source.type === "url" ? source.url : `data:${source.media_type};base64,${source.data}`;

const toPart = (block: Plain): Parts[number] =>
  block.type === "text"
    ? { type: "text", text: block.text }
    : { type: "image_url", image_url: { url: urlOf(block.source) } };

const isPlain = (block: MessageBlock): block is Plain => block.type === "text" || block.type === "image";

/** One message's blocks as messages of chat: results of tools are messages of their own, before what the user says. */
function toMessages(role: "user" | "assistant", content: string | MessageBlock[]): ChatMessage[] {
  if (typeof content === "string") return [{ role, content }];
  const messages: ChatMessage[] = [];
  for (const block of content)
    if (block.type === "tool_result") {
      const { tool_use_id: id, content: result } = block;
      messages.push({
        role: "tool",
        tool_call_id: id,
        content: typeof result === "string" ? result : (result ?? []).map(toPart),
      });
    }
  const parts = content.filter(isPlain).map(toPart);
  const thoughts = content.flatMap((block) => (block.type === "thinking" ? [block.thinking] : []));
  const calls = content.flatMap((block) => (block.type === "tool_use" ? [block] : []));
  if (parts.length + thoughts.length + calls.length === 0) return messages;
  return [
    ...messages,
    {
      role,
      content: parts,
      ...(thoughts.length > 0 ? { reasoning_content: thoughts.join("\n") } : {}),
      ...(calls.length > 0
        ? {
            tool_calls: calls.map(({ id, name, input }) => ({
              id,
              type: "function" as const,
              function: { name, arguments: JSON.stringify(input) },
            })),
          }
        : {}),
    },
  ];
}

const choices: Record<string, "auto" | "none" | "required"> = { auto: "auto", none: "none", any: "required" };

function toToolUse({ tools = [], tool_choice: given, messages }: MessageRequest): ToolUse {
  const choice: ToolChoice =
    given?.type === "tool" ? { mode: "named", name: given.name } : { mode: choices[given?.type ?? "auto"]! };
  const list = tools.map(({ name, description, input_schema: parameters }) => ({
    name,
    description: description ?? "",
    parameters,
  }));
  checkChoice(list, choice);
  const last = messages.at(-1)!;
  return {
    tools: list,
    choice,
    parallel: !(given && "disable_parallel_tool_use" in given && given.disable_parallel_tool_use),
    afterTool: Array.isArray(last.content) && last.content.some(({ type }) => type === "tool_result"),
  };
}

function toEffort({ thinking, output_config: config }: MessageRequest): string | undefined {
  if (thinking?.type === "disabled") return "none";
  if (config?.effort) return config.effort;
  if (thinking?.type !== "enabled") return undefined;
  const { budget_tokens: budget } = thinking;
  return budget >= HIGH_FROM ? "high" : budget >= MEDIUM_FROM ? "medium" : "low";
}

/** What thinking forbids (inference §5.4). */
function checkThinking({ thinking, tool_choice: choice, messages, max_tokens: most }: MessageRequest): void {
  if (!thinking || thinking.type === "disabled") return;
  if (thinking.type === "enabled" && thinking.budget_tokens >= most!)
    throw refuse("max_tokens must be greater than thinking.budget_tokens");
  if (choice?.type === "any" || choice?.type === "tool")
    throw refuse("Thinking may not be enabled when tool_choice forces tool use");
  if (messages.at(-1)!.role === "assistant")
    throw refuse("Thinking may not be enabled when the assistant's message is prefilled");
}

/** POST /v1/messages -> canonical request. @throws ApiError */
export function decodeMessage(body: MessageRequest): GenerationRequest {
  if (typeof body.max_tokens !== "number" || body.max_tokens < 1)
    throw refuse("max_tokens is required and must be > 0");
  checkThinking(body);
  const system = typeof body.system === "string" ? body.system : (body.system ?? []).map(({ text }) => text).join("\n");
  const format = body.output_config?.format ?? body.output_format;
  const first: ChatMessage[] = system === "" ? [] : [{ role: "system", content: system }];
  const messages = [...first, ...body.messages.flatMap(({ role, content }) => toMessages(role, content))];
  if (messages.length === 0) throw refuse("messages: at least one message with content is required");
  return Object.assign(
    decodeSampling({
      model: body.model,
      max_tokens: body.max_tokens,
      stop: body.stop_sequences,
      stream: body.stream,
      temperature: body.temperature,
      top_k: body.top_k,
      top_p: body.top_p,
      raw_output: body.raw_output,
      user: body.metadata?.user_id,
      reasoning_effort: toEffort(body),
      response_format: format ? { type: "json_schema", json_schema: format.schema } : undefined,
    }),
    { endpoint: "messages" as const },
    decodeConversation(messages, toToolUse(body)),
  );
}
