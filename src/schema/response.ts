import { z } from "zod";

/** OpenAI's Responses API as Fireworks serves it; the request is open: what is not known is let through (inference §5.1). */

const part = z.looseObject({
  type: z.string(),
  text: z.string().nullish(),
  image_url: z.union([z.string(), z.looseObject({ url: z.string() })]).nullish(),
});
export type ResponsePart = z.infer<typeof part>;
const content = z.union([z.string(), z.array(part)]);

/** One thing that was said or done; without a type it is a message. */
const item = z.looseObject({
  type: z.string().nullish(),
  role: z.enum(["user", "assistant", "system", "developer"]).nullish(),
  content: content.nullish(),
  call_id: z.string().nullish(),
  tool_call_id: z.string().nullish(),
  name: z.string().nullish(),
  arguments: z.string().nullish(),
  output: content.nullish(),
  summary: z.array(z.looseObject({ text: z.string() })).nullish(),
});
export type ResponseItem = z.infer<typeof item>;

const functionTool = z.looseObject({
  type: z.string(),
  name: z.string().nullish(),
  description: z.string().nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
});
const tool = functionTool.extend({
  function: z
    .looseObject({
      name: z.string(),
      description: z.string().nullish(),
      parameters: z.record(z.string(), z.unknown()).nullish(),
    })
    .nullish(),
  tools: z.array(functionTool).nullish().describe("Of a namespace."),
});
export type ResponseTool = z.infer<typeof tool>;

const METADATA_MAX = 16;
const TOP_LOGPROBS_MAX = 5;

export const responseRequest = z.looseObject({
  model: z.string(),
  input: z.union([z.string(), z.array(item)]),
  previous_response_id: z.string().nullish(),
  instructions: z.string().nullish(),
  max_output_tokens: z.int().min(0).nullish(),
  max_tool_calls: z.int().min(1).nullish(),
  metadata: z
    .record(z.string(), z.unknown())
    .refine((pairs) => Object.keys(pairs).length <= METADATA_MAX, { error: `must have at most ${METADATA_MAX} pairs` })
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  reasoning: z.looseObject({ effort: z.string().nullish(), summary: z.string().nullish() }).nullish(),
  store: z.boolean().nullish(),
  stream: z.boolean().nullish(),
  background: z.boolean().nullish(),
  include: z.array(z.string()).nullish(),
  temperature: z
    .number()
    .refine((value) => value >= 0 && value <= 2, { error: "must be between 0 and 2" })
    .meta({ minimum: 0, maximum: 2 })
    .nullish(),
  text: z
    .looseObject({
      format: z
        .looseObject({
          type: z.enum(["text", "json_object", "json_schema"]),
          schema: z.record(z.string(), z.unknown()).nullish(),
        })
        .nullish(),
    })
    .nullish(),
  tool_choice: z
    .union([z.enum(["auto", "none", "required"]), z.looseObject({ type: z.string(), name: z.string().nullish() })])
    .nullish(),
  tools: z.array(tool).nullish(),
  top_p: z
    .number()
    .refine((value) => value >= 0 && value <= 1, { error: "must be between 0 and 1" })
    .meta({ minimum: 0, maximum: 1 })
    .nullish(),
  top_logprobs: z
    .int()
    .refine((value) => value >= 0 && value <= TOP_LOGPROBS_MAX, { error: `must be between 0 and ${TOP_LOGPROBS_MAX}` })
    .meta({ minimum: 0, maximum: TOP_LOGPROBS_MAX })
    .nullish(),
  truncation: z.enum(["auto", "disabled"]).nullish(),
  user: z.string().nullish(),
  prompt_cache_key: z.string().nullish(),
});
export type ResponseRequest = z.infer<typeof responseRequest>;

const statuses = ["queued", "in_progress", "completed", "failed", "incomplete", "cancelling", "cancelled"] as const;
export type ResponseStatus = (typeof statuses)[number];

const anyObject = z.record(z.string(), z.unknown());

export const responseObject = z.object({
  id: z.string(),
  created_at: z.int(),
  error: anyObject.nullable(),
  incomplete_details: z.object({ reason: z.string() }).nullable(),
  instructions: z.string().nullable(),
  metadata: anyObject,
  model: z.string(),
  object: z.literal("response"),
  output: z.array(anyObject).describe("Items of type `message`, `function_call` and `reasoning`."),
  parallel_tool_calls: z.boolean(),
  temperature: z.number(),
  tool_choice: z.union([z.string(), anyObject]),
  tools: z.array(anyObject),
  top_p: z.number(),
  max_output_tokens: z.int().nullable(),
  max_tool_calls: z.int().nullable(),
  previous_response_id: z.string().nullable(),
  reasoning: anyObject.nullable(),
  status: z.enum(statuses),
  text: anyObject.nullable(),
  truncation: z.string(),
  usage: anyObject.nullable().describe("In chat's words and in those of OpenAI's Responses; null until it is done."),
  user: z.string().nullable(),
  store: z.boolean(),
});
export type ResponseBody = z.infer<typeof responseObject>;

export const responseListQuery = z.object({
  limit: z.int().min(1).max(100).optional(),
  after: z.string().optional(),
  before: z.string().optional(),
});
export const responseList = z.object({
  object: z.literal("list"),
  data: z.array(responseObject),
  has_more: z.boolean(),
  first_id: z.string().nullable(),
  last_id: z.string().nullable(),
});
export const responseDeleted = z.object({ message: z.string() });
