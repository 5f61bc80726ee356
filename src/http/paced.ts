import type { Format, StreamOptions } from "../core/codec/format.ts";
import type { Ms } from "../core/time.ts";
import type { Served } from "../engine/inference.ts";
import { worldEnded } from "../engine/waiting.ts";
import type { World } from "../engine/world.ts";

/** A frame of a stream, and the world time at which it is told. */
export interface Frame {
  text: string;
  at: Ms;
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
export function toFrames(format: Format, served: Served, options: StreamOptions): Frame[] {
  const frames: Frame[] = [];
  const timeOf = clockOf(served);
  let told = 0;
  format.toStream(served.answer, options, (text, tokens) => {
    told += tokens;
    frames.push({ text, at: timeOf(Math.max(told - 1, 0)) });
  });
  return frames;
}

/**
 * A body whose frames come at their times.
 * @param hungUp is called with the frames that were told, when the client goes before the end
 */
export function toPacedBody(
  world: World,
  frames: readonly Frame[],
  hungUp: (chunks: number) => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let next = 0;
  let cancel: (() => void) | undefined;
  let forget: (() => void) | undefined;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      forget = world.onEnd(() => controller.error(worldEnded()));
      const tell = (): void => {
        let text = "";
        for (; next < frames.length && frames[next]!.at <= world.now; next += 1) text += frames[next]!.text;
        if (text !== "") controller.enqueue(encoder.encode(text));
        if (next === frames.length) {
          forget?.();
          controller.close();
        } else cancel = world.pacer.at(frames[next]!.at, tell);
      };
      tell();
    },
    cancel() {
      cancel?.();
      forget?.();
      hungUp(next);
    },
  });
}
