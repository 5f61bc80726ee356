import { ApiError } from "../core/error.ts";
import type { Ms } from "../core/time.ts";
import { toTimestamp } from "../core/time.ts";

/** What is still asked of a world that has ended. */
export const worldEnded = (): ApiError =>
  new ApiError("NOT_FOUND", "the sandbox was deleted, or the emulator is stopping");

/** What waited in a world that begins anew. */
export const worldReset = (): ApiError => new ApiError("UNAVAILABLE", "the emulator was reset while this was waiting");

/** An advance that is not gone to its end. */
export const advanceStopped = (at: Ms): ApiError =>
  new ApiError(
    "UNAVAILABLE",
    `the emulator is stopping; it is ${toTimestamp(at)}, and the world is saved as it is then`,
  );
