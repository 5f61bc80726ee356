import type { z } from "zod";
import { responseFormat, toResponse, toSaid } from "../core/codec/response-format.ts";
import { decodeResponse } from "../core/codec/response-request.ts";
import { ApiError } from "../core/error.ts";
import { demandActive } from "../engine/permission.ts";
import * as engine from "../engine/responses.ts";
import type { ResponseRequest } from "../schema/response.ts";
import * as schema from "../schema/response.ts";
import type { Begun } from "./answer.ts";
import { begin, deliver } from "./answer.ts";
import { decodeInferenceBody } from "./body.ts";
import { both } from "./inference.ts";
import type { Call, Reply, Route } from "./route.ts";

/** What a background response cannot be. @throws ApiError */
function checkBackground({ background, stream, store }: ResponseRequest): void {
  if (!background) return;
  if (stream) throw new ApiError("invalid_request_error", "background and stream cannot both be set");
  if (store === false) throw new ApiError("invalid_request_error", "background requires store to be true");
}

/** Keeps an answer so that it can be looked at and gone on from; in the background, or in its time, it is not done yet. */
function keep(
  call: Call,
  asked: ResponseRequest,
  { served, isPaced }: Begun,
  before: engine.StoredResponse["messages"],
) {
  const { answer, flight, target } = served;
  const isBackground = asked.background ?? false;
  return engine.keepResponse(call.world, {
    id: answer.id,
    account: call.account,
    body: toResponse(answer, asked),
    messages: [...before, toSaid(answer)],
    flight,
    deployment: target.deployment?.name,
    isBackground,
    doneAt: isPaced ? flight.endAt : isBackground ? null : call.world.now,
    cancelledAt: null,
  });
}

async function create(call: Call): Promise<Reply | Response> {
  const asked = decodeInferenceBody(schema.responseRequest, call.text);
  checkBackground(asked);
  const { previous_response_id: id } = asked;
  const before = id ? engine.findResponse(call.world, call, id, "Previous response").messages : [];
  const { request, messages } = decodeResponse(asked, before);
  const begun = await begin(call, request, "resp_");
  if (!("served" in begun)) return begun;
  const kept = asked.store === false ? undefined : keep(call, asked, begun, messages);
  if (kept?.isBackground) return { body: engine.showResponse(call.world, kept), headers: begun.headers };
  return deliver(call, begun, responseFormat(asked), kept && (() => engine.endEarly(call.world, kept)));
}

function find(call: Call): engine.StoredResponse {
  demandActive(call.world, call.account);
  return engine.findResponse(call.world, call, call.params["response_id"]!);
}

const LIMIT_DEFAULT = 20;

function list(call: Call): z.infer<typeof schema.responseList> {
  const { world, account, query } = call;
  demandActive(world, account);
  const { limit = LIMIT_DEFAULT, after, before } = query as z.infer<typeof schema.responseListQuery>;
  const { data, hasMore } = engine.listResponses(world, call, limit, after, before);
  return {
    object: "list",
    data: data.map((each) => engine.showResponse(world, each)),
    has_more: hasMore,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
  };
}

/** OpenAI's Responses (inference §5.1). */
export function responseRoutes(): Route[] {
  const own = { plane: "inference", errors: "responses", tag: "Inference" } as const;
  const [all, one] = [both("/responses"), both("/responses/{response_id}")];
  return [
    {
      ...own,
      ...all,
      method: "POST",
      summary: "Answer, in the format of OpenAI's Responses; stored for 30 days unless `store` is false",
      body: schema.responseRequest,
      result: schema.responseObject,
      handle: create,
    },
    {
      ...own,
      ...all,
      method: "GET",
      summary: "List stored responses, the newest first",
      query: schema.responseListQuery,
      result: schema.responseList,
      handle: (call) => ({ body: list(call) }),
    },
    {
      ...own,
      ...one,
      method: "GET",
      summary: "Show a stored response; a background one as far as it is",
      result: schema.responseObject,
      handle: (call) => ({ body: engine.lookAtResponse(call.world, find(call)) }),
    },
    {
      ...own,
      ...one,
      method: "DELETE",
      summary: "Delete a stored response",
      result: schema.responseDeleted,
      handle: (call) => {
        engine.forgetResponse(call.world, find(call).id);
        call.world.saver.soon();
        return { body: { message: "Response deleted successfully" } };
      },
    },
    {
      ...own,
      ...both("/responses/{response_id}/cancel"),
      method: "POST",
      summary: "Cancel a background response that is not done",
      result: schema.responseObject,
      handle: (call) => ({ body: engine.cancelResponse(call.world, find(call)) }),
    },
  ];
}
