import type { Context } from "hono";
import { ApiError, errorTable, invalid, usualText } from "../core/error.ts";
import type { ErrorCode } from "../core/error.ts";
import { parseJson } from "../core/json.ts";
import { parseSpan } from "../core/time.ts";
import { hostTimer } from "../engine/clock.ts";
import type { FaultEntry } from "../engine/faults.ts";
import { addFault, dropFault, strikeFault } from "../engine/faults.ts";
import { waitUntil } from "../engine/waiting.ts";
import type { Fault } from "../schema/fault.ts";
import { faultBody, faultState } from "../schema/fault.ts";
import { collectionRoutes } from "./collection.ts";
import { headerOf, pathOf, wireOf } from "./header.ts";
import type { Call, Route } from "./route.ts";

const toWire = ({ fault }: FaultEntry): Fault => fault;

export const faultRoutes = (): Route[] =>
  collectionRoutes({
    name: "faults",
    tag: "Faults",
    words: { many: "faults, in the order they are tried", one: "a fault", make: "Let requests fail" },
    item: faultState,
    body: faultBody,
    list: ({ parts }) => [...parts.faults.values()].map(toWire),
    create: (world, body) => world.change(() => toWire(addFault(world, body))),
    remove: (world, ids) =>
      world.change(() => {
        for (const id of ids) dropFault(world, id);
      }),
  });

/** The fault that a request asks for itself: JSON, or a bare status or code such as `429` or `GATEWAY_TIMEOUT`. */
function ownFault(call: Call): Fault | undefined {
  const text = headerOf(call.context, "x-emulator-fault");
  if (text === undefined) return undefined;
  const input: unknown = text.startsWith("{")
    ? parseHeader(text)
    : { respond: /^\d+$/.test(text) ? { status: Number(text) } : { code: text } };
  const result = faultBody.safeParse(input);
  if (!result.success) throw invalid(`x-emulator-fault: ${result.error.issues[0]!.message}`);
  return { ...result.data, id: "header", happened: 1 };
}

function parseHeader(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw invalid(`x-emulator-fault: ${(error as Error).message}`);
  }
}

/** The model that a body names, without checking the rest of it. */
function modelIn({ text }: Call): string {
  if (text === "") return "";
  try {
    const { model } = parseJson(text) as { model?: unknown };
    return typeof model === "string" ? model : "";
  } catch {
    return "";
  }
}

/** The fault that happens to this request: its own, or one of the world's. */
export function findFault(call: Call): Fault | undefined {
  const own = ownFault(call);
  if (own || call.world.parts.faults.size === 0) return own;
  const { context, world, account } = call;
  return strikeFault(world, {
    method: context.req.method,
    path: pathOf(context.req.url),
    model: modelIn(call),
    account,
  });
}

/** The code that is meant by a status alone: what the gateway would say. */
function codeOf(status: number): ErrorCode {
  const gateway = (Object.keys(errorTable) as ErrorCode[]).filter(
    (code) => !errorTable[code].engine && code !== "SCRIPT_NOT_FOUND",
  );
  // the later names are the gateway's own, the earlier ones gRPC's
  return gateway.findLast((code) => errorTable[code].http === status) ?? "INTERNAL_SERVER_ERROR";
}

/** An error with a status or a code that the service may not have, and with headers of its own. */
export class FaultError extends ApiError {
  readonly headers: Record<string, string>;
  /** What to send instead of an envelope, if anything. */
  readonly body: unknown;

  constructor({ status, code, message, headers, body }: NonNullable<Fault["respond"]>) {
    const known = code !== undefined && Object.hasOwn(errorTable, code) ? (code as ErrorCode) : codeOf(status ?? 500);
    super(known, message ?? usualText(known), null, { status: status ?? errorTable[known].http, code: code ?? known });
    this.headers = headers ?? {};
    this.body = body;
  }
}

/** What happens before a request is handled. @throws FaultError */
export async function beforeRequest(call: Call, { delay, respond }: Fault): Promise<void> {
  if (delay !== undefined) await waitUntil(call.world, call.world.now + parseSpan(delay)!, call.context.req.raw.signal);
  if (respond) throw new FaultError(respond);
}

const MID_STREAM_ERROR = `data: ${JSON.stringify({
  error: {
    object: "error",
    type: "internal_server_error",
    code: "internal_server_error",
    message: "Internal server error",
  },
})}\n\n`;

/** Bytes that are looked at together for frames. */
const PIECE_BYTES = 65_536;

async function* piecesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>)
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) yield chunk.subarray(at, at + PIECE_BYTES);
}

/** Splits what comes into frames; a body that is no stream is one. */
async function* framesOf(body: ReadableStream<Uint8Array>, isStream: boolean): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of piecesOf(body)) {
    rest += decoder.decode(piece, { stream: true });
    if (!isStream) continue;
    const frames = rest.split("\n\n");
    rest = frames.pop()!;
    for (const frame of frames) yield `${frame}\n\n`;
  }
  if (rest !== "") yield rest;
}

const corrupt = (frame: string): string => `${frame.slice(0, Math.max(Math.floor(frame.length / 2), 1))}\n\n`;

/** What was written is given this long to leave before the connection goes. */
const LEAVE_MS = 20;

/** Cuts the connection; without a socket the body fails. */
function disconnect(context: Context, controller: ReadableStreamDefaultController): Promise<void> | void {
  const { outgoing } = wireOf(context);
  if (!outgoing) return controller.error(new Error("disconnected by a fault"));
  hostTimer(LEAVE_MS, () => outgoing.destroy());
  return new Promise(() => {});
}

/** What happens to an answer on its way. */
export function afterAnswer({ world, context }: Call, response: Response, fault: Fault): Response {
  const { disconnectAfterChunks: cut, stallAfterChunks: stall, errorAfterChunks: error, corruptChunk: broken } = fault;
  if (!response.body || [cut, stall, error, broken].every((each) => each === undefined)) return response;
  const isStream = response.headers.get("content-type") === "text/event-stream";
  const frames = framesOf(response.body, isStream);
  const encoder = new TextEncoder();
  let told = 0;
  // cancelled where the generator never began; not kept longer, as what lies behind it may be large
  let unread: ReadableStream | undefined = response.body;
  const drop = (): void => {
    void (unread ? unread.cancel() : frames.return(undefined));
    unread = undefined;
  };
  let forget: (() => void) | undefined;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (told === cut) return disconnect(context, controller);
      if (told === stall) {
        // what nobody will hear need not be kept; a paced stream keeps its replica busy, as one that hangs does
        if (!wireOf(context).paced) drop();
        return new Promise<void>((_, reject) => {
          // a body that fails over a socket would be printed as a bug
          const { outgoing } = wireOf(context);
          forget = world.onRelease((why) => (outgoing ? outgoing.destroy() : reject(why)));
        });
      }
      if (told === error) {
        controller.enqueue(encoder.encode(MID_STREAM_ERROR));
        return controller.close();
      }
      unread = undefined;
      const { value, done } = await frames.next();
      if (done) return controller.close();
      told += 1;
      controller.enqueue(encoder.encode(told === broken ? corrupt(value) : value));
      return undefined;
    },
    cancel: () => {
      forget?.();
      drop();
    },
  });
  return new Response(body, { status: response.status, headers: response.headers });
}
