import { z } from "zod";
import { answerHeaders, bodyStatus } from "./answer-header.ts";
import { glob, pattern, wanted } from "./pattern.ts";

/** Canned answers, in files (`scripts/*.json` of a fixtures folder) and at `/__emulator/scripts`; one form for both. */

const endpoints = [
  "completions",
  "chat",
  "messages",
  "responses",
  "embeddings",
  "rerank",
  "systemone",
  "decisions",
] as const;

const scriptMatch = z
  .strictObject({
    endpoint: z.enum(endpoints),
    model: glob,
    deployment: glob,
    account: z.string(),
    lastUserMessage: pattern,
    anyMessage: pattern,
    prompt: pattern.describe("Everything that was said."),
    tools: z.array(z.string()).describe("Functions that must all be offered."),
    responseFormat: z.enum(["text", "json", "grammar"]),
    turn: z.int().min(1).describe("How many messages the user has said."),
    nth: z.int().min(1).describe("Only the nth request that matches everything else."),
    header: wanted(pattern),
  })
  .partial();
export type ScriptMatch = z.infer<typeof scriptMatch>;

const toolCall = z.strictObject({
  name: z.string(),
  arguments: z.union([z.string(), z.record(z.string(), z.unknown())]).default({}),
});

const offset = z
  .string()
  .describe("A span since the request, such as `120ms`; it counts where answers take their time.");

const chunk = z.union([
  z.string(),
  z.strictObject({
    text: z.string(),
    at: offset.optional(),
    logprob: z.number().max(0).optional(),
    topLogprobs: z.record(z.string(), z.number().max(0)).optional(),
  }),
]);
export type ScriptChunk = z.infer<typeof chunk>;

const event = z.strictObject({
  data: z.unknown().describe("A text as it is, anything else as JSON."),
  event: z
    .string()
    .regex(/^[^\r\n\0]*$/, "expected one line")
    .optional(),
  at: offset.optional(),
});

const scriptAnswer = z
  .strictObject({
    text: z.string().describe("May quote the request: `{{lastUserMessage}}`, `{{model}}`, `{{1}}`."),
    reasoning: z.string(),
    toolCalls: z.array(toolCall),
    chunks: z.array(chunk).describe("The text, in the chunks that a stream has."),
    finishReason: z.enum(["stop", "length", "tool_calls"]),
    usage: z
      .strictObject({
        promptTokens: z.int().nonnegative(),
        completionTokens: z.int().nonnegative(),
        cachedTokens: z.int().nonnegative(),
      })
      .partial(),
    error: z.strictObject({ code: z.string(), message: z.string().optional() }),
    status: bodyStatus.describe("Of `body`."),
    body: z.unknown().describe("Sent as it is."),
    events: z.array(event).min(1).describe("A stream of server-sent events, sent as they are."),
    headers: answerHeaders,
    took: offset.describe("How long the answer took; it counts where answers take their time."),
    verbatim: z.boolean().describe("`{{...}}` means nothing, as in a recording."),
  })
  .partial()
  .refine(
    (answer) =>
      Object.keys(answer).some((key) =>
        ["text", "reasoning", "toolCalls", "chunks", "error", "body", "events"].includes(key),
      ),
    "give one of text, reasoning, toolCalls, chunks, error, body, events",
  );
export type ScriptAnswer = z.infer<typeof scriptAnswer>;

export const script = z.strictObject({
  id: z.string().min(1).optional(),
  match: scriptMatch.default({}),
  respond: z
    .union([scriptAnswer, z.array(scriptAnswer).min(1)])
    .describe("One answer, or a sequence: each match gets the next, the last goes on."),
});
export type Script = z.infer<typeof script> & { id: string };

export const scriptsFile = z.strictObject({ $schema: z.string().optional(), scripts: z.array(script) });

export const scriptState = script.extend({
  id: z.string(),
  source: z.string().describe("The file, or `api`."),
  matched: z.int().describe("Requests that it has answered, or was asked to by all but `nth`."),
});
