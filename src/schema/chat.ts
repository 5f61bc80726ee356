import { z } from "zod";
import { choiceExtras, logprobs, usage } from "./completion.ts";
import { samplingFields } from "./sampling.ts";

const functionCall = z.strictObject({
  name: z.string().nullish(),
  arguments: z.union([z.string(), z.record(z.string(), z.unknown())]).nullish(),
});

const toolCall = z.strictObject({
  index: z.int().nullish(),
  id: z.string().nullish(),
  type: z.literal("function").nullish(),
  function: z.union([functionCall, z.string()]),
});

const contentPart = z.strictObject({
  type: z.string(),
  text: z.string().nullish(),
  image_url: z.strictObject({ url: z.string(), detail: z.string().nullish() }).nullish(),
  video_url: z
    .strictObject({
      url: z.string(),
      detail: z.string().nullish(),
      max_frames: z.int().nullish(),
      spatial_limit: z.int().nullish(),
      sample_fps: z.number().nullish(),
    })
    .nullish(),
});

/** Only these keys: `name`, `refusal` and the like are refused (inference §3.2). */
const chatMessage = z.strictObject({
  role: z.string(),
  content: z.union([z.string(), z.array(contentPart)]).nullish(),
  reasoning_content: z.string().nullish(),
  tool_calls: z.array(toolCall).nullish(),
  tool_call_id: z.string().nullish(),
});
export type ChatMessage = z.infer<typeof chatMessage>;

const toolFunction = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
  description: z.string().nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
  strict: z.boolean().nullish(),
});

const functionName = z.strictObject({ name: z.string() });

/** POST /v1/chat/completions: a closed schema (inference §3.1). */
export const chatRequest = z.strictObject({
  ...samplingFields,
  messages: z.array(chatMessage).min(1),
  tools: z.array(z.strictObject({ type: z.literal("function"), function: toolFunction.nullish() })).nullish(),
  tool_choice: z
    .union([
      z.enum(["auto", "none", "any", "required"]),
      z.strictObject({ type: z.literal("function"), function: functionName.nullish(), name: z.string().nullish() }),
    ])
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  functions: z.array(toolFunction).nullish(),
  function_call: z.union([z.enum(["auto", "none"]), functionName]).nullish(),
  prompt_truncate_len: z.int().min(0).nullish(),
  safe_tokenization: z.boolean().nullish(),
});
export type ChatRequest = z.infer<typeof chatRequest>;

export const chatResponse = z.object({
  id: z.string(),
  object: z.literal("chat.completion"),
  created: z.int(),
  model: z.string(),
  choices: z.array(
    z.object({
      index: z.int(),
      message: z.object({
        role: z.literal("assistant"),
        content: z.string().nullable(),
        reasoning_content: z.string().optional(),
        tool_calls: z.array(toolCall).optional(),
      }),
      finish_reason: z.enum(["stop", "length", "tool_calls"]),
      logprobs: logprobs.optional(),
      ...choiceExtras,
    }),
  ),
  usage,
});

/** GET /v1/models: callable models in OpenAI's shape (inference §1.5). */
export const modelList = z.object({
  object: z.literal("list"),
  data: z.array(
    z.object({
      id: z.string(),
      object: z.literal("model"),
      owned_by: z.string(),
      created: z.int(),
      kind: z.string(),
      supports_chat: z.boolean(),
      supports_image_input: z.boolean(),
      supports_tools: z.boolean(),
      context_length: z.int(),
    }),
  ),
});
