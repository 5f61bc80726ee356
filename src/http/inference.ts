import type { z } from "zod";
import { chatFormat, completionFormat } from "../core/codec/format.ts";
import type { GenerationRequest } from "../core/codec/request.ts";
import { decodeChat } from "../core/codec/chat-request.ts";
import { decodeCompletion } from "../core/codec/completion-request.ts";
import { messageFormat } from "../core/codec/message-format.ts";
import { decodeMessage } from "../core/codec/message-request.ts";
import { translate } from "../core/codec/shim.ts";
import { Memo } from "../core/memo.ts";
import { accountOf, resourceName } from "../core/name.ts";
import { parseTimestamp, SECOND } from "../core/time.ts";
import { demandActive } from "../engine/permission.ts";
import type { World } from "../engine/world.ts";
import { chatRequest, chatResponse, modelList } from "../schema/chat.ts";
import { completionRequest, completionResponse } from "../schema/completion.ts";
import { messageRequest, messageResponse } from "../schema/message.ts";
import { modelNotFound } from "../engine/routing.ts";
import { answer } from "./answer.ts";
import { decodeInferenceBody } from "./body.ts";
import type { Route } from "./route.ts";

/** Test suites and load tools ask the same again and again; up to this many bodies of this length are remembered. */
const MEMO_ENTRIES = 512;
const MEMO_LENGTH = 16_384;

/** Decodes bodies; what comes a second time is remembered. */
function remembered(decode: (text: string) => GenerationRequest): (text: string) => GenerationRequest {
  const memo = new Memo<GenerationRequest>(MEMO_ENTRIES, MEMO_LENGTH);
  return (body) => memo.get(body, (text, again) => Object.assign(decode(text), { again }));
}

const toCompletion = remembered((text) => decodeCompletion(decodeInferenceBody(completionRequest, text, translate)));
const toChat = remembered((text) => decodeChat(decodeInferenceBody(chatRequest, text, translate)));
const toMessage = remembered((text) => decodeMessage(decodeInferenceBody(messageRequest, text)));

/** Every inference route answers under both prefixes: the official SDK drops the first (inference §1.1). */
export const both = (path: string): Pick<Route, "path" | "aliases"> => ({
  path: `/inference/v1${path}`,
  aliases: [`/v1${path}`],
});

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
      handle: (call) => answer(call, toCompletion(call.text), completionFormat, "cmpl-"),
    },
    {
      method: "POST",
      ...both("/chat/completions"),
      plane: "inference",
      tag: "Inference",
      summary: "Answer a conversation",
      body: chatRequest,
      result: chatResponse,
      handle: (call) => answer(call, toChat(call.text), chatFormat, "chatcmpl-"),
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
      handle: (call) => answer(call, toMessage(call.text), messageFormat, "msg_"),
    },
    {
      method: "GET",
      ...both("/models"),
      plane: "inference",
      tag: "Inference",
      summary: "List the models that can be called",
      result: modelList,
      handle: (call) => {
        demandActive(call.world, call.account);
        return { body: { object: "list", data: listModels(call.world) } };
      },
    },
    {
      method: "GET",
      ...both("/models/accounts/{account_id}/models/{model_id}"),
      plane: "inference",
      tag: "Inference",
      summary: "One callable model by its full name",
      handle: ({ world, account, params }) => {
        const body = getModel(world, resourceName(params["account_id"]!, "models", params["model_id"]!));
        demandActive(world, account);
        return { body };
      },
    },
  ];
}
