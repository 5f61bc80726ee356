import { ApiError, errorTable } from "../core/error.ts";
import type { Json } from "../core/list/field.ts";
import { alphanumeric, digest } from "../core/random.ts";
import type { World } from "./world.ts";

/** Work as a long-running operation that is over already; what went wrong is told in it. */
export function runOperation(world: World, account: string, work: () => Json): Json {
  const id = alphanumeric(digest("operation", world.parts.seed, world.nextSequence()), 16);
  const done = {
    name: `accounts/${account}/operations/${id}`,
    metadata: null,
    done: true,
    error: null,
    response: null,
  };
  try {
    return { ...done, response: work() };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { ...done, error: { code: errorTable[error.code].grpc, message: error.message, details: [] } };
  }
}
