import type { Json } from "./api.ts";
import { RpcError } from "./api.ts";
import type { Context } from "./context.ts";
import { isLively } from "./context.ts";

const POLL_MS = 500;

/** What is waited for, and what ends it badly. */
export interface Goal {
  states: readonly string[];
  /** It may be gone, and that is what is wanted. */
  gone?: boolean;
}

export const READY: Goal = { states: ["READY", "DEPLOYED"] };
export const GONE: Goal = { states: ["DELETED"], gone: true };

const replicas = ({ replicaStats }: Json): string => {
  const {
    readyReplicaCount = 0,
    initializingReplicaCount = 0,
    downloadingModelReplicaCount = 0,
    pendingSchedulingReplicaCount = 0,
  } = (replicaStats ?? {}) as Record<string, number>;
  return replicaStats
    ? `: ${readyReplicaCount} ready, ${initializingReplicaCount} initializing, ${downloadingModelReplicaCount} downloading, ${pendingSchedulingReplicaCount} pending`
    : "";
};

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, POLL_MS));

async function look(context: Context, name: string, goal: Goal): Promise<Json | undefined> {
  try {
    return await context.send({ method: "GET", path: name });
  } catch (error) {
    if (goal.gone && error instanceof RpcError && error.code === "NotFound") return undefined;
    throw error;
  }
}

/**
 * Looks again and again until a resource is as it is wanted.
 * @param timeout in seconds
 * @returns the resource, or undefined when it is gone
 * @throws RpcError when it has failed, or the time is over
 */
export async function waitFor(context: Context, name: string, goal: Goal, timeout: number): Promise<Json | undefined> {
  const spinner = isLively() ? (await import("ora")).default({ stream: process.stderr }).start() : undefined;
  const end = process.uptime() + timeout;
  try {
    for (;;) {
      const resource = await look(context, name, goal);
      if (!resource || goal.states.includes(String(resource["state"]))) return resource;
      const { state } = resource;
      if (state === "FAILED" || state === "STATE_UNSPECIFIED") throw new RpcError("Internal", `${name} has failed`);
      if (!goal.gone && (state === "DELETED" || state === "DELETING"))
        throw new RpcError("Aborted", `${name} is ${state}`);
      if (process.uptime() > end)
        throw new RpcError("DeadlineExceeded", `${name} is ${String(state)} after ${timeout}s`);
      if (spinner) spinner.text = `${name} is ${String(state)}${replicas(resource)}`;
      await pause();
    }
  } finally {
    spinner?.stop();
  }
}
