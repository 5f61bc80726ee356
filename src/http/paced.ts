import type { Answer } from "../core/codec/answer.ts";
import type { Format, StreamOptions } from "../core/codec/format.ts";
import type { Flight } from "../core/deployment/load.ts";
import type { Ms } from "../core/time.ts";
import type { World } from "../engine/world.ts";

/** A frame of a stream, and the world time at which it is told. */
export interface Frame {
  text: string;
  at: Ms;
}

/**
 * The frames of an answer with their times: the first token when the prompt has been read, the others evenly up to
 * the end, whatever carries no token with the one before it.
 */
export function toFrames(format: Format, answer: Answer, options: StreamOptions, flight: Flight): Frame[] {
  const frames: Frame[] = [];
  const perToken = (flight.endAt - flight.firstTokenAt) / Math.max(answer.completionTokens, 1);
  let told = 0;
  format.toStream(answer, options, (text, tokens) => {
    told += tokens;
    frames.push({ text, at: flight.firstTokenAt + Math.ceil(Math.max(told - 1, 0) * perToken) });
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
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const tell = (): void => {
        let text = "";
        for (; next < frames.length && frames[next]!.at <= world.now; next += 1) text += frames[next]!.text;
        if (text !== "") controller.enqueue(encoder.encode(text));
        if (next === frames.length) controller.close();
        else cancel = world.pacer.at(frames[next]!.at, tell);
      };
      tell();
    },
    cancel() {
      cancel?.();
      hungUp(next);
    },
  });
}
