import type { Format } from "../core/codec/format.ts";
import { joinStream } from "../core/codec/format.ts";
import type { GenerationRequest } from "../core/codec/request.ts";
import type { Served } from "../engine/inference.ts";
import { hangUp } from "../engine/boarding.ts";
import { serve } from "../engine/inference.ts";
import type { Canned } from "../engine/canned.ts";
import { findCanned, toQuestion } from "../engine/canned.ts";
import { PRODUCT } from "../engine/version.ts";
import { isPaced, waitUntil } from "../engine/waiting.ts";
import { forward, isForwarded } from "./forward.ts";
import { callerOf, headerOf, pathOf, wireOf } from "./header.ts";
import { toSend } from "./large.ts";
import { newRequestId, record } from "./journal.ts";
import { PacedBody, planOf, toPlan } from "./paced.ts";
import { perfHeaders, perfMetrics } from "./perf.ts";
import type { Call, Reply } from "./route.ts";

/** A request that was served, and how its answer is told. */
export interface Begun {
  served: Served;
  headers: Record<string, string>;
  /** Whether it comes in its time, or at once. */
  isPaced: boolean;
}

/** A stream's answer; the server hears of a body that it can pour. */
function streamed({ context }: Call, body: string | PacedBody, headers: Record<string, string>): Response {
  const response = new Response(typeof body === "string" ? toSend(body) : body, {
    headers: {
      "content-type": "text/event-stream",
      "cache-control": "no-cache",
      "x-emulator": PRODUCT,
      ...headers,
    },
  });
  if (typeof body !== "string") wireOf(context).paced = { body, response };
  return response;
}

/** A stream as a script has it, event by event. */
async function replay(call: Call, { frames, headers }: Extract<Canned, { type: "stream" }>): Promise<Response> {
  const { world, context } = call;
  const path = pathOf(context.req.url);
  const requestId =
    headerOf(context, "x-request-id") ?? newRequestId(world, "inference", context.req.method, path, call.text);
  const text = frames.map((frame) => frame.text).join("");
  const [first, last] = [frames[0]!.at, frames.at(-1)!.at].map((at) => world.now + at) as [number, number];
  record(call, path, 200, requestId, text, { chunks: frames.length, firstTokenAt: first, endAt: last });
  const plan = toPlan((add) => frames.forEach((frame) => add(frame.text, world.now + frame.at)));
  if (isPaced(world) && world.parts.clock.mode === "skip") await waitUntil(world, last, context.req.raw.signal);
  const body = isPaced(world) ? new PacedBody(world, plan, () => {}) : text;
  return streamed(call, body, { "x-request-id": requestId, ...headers });
}

/**
 * Takes a request on, or finds what a script has for it.
 * @throws ApiError as `serve` does
 */
export async function begin(
  call: Call,
  request: GenerationRequest,
  idPrefix: string,
): Promise<Begun | Reply | Response> {
  const caller = callerOf(call);
  const canned = findCanned(call.world, () => toQuestion(request), caller);
  if (canned?.type === "body") return canned;
  if (canned?.type === "stream") return replay(call, canned);
  if (!canned && isForwarded(call)) return forward(call, toQuestion(request));
  const served = await serve(call.world, request, caller, idPrefix, canned);
  if (request.perfMetrics) served.answer.perfMetrics = perfMetrics(served);
  call.note.deployment = served.target.deployment?.name ?? "";
  call.note.model = served.answer.model;
  const requestId = headerOf(call.context, "x-request-id") ?? served.answer.id;
  const headers = { "x-request-id": requestId, ...perfHeaders(served, request.stream) };
  if (canned) Object.assign(headers, canned.headers);
  return { served, headers, isPaced: isPaced(call.world) };
}

/** The client goes before the end: its replica is free, and the journal knows how much was told. */
const leaving =
  ({ world }: Call, { flight, target }: Served, entry: number, onLeave: (() => void) | undefined) =>
  (chunks: number): void => {
    onLeave?.();
    hangUp(world, flight, target.deployment?.name);
    world.parts.store.cutJournal({ id: entry, chunks, endAt: world.now });
  };

/** Writes the stream down, and tells it: at once, or in its time. */
async function toStream(
  call: Call,
  { served, headers, isPaced: isInTime }: Begun,
  format: Format,
  onLeave: (() => void) | undefined,
): Promise<string | PacedBody> {
  const { world, context } = call;
  const { config, clock } = world.parts;
  const options = { usage: config.streamUsage, chunkTokens: config.chunkTokens };
  const { firstTokenAt, endAt } = served.flight;
  // the journal keeps the answer as one body: what was said, without the framing
  const note = (chunks: number): number => {
    const body = format.toBody(served.answer);
    return record(call, pathOf(context.req.url), 200, headers["x-request-id"]!, body, { chunks, firstTokenAt, endAt });
  };
  if (!isInTime) {
    const { text, chunks } = joinStream(format, served.answer, options);
    note(chunks);
    return text;
  }
  const plan = planOf(format, served, options);
  const leave = leaving(call, served, note(plan.ends.length), onLeave);
  const { signal } = context.req.raw;
  // a stream begins with its first token: until then nothing is sent, not even headers
  await waitUntil(world, clock.mode === "skip" ? endAt : firstTokenAt, signal);
  if (signal.aborted) leave(0);
  return new PacedBody(world, plan, leave);
}

/**
 * Tells an answer: as one body when its last token is there, or as a stream.
 * @param onLeave the client goes before the end
 */
export async function deliver(
  call: Call,
  begun: Begun,
  format: Format,
  onLeave?: () => void,
): Promise<Reply | Response> {
  const { served, headers } = begun;
  if (served.answer.request.stream) {
    return streamed(call, await toStream(call, begun, format, onLeave), headers);
  }
  if (begun.isPaced) {
    const { signal } = call.context.req.raw;
    await waitUntil(call.world, served.flight.endAt, signal);
    if (signal.aborted) {
      onLeave?.();
      hangUp(call.world, served.flight, served.target.deployment?.name);
    }
  }
  return { body: format.toBody(served.answer), headers };
}

/** From a request to its answer. */
export async function answer(
  call: Call,
  request: GenerationRequest,
  format: Format,
  idPrefix: string,
): Promise<Reply | Response> {
  const begun = await begin(call, request, idPrefix);
  return "served" in begun ? deliver(call, begun, format) : begun;
}
