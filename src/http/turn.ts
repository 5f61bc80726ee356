import type { Ms } from "../core/time.ts";
import { afterTurn, hostElapsed } from "../engine/clock.ts";

let over: Promise<void> | undefined;
let beganAt: Ms = 0;

/**
 * Until the event loop has read what there is to read: the answers of one turn leave together. A client that sleeps
 * is woken by the first of them, and waking it costs the system about what making the answer does.
 */
export function turnOver(): Promise<void> {
  if (over) return over;
  beganAt = hostElapsed();
  over = new Promise((resolve) => {
    afterTurn(() => {
      over = undefined;
      resolve();
    });
  });
  return over;
}

/** Host time that requests have taken in this turn, which begins with the first that asks. */
export function turnMs(): Ms {
  if (over) return hostElapsed() - beganAt;
  void turnOver();
  return 0;
}
