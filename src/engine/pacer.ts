import type { Ms } from "../core/time.ts";
import type { Clock } from "./clock.ts";
import { hostTimer } from "./clock.ts";
import { TimerQueue } from "./queue.ts";

/** What is due within this much host time goes together: each write to a socket is a call to the system. */
const TICK_MS = 4;

/** Lets what a client waits for happen at its world time: one queue and one host timer for all streams. Not saved. */
export class Pacer {
  readonly #clock: Clock;
  readonly #wake: () => unknown;
  readonly #queue = new TimerQueue();
  readonly #work = new Map<string, () => void>();
  #timer: { cancel(): void } | undefined;
  #count = 0;
  #isOver = false;

  /** @param wake brings the world up to now, which releases what is due; what it returns is on its way there */
  constructor(clock: Clock, wake: () => unknown) {
    this.#clock = clock;
    this.#wake = wake;
  }

  /** @returns sets when the work runs next, and again for each next time; null when it is over */
  timer(work: () => void): (at: Ms | null) => void {
    this.#count += 1;
    const name = String(this.#count);
    this.#work.set(name, work);
    return (at) => {
      if (at === null) {
        this.#queue.delete("pace", name);
        this.#work.delete(name);
      } else {
        this.#count += 1;
        this.#queue.set({ kind: "pace", name, at, sequence: this.#count });
        this.arm();
      }
    };
  }

  /** World time is `now`: runs what is due, in order. */
  release(now: Ms): void {
    for (let due = this.#queue.take(now); due; due = this.#queue.take(now)) this.#work.get(due.name)!();
    this.arm();
  }

  /** Sets the host timer for what is due next, if time passes by itself. */
  arm(): void {
    if (this.#timer || this.#isOver) return;
    const next = this.#queue.peek();
    const delay = next && this.#clock.hostDelay(next.at);
    if (delay === undefined) return;
    this.#timer = hostTimer(Math.max(delay, TICK_MS), () => {
      this.#timer = undefined;
      if (!this.#wake()) this.arm();
    });
  }

  /** It wakes nobody from now on. */
  end(): void {
    this.#isOver = true;
    this.cancel();
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
