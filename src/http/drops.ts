import type { Ms } from "../core/time.ts";
import { hostElapsed, hostTimer } from "../engine/clock.ts";

/** After a line, the next ones wait this long and become one (host time). */
const QUIET_MS: Ms = 10_000;

export interface DropLog {
  /** A connection was dropped, and why. */
  add: (reason: string) => void;
  /** Prints what waits. */
  flush: () => void;
}

/** Says why connections were dropped: the first at once, then at most a line in ten seconds, with their number. */
export function createDropLog(print: (line: string) => void): DropLog {
  let [lastAt, count, last] = [-Infinity, 0, ""];
  const flush = (): void => {
    if (count === 0) return;
    lastAt = hostElapsed();
    print(count === 1 ? `dropped a connection: ${last}` : `dropped ${count} more connections, the last one: ${last}`);
    count = 0;
  };
  return {
    add: (reason) => {
      last = reason;
      count += 1;
      const wait = lastAt + QUIET_MS - hostElapsed();
      if (wait <= 0) flush();
      else if (count === 1) hostTimer(wait, flush);
    },
    flush,
  };
}
