import { performance } from "node:perf_hooks";
import type { Ms } from "../core/time.ts";
import { parseTimestamp, TIME_MAX } from "../core/time.ts";

const clockModes = ["real", "manual", "skip"] as const;
export type ClockMode = (typeof clockModes)[number];

/** Where a world begins when its clock is not the host's: a fixed time, so that runs are alike. */
export const VIRTUAL_START: Ms = parseTimestamp("2026-01-01T00:00:00Z")!;

/** Taken before anybody can fake them: a test in this process that fakes timers means its own. */
const { setTimeout: startTimer, clearTimeout: stopTimer, setImmediate: defer } = globalThis;

/** The host's time. This file is the only place that asks for it. */
export const hostNow = (): Ms => Date.now();

/** Host time since the process began, in milliseconds and parts of them. */
export const hostElapsed = (): number => performance.now();

/** The longest that Node waits; a longer delay would be over at once. */
const HOST_DELAY_MAX = 2 ** 31 - 1;

/**
 * A host timer that never keeps the process alive; the only other thing we want of the host's time. One that is far
 * away (over 24 days) calls back early: who sets it looks at the clock again.
 */
export function hostTimer(delay: Ms, work: () => void): { cancel(): void } {
  const timer = startTimer(work, Math.min(delay, HOST_DELAY_MAX));
  timer.unref();
  return { cancel: () => stopTimer(timer) };
}

/** When the event loop has read all that there is to read now. */
export const afterTurn = (work: () => void): void => void defer(work);

/**
 * The world's clock. `real` follows the host at a rate, from where it was set; `manual` and `skip` stand still
 * until they are moved. It never runs backwards.
 */
export class Clock {
  #mode: ClockMode;
  #rate: number;
  /** World time at the moment that `#hostAt` marks. */
  #base: Ms;
  #hostAt: number;

  constructor(mode: ClockMode, rate: number, start: Ms) {
    this.#mode = mode;
    this.#rate = rate;
    this.#base = start;
    this.#hostAt = performance.now();
  }

  get mode(): ClockMode {
    return this.#mode;
  }

  get rate(): number {
    return this.#rate;
  }

  now(): Ms {
    if (this.#mode !== "real") return this.#base;
    return Math.min(Math.floor(this.#base + (performance.now() - this.#hostAt) * this.#rate), TIME_MAX);
  }

  /** Moves the clock; `real` runs on from there. */
  set(at: Ms): void {
    this.#base = at;
    this.#hostAt = performance.now();
  }

  configure(mode: ClockMode, rate: number): void {
    this.set(this.now());
    this.#mode = mode;
    this.#rate = rate;
  }

  /** Host time until the world reaches `at`; undefined when it will not by itself. */
  hostDelay(at: Ms): Ms | undefined {
    return this.#mode === "real" ? Math.max(Math.ceil((at - this.now()) / this.#rate), 0) : undefined;
  }
}
