import type { ServerResponse } from "node:http";
import type { Format, StreamOptions } from "../core/codec/format.ts";
import type { Ms } from "../core/time.ts";
import type { Served } from "../engine/inference.ts";
import { whenAtRest } from "../engine/waiting.ts";
import type { World } from "../engine/world.ts";
import type { Backlog } from "./backlog.ts";
import type { Parts } from "./large.ts";
import { toParts } from "./large.ts";

/** A stream to come: one text, for thousands of frames of thousands of streams weigh on the collector. */
export interface Plan {
  part: Parts;
  /** Where each frame ends in the text. */
  ends: number[];
  /** The world time at which each frame is told. */
  times: Ms[];
}

/** @param eachFrame calls back with every frame and its time, in order */
export function toPlan(eachFrame: (add: (frame: string, at: Ms) => void) => void): Plan {
  const [frames, ends, times]: [string[], number[], Ms[]] = [[], [], []];
  let length = 0;
  eachFrame((frame, at) => {
    frames.push(frame);
    ends.push((length += frame.length));
    times.push(at);
  });
  return { part: toParts(frames.join("")), ends, times };
}

/** The time of the nth token: as the script says, or evenly from the first to the end. */
function clockOf({ answer, flight: { admittedAt, firstTokenAt, endAt }, offsets }: Served): (token: number) => Ms {
  if (offsets)
    return (token) => (offsets.length === 0 ? admittedAt : admittedAt + offsets[Math.min(token, offsets.length - 1)]!);
  const perToken = (endAt - firstTokenAt) / Math.max(answer.completionTokens, 1);
  return (token) => firstTokenAt + Math.ceil(token * perToken);
}

/**
 * The frames of an answer with their times: the first token when the prompt has been read, whatever carries no token
 * with the one before it.
 */
export function planOf(format: Format, served: Served, options: StreamOptions): Plan {
  const timeOf = clockOf(served);
  let told = 0;
  return toPlan((add) =>
    format.toStream(served.answer, options, (frame, tokens) => {
      told += tokens;
      add(frame, timeOf(Math.max(told - 1, 0)));
    }),
  );
}

/** An answer whose body is paced. */
export interface Paced {
  body: PacedBody;
  response: Response;
}

/** The party that receives the frames of a paced body. */
interface Listener {
  /** @returns whether there is room for more; where there is none, the body sends no frame until `resume` */
  write(text: string): boolean;
  end(): void;
  fail(error: Error): void;
}

/** A body while its frames are being sent. */
interface Telling {
  /** The listener has gone. */
  leave: () => void;
  /** There is room again. */
  resume: () => void;
  /** Characters that are held for a listener without room: all of the plan, which goes as a whole. */
  owed: () => number;
}

/** What is due is written in pieces of this many characters; the rest stays in the plan, where it is anyway. */
const PIECE_MAX = 65_536;

/**
 * A body whose frames come at their times, from when somebody listens, and no faster than it listens. It is a web
 * stream like any other; a server that has the socket pours it there, which costs half.
 */
export class PacedBody extends ReadableStream<Uint8Array> {
  /** Starts to send frames to the listener. */
  readonly tell: (listener: Listener) => Telling;

  /** @param hungUp is called with the frames that were sent, when the client leaves before the end */
  constructor(world: World, plan: Plan, hungUp: (chunks: number) => void) {
    let telling: Telling | undefined;
    const tell = (listener: Listener): Telling => (telling = tellFrames(world, plan, hungUp, listener));
    const encoder = new TextEncoder();
    let begun = false;
    super(
      {
        pull(controller) {
          if (begun) return telling?.resume();
          begun = true;
          tell({
            // one piece for each that is asked for
            write(text) {
              controller.enqueue(encoder.encode(text));
              return false;
            },
            end: () => controller.close(),
            fail: (error) => controller.error(error),
          });
        },
        cancel: () => (telling ? telling.leave() : whenAtRest(world, () => hungUp(0))),
      },
      { highWaterMark: 0 },
    );
    this.tell = tell;
  }
}

function tellFrames(
  world: World,
  { part, ends, times }: Plan,
  hungUp: (chunks: number) => void,
  listener: Listener,
): Telling {
  let next = 0;
  let isOver = false;
  let [isTelling, isBlocked] = [false, false];
  const written = (): number => ends[next - 1] ?? 0;
  const tell = (): void => {
    const { now } = world;
    isTelling = true;
    while (!isBlocked && next < times.length && times[next]! <= now) {
      const from = written();
      do next += 1;
      while (next < times.length && times[next]! <= now && ends[next]! - from <= PIECE_MAX);
      // who listens may say that there is room before this returns
      isBlocked = true;
      if (listener.write(part(from, written()))) isBlocked = false;
    }
    isTelling = false;
    if (next === times.length) {
      stop();
      listener.end();
    } else if (!isBlocked) wake(times[next]!);
  };
  const wake = world.pacer.timer(tell);
  const stop = (): void => {
    isOver = true;
    wake(null);
    forget();
  };
  const forget = world.onRelease((why) => {
    stop();
    listener.fail(why);
  });
  tell();
  return {
    leave: () => {
      if (isOver) return;
      stop();
      whenAtRest(world, () => hungUp(next));
    },
    resume: () => {
      isBlocked = false;
      if (!isTelling && !isOver) tell();
    },
    owed: () => (isBlocked ? (ends.at(-1) ?? 0) : 0),
  };
}

const toChunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

/**
 * Tells a paced body straight to the socket, a chunk with one write to the system: a web stream, its promises, and the
 * four pieces that Node makes of a chunk would cost more than all else about a token.
 */
export function pour({ body, response: { status, headers } }: Paced, outgoing: ServerResponse, backlog: Backlog): void {
  if (outgoing.destroyed) return void body.cancel();
  outgoing.writeHead(status, Object.fromEntries(headers));
  const isChunked = outgoing.chunkedEncoding;
  outgoing.chunkedEncoding = false;
  const { socket } = outgoing;
  const { leave, resume, owed } = body.tell({
    write: (text) => outgoing.write(isChunked ? toChunk(text) : text),
    end: () => outgoing.end(isChunked ? "0\r\n\r\n" : ""),
    fail: (error) => outgoing.destroy(error),
  });
  const forget = backlog.owe(socket, owed);
  outgoing.on("drain", resume).once("close", () => {
    forget();
    leave();
  });
}
