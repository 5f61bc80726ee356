import { ApiError } from "../core/error.ts";
import type { Ms } from "../core/time.ts";
import { toTimestamp } from "../core/time.ts";
import { afterTurn, hostElapsed } from "./clock.ts";
import { advanceStopped } from "./ending.ts";
import type { WorldParts } from "./parts.ts";
import type { Timer, TimerQueue } from "./queue.ts";

const nextTurn = (): Promise<void> => new Promise((resolve) => afterTurn(resolve));

/**
 * An advance that gives way lets the event loop go round so often: each time it accepts one new connection, and looks
 * at those that are there.
 */
const ROUNDS = 40;

/** One time to go to, which is found when the way begins. */
export function once(find: () => Ms): () => Ms | undefined {
  let isLeft = true;
  return () => {
    if (!isLeft) return undefined;
    isLeft = false;
    return find();
  };
}

const tooMany = (most: number, at: Ms): ApiError =>
  new ApiError(
    "FAILED_PRECONDITION",
    `${most} events have happened and it is ${toTimestamp(at)}; advance again to go on, or raise --advance-max`,
  );

/**
 * How time passes in a world: due timers run in order, each at its own time. A long way is gone in turns of some
 * milliseconds; between them the process serves other worlds, and who asks this world waits until it has arrived.
 */
export class Timers {
  readonly #queue: TimerQueue;
  readonly #turnMs: Ms;
  readonly #fire: (timer: Timer) => void;
  readonly #arrive: (count: number) => void;
  readonly #onBug: (error: unknown, what: string) => void;
  /** Nothing is begun any more: the emulator is stopping, or the world has ended. */
  isStopped = false;
  /** Up to here everything that was due has happened. */
  time: Ms;
  /** Settles when the last way that was asked for is over; undefined where all are. */
  underway: Promise<void> | undefined;
  /** Settles when the way that is being gone is over. */
  moving: Promise<void> | undefined;

  /**
   * @param fire does what a due timer is for
   * @param arrive is called with the number of timers that ran, whenever a time has been reached
   */
  constructor(
    { queue, config, clock, onBug }: Pick<WorldParts, "queue" | "config" | "clock" | "onBug">,
    fire: (timer: Timer) => void,
    arrive: (count: number) => void,
  ) {
    this.#queue = queue;
    this.#turnMs = config.turnMs;
    this.#fire = fire;
    this.#arrive = arrive;
    this.#onBug = onBug;
    this.time = clock.now();
  }

  /** Runs everything that is due by `until`. @returns how many timers there were */
  run(until: Ms): number {
    const count = this.#runSome(until, Infinity, Infinity);
    this.time = Math.max(this.time, until);
    this.#arrive(count);
    return count;
  }

  /**
   * Runs in turns, to one time after the other, when the ways before it are over. Who comes later waits for it
   * (`underway`); who was there before, and waited for something that happens on the way, goes on at its end (`moving`).
   * @param next the time to go to; undefined when it is over
   * @param most timers that may run @throws ApiError FAILED_PRECONDITION beyond them, UNAVAILABLE when stopped
   */
  async travel(next: () => Ms | undefined, most: number): Promise<number> {
    const before = this.underway;
    let arrived: (() => void) | undefined;
    const way = new Promise<void>((resolve) => (arrived = resolve));
    this.underway = way;
    let count = 0;
    try {
      await before;
      // whoever waited for that is about to look: time moves when all of them have
      await this.#giveWay(1);
      this.moving = way;
      let turnEnd = hostElapsed() + this.#turnMs;
      for (let until = next(); until !== undefined;) {
        if (hostElapsed() >= turnEnd) {
          await this.#giveWay(ROUNDS);
          turnEnd = hostElapsed() + this.#turnMs;
        }
        count += this.#runSome(until, turnEnd, most - count);
        if (!this.isDue(until)) {
          this.time = Math.max(this.time, until);
          until = next();
        } else if (count >= most) throw tooMany(most, this.time);
      }
      return count;
    } finally {
      this.moving = undefined;
      if (this.underway === way) this.underway = undefined;
      if (!this.isStopped) this.#arrive(count);
      arrived?.();
    }
  }

  async #giveWay(rounds: number): Promise<void> {
    for (let round = 0; round < rounds && !this.isStopped; round += 1) await nextTurn();
    if (this.isStopped) throw advanceStopped(this.time);
  }

  /** What goes in turns ends at the next of them. */
  stop(): void {
    this.isStopped = true;
  }

  isDue(until: Ms): boolean {
    const first = this.#queue.peek();
    return first !== undefined && first.at <= until;
  }

  /** Runs due timers until the turn is over: one at least. @returns how many */
  #runSome(until: Ms, turnEnd: number, most: number): number {
    let count = 0;
    while (count < most) {
      const timer = this.#queue.take(until);
      if (!timer) break;
      count += 1;
      this.time = Math.max(this.time, timer.at);
      this.#handle(timer);
      if (turnEnd !== Infinity && hostElapsed() >= turnEnd) break;
    }
    return count;
  }

  /** A timer that fails has had its turn: what it was for stands still, everything else goes on. */
  #handle(timer: Timer): void {
    try {
      this.#fire(timer);
    } catch (error) {
      this.#onBug(error, `timer ${timer.kind} ${timer.name}`);
    }
  }
}
