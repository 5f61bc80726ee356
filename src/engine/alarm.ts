import type { Ms } from "../core/time.ts";
import type { Clock } from "./clock.ts";
import { hostTimer } from "./clock.ts";
import type { TimerQueue } from "./queue.ts";

/** Lets a real clock wake the world for its next event, so that live listeners and held requests see it in time. */
export class Alarm {
  readonly #clock: Clock;
  readonly #queue: TimerQueue;
  readonly #wake: () => unknown;
  #isOver = false;
  #set: { at: Ms; cancel(): void } | undefined;

  /** @param wake brings the world up to now; what it returns is on its way there, and arms this when it has arrived */
  constructor(clock: Clock, queue: TimerQueue, wake: () => unknown) {
    this.#clock = clock;
    this.#queue = queue;
    this.#wake = wake;
  }

  /** Sets the alarm for the next event, if it is not set for it already. */
  arm(): void {
    if (this.#isOver) return;
    const next = this.#queue.peek();
    const delay = next && this.#clock.hostDelay(next.at);
    if (this.#set && delay !== undefined && this.#set.at === next!.at) return;
    this.cancel();
    if (!next || delay === undefined) return;
    const timer = hostTimer(delay, () => {
      this.#set = undefined;
      if (!this.#wake()) this.arm();
    });
    this.#set = { at: next.at, cancel: () => timer.cancel() };
  }

  /** It wakes nobody from now on. */
  end(): void {
    this.#isOver = true;
    this.cancel();
  }

  cancel(): void {
    this.#set?.cancel();
    this.#set = undefined;
  }
}
