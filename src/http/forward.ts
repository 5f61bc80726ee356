import { ApiError } from "../core/error.ts";
import { parseJson } from "../core/json.ts";
import { redactEvents } from "../core/redaction/events.ts";
import type { Heard } from "../core/script/recording.ts";
import { recordBody, recordStream } from "../core/script/recording.ts";
import type { Question } from "../engine/canned.ts";
import { toAsked } from "../engine/canned.ts";
import { hostElapsed } from "../engine/clock.ts";
import { PRODUCT } from "../engine/version.ts";
import { untilRest, whenAtRest } from "../engine/waiting.ts";
import type { ScriptAnswer } from "../schema/script.ts";
import { callerOf, pathOf } from "./header.ts";
import { newRequestId, record } from "./journal.ts";
import type { Call } from "./route.ts";
import { secretsOf } from "./secrets.ts";

/** Headers that belong to one connection, or to the emulator. */
const own = new Set(["host", "connection", "content-length", "transfer-encoding", "accept-encoding", "keep-alive"]);
/** Marks a request that an emulator has sent: one that is its own upstream must not ask itself for ever. */
const MARK = "x-emulator-forwarded";

function headersFor(call: Call): Headers {
  const headers = new Headers({ [MARK]: "1" });
  for (const [name, value] of call.context.req.raw.headers)
    if (!own.has(name) && !name.startsWith("x-emulator")) headers.set(name, value);
  return headers;
}

const parse = (text: string): unknown => {
  try {
    return parseJson(text);
  } catch {
    return text;
  }
};

/** One frame of a stream, as it was heard; undefined for comments. */
function toHeard(frame: string, at: number): Heard | undefined {
  const lines = frame.split("\n");
  const data = lines.filter((line) => line.startsWith("data:")).map((line) => line.slice(5).replace(/^ /, ""));
  const event = lines
    .find((line) => line.startsWith("event:"))
    ?.slice(6)
    .trim();
  return data.length > 0 ? { data: parse(data.join("\n")), event, at } : undefined;
}

/** What was heard without its secrets, in whatever pieces they came. */
function withoutSecrets(heard: Heard[], known: readonly string[]): Heard[] {
  const said = heard.map(({ data }) => data);
  const hidden = redactEvents(said, known);
  return hidden === said ? heard : heard.map((each, at) => ({ ...each, data: hidden[at] }));
}

const toFrames = (heard: readonly Heard[]): string =>
  heard
    .map(({ event, data }) => {
      const text = typeof data === "string" ? data : JSON.stringify(data);
      return `${event === undefined ? "" : `event: ${event}\n`}data: ${text}\n\n`;
    })
    .join("");

/** Passes a stream on as it comes, and tells what was in it when it has ended; one that breaks off is not told. */
function listen(body: ReadableStream<Uint8Array>, since: number, done: (text: string, heard: Heard[]) => void) {
  const decoder = new TextDecoder();
  const heard: Heard[] = [];
  let [all, rest] = ["", ""];
  const hear = (frames: readonly string[]): void => {
    const at = hostElapsed() - since;
    for (const frame of frames) {
      const found = toHeard(frame, at);
      if (found) heard.push(found);
    }
  };
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        const text = decoder.decode(chunk, { stream: true }).replaceAll("\r\n", "\n");
        all += text;
        const frames = (rest + text).split("\n\n");
        rest = frames.pop()!;
        hear(frames);
        controller.enqueue(chunk);
      },
      flush() {
        hear([rest]);
        done(all, heard);
      },
    }),
  );
}

async function ask(call: Call, upstream: string): Promise<Response> {
  const { context, text } = call;
  const path = pathOf(context.req.url).replace(/^(?:\/inference)?\/v1/, "");
  const init = { method: "POST", headers: headersFor(call), body: text, signal: context.req.raw.signal };
  try {
    return await fetch(`${upstream.replace(/\/+$/, "")}${path}`, init);
  } catch (error) {
    const { cause, message } = error as Error & { cause?: Error };
    throw new ApiError("BAD_GATEWAY", `the upstream ${upstream} does not answer: ${cause?.message ?? message}`);
  }
}

/** @throws ApiError BAD_GATEWAY for an answer that breaks off */
async function readAnswer(answer: Response, upstream: string): Promise<string> {
  try {
    return await answer.text();
  } catch (error) {
    throw new ApiError("BAD_GATEWAY", `the upstream ${upstream} broke off: ${(error as Error).message}`);
  }
}

/** Whether what no script answers goes upstream, to be recorded. */
export const isForwarded = ({ world, context }: Call): boolean =>
  world.parts.recordings !== undefined && !context.req.raw.headers.has(MARK);

/**
 * Sends a request upstream, passes the answer on and writes it down as a script.
 * @throws ApiError BAD_GATEWAY
 */
export async function forward(call: Call, question: Question): Promise<Response> {
  const { world, context } = call;
  const { recordings, config } = world.parts;
  const { model } = toAsked(world, question, callerOf(call));
  const since = hostElapsed();
  const answer = await ask(call, config.upstream!);
  await untilRest(world);
  const path = pathOf(context.req.url);
  const requestId =
    answer.headers.get("x-request-id") ?? newRequestId(world, "inference", context.req.method, path, call.text);
  const keep = (recorded: ScriptAnswer, text: string, chunks: number): void => {
    try {
      recordings!.add({ ...question, model }, recorded, secretsOf(context));
    } catch (error) {
      // the client has its answer all the same
      world.parts.onBug(error, "recording");
    }
    const stream = { chunks, firstTokenAt: world.now, endAt: world.now };
    record(call, path, answer.status, requestId, text, chunks > 0 ? stream : undefined);
  };
  const type = answer.headers.get("content-type") ?? "application/json";
  const headers = { "content-type": type, "x-emulator": PRODUCT, "x-request-id": requestId };
  if (type.startsWith("text/event-stream") && answer.body) {
    const body = listen(answer.body, since, (text, heard) =>
      whenAtRest(world, () => {
        const kept = withoutSecrets(heard, secretsOf(context));
        keep(recordStream(question.endpoint, kept), kept === heard ? text : toFrames(kept), heard.length);
      }),
    );
    return new Response(body, { status: answer.status, headers });
  }
  const text = await readAnswer(answer, config.upstream!);
  await untilRest(world);
  keep(recordBody(question.endpoint, answer.status, parse(text), hostElapsed() - since), text, 0);
  return new Response(text, { status: answer.status, headers });
}
