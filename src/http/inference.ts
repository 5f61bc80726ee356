import type { z } from "zod";
import { chatFormat, completionFormat, joinStream } from "../core/codec/format.ts";
import type { Format } from "../core/codec/format.ts";
import type { GenerationRequest } from "../core/codec/request.ts";
import { decodeChat } from "../core/codec/chat-request.ts";
import { decodeCompletion } from "../core/codec/completion-request.ts";
import { messageFormat } from "../core/codec/message-format.ts";
import { decodeMessage } from "../core/codec/message-request.ts";
import { translate } from "../core/codec/shim.ts";
import { Memo } from "../core/memo.ts";
import { accountOf, resourceName } from "../core/name.ts";
import { parseTimestamp, SECOND } from "../core/time.ts";
import type { Served } from "../engine/inference.ts";
import { hangUp, serve } from "../engine/inference.ts";
import { isPaced, waitUntil } from "../engine/waiting.ts";
import { findCanned } from "../engine/scripts.ts";
import { PRODUCT } from "../engine/version.ts";
import type { World } from "../engine/world.ts";
import { chatRequest, chatResponse, modelList } from "../schema/chat.ts";
import { completionRequest, completionResponse } from "../schema/completion.ts";
import { messageRequest, messageResponse } from "../schema/message.ts";
import { modelNotFound } from "../engine/routing.ts";
import { decodeInferenceBody } from "./body.ts";
import { record } from "./journal.ts";
import type { Frame } from "./paced.ts";
import { toFrames, toPacedBody } from "./paced.ts";
import { perfHeaders, perfMetrics } from "./perf.ts";
import { callerOf, headerOf, pathOf } from "./header.ts";
import type { Call, Reply, Route } from "./route.ts";

/** Test suites and load tools ask the same again and again; up to this many bodies of this length are remembered. */
const MEMO_ENTRIES = 512;
const MEMO_LENGTH = 16_384;
const completions = new Memo<GenerationRequest>(MEMO_ENTRIES, MEMO_LENGTH);
const chats = new Memo<GenerationRequest>(MEMO_ENTRIES, MEMO_LENGTH);
const toCompletion = (text: string): GenerationRequest =>
  decodeCompletion(decodeInferenceBody(completionRequest, text, translate));
const messages = new Memo<GenerationRequest>(MEMO_ENTRIES, MEMO_LENGTH);
const toMessage = (text: string): GenerationRequest => decodeMessage(decodeInferenceBody(messageRequest, text));
const toChat = (text: string): GenerationRequest => decodeChat(decodeInferenceBody(chatRequest, text, translate));

/** Every inference route answers under both prefixes: the official SDK drops the first (inference §1.1). */
const both = (path: string): Pick<Route, "path" | "aliases"> => ({
  path: `/inference/v1${path}`,
  aliases: [`/v1${path}`],
});

/** A body is there when its last token is; a client that goes before frees the replica. */
async function waitForEnd(call: Call, served: Served): Promise<void> {
  const { signal } = call.context.req.raw;
  await waitUntil(call.world, served.flight.endAt, signal);
  if (signal.aborted) hangUp(call.world, served);
}

/** A stream begins with its first token: until then nothing is sent, not even headers. */
async function toPaced(call: Call, served: Served, frames: readonly Frame[], entry: number): Promise<ReadableStream> {
  const { world, context } = call;
  const { signal } = context.req.raw;
  const { firstTokenAt, endAt } = served.flight;
  const leave = (chunks: number): void => {
    hangUp(world, served);
    world.parts.store.cutJournal({ id: entry, chunks, endAt: world.now });
  };
  await waitUntil(world, world.parts.clock.mode === "skip" ? endAt : firstTokenAt, signal);
  if (signal.aborted) leave(0);
  return toPacedBody(world, frames, leave);
}

/** Writes the stream down, and tells it: at once, or in its time. */
function stream(
  call: Call,
  served: Served,
  format: Format,
  isInTime: boolean,
  requestId: string,
): string | Promise<ReadableStream> {
  const { config } = call.world.parts;
  const options = { usage: config.streamUsage, chunkTokens: config.chunkTokens };
  const { firstTokenAt, endAt } = served.flight;
  // the journal keeps the answer as one body: what was said, without the framing
  const note = (chunks: number): number =>
    record(call, pathOf(call.context.req.url), 200, requestId, JSON.stringify(format.toBody(served.answer)), {
      chunks,
      firstTokenAt,
      endAt,
    });
  if (isInTime) {
    const frames = toFrames(format, served.answer, options, served.flight);
    return toPaced(call, served, frames, note(frames.length));
  }
  const { text, chunks } = joinStream(format, served.answer, options);
  note(chunks);
  return text;
}

async function answer(
  call: Call,
  request: GenerationRequest,
  format: Format,
  idPrefix: string,
): Promise<Reply | Response> {
  const caller = callerOf(call);
  const canned = findCanned(call.world, request, caller);
  if (canned?.type === "body") return canned;
  const served: Served = await serve(call.world, request, caller, idPrefix, canned);
  if (request.perfMetrics) served.answer.perfMetrics = perfMetrics(served);
  call.note.deployment = served.target.deployment?.name ?? "";
  call.note.model = served.answer.model;
  const requestId = headerOf(call.context, "x-request-id") ?? served.answer.id;
  const headers = Object.assign(perfHeaders(served, request.stream), canned?.headers);
  const paced = isPaced(call.world);
  if (!request.stream && paced) await waitForEnd(call, served);
  if (!request.stream)
    return { body: format.toBody(served.answer), headers: { "x-request-id": requestId, ...headers } };
  const text = await stream(call, served, format, paced, requestId);
  return new Response(text, {
    headers: {
      "content-type": "text/event-stream",
      "cache-control": "no-cache",
      "x-emulator": PRODUCT,
      "x-request-id": requestId,
      ...headers,
    },
  });
}

function listModels(world: World): z.infer<typeof modelList>["data"] {
  return [...world.parts.catalog.models.values()]
    .filter((model) => model.supportsServerless)
    .map((model) => ({
      id: model.name,
      object: "model" as const,
      owned_by: accountOf(model.name),
      created: Math.floor(parseTimestamp(model.createTime!)! / SECOND),
      kind: model.kind,
      supports_chat: model.kind !== "FLUMINA_BASE_MODEL",
      supports_image_input: model.supportsImageInput,
      supports_tools: model.supportsTools,
      context_length: model.contextLength,
    }));
}

function getModel(world: World, name: string): object {
  const model = listModels(world).find(({ id }) => id === name);
  if (!model) throw modelNotFound();
  return model;
}

/** The inference API (inference §1.2). */
export function inferenceRoutes(): Route[] {
  return [
    {
      method: "POST",
      ...both("/completions"),
      plane: "inference",
      tag: "Inference",
      summary: "Complete a prompt",
      body: completionRequest,
      result: completionResponse,
      handle: (call) => answer(call, completions.get(call.text, toCompletion), completionFormat, "cmpl-"),
    },
    {
      method: "POST",
      ...both("/chat/completions"),
      plane: "inference",
      tag: "Inference",
      summary: "Answer a conversation",
      body: chatRequest,
      result: chatResponse,
      handle: (call) => answer(call, chats.get(call.text, toChat), chatFormat, "chatcmpl-"),
    },
    {
      method: "POST",
      ...both("/messages"),
      plane: "inference",
      errors: "anthropic",
      tag: "Inference",
      summary: "Answer a conversation, in Anthropic's format",
      body: messageRequest,
      result: messageResponse,
      handle: (call) => answer(call, messages.get(call.text, toMessage), messageFormat, "msg_"),
    },
    {
      method: "GET",
      ...both("/models"),
      plane: "inference",
      tag: "Inference",
      summary: "List the models that can be called",
      result: modelList,
      handle: (call) => ({ body: { object: "list", data: listModels(call.world) } }),
    },
    {
      method: "GET",
      ...both("/models/accounts/{account_id}/models/{model_id}"),
      plane: "inference",
      tag: "Inference",
      summary: "One callable model by its full name",
      handle: ({ world, params }) => ({
        body: getModel(world, resourceName(params["account_id"]!, "models", params["model_id"]!)),
      }),
    },
  ];
}
