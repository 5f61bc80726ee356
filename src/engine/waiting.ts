import type { DeploymentRecord } from "../core/deployment/record.ts";
import { isSettled, readyReplicas } from "../core/deployment/record.ts";
import { ApiError, texts } from "../core/error.ts";
import type { Ms } from "../core/time.ts";
import { limits } from "./config.ts";
import { worldEnded } from "./ending.ts";
import { modelNotFound } from "./routing.ts";
import { once } from "./timers.ts";
import type { World } from "./world.ts";

/** All its pending replicas stand in line for GPUs: no timer of its own will change that. */
const isStalled = (record: DeploymentRecord): boolean =>
  record.drainAt === null &&
  record.replicas.some((replica) => replica.phase === "waiting") &&
  record.replicas.every((replica) => replica.dueAt === null);

/** The next time at which waiting for this deployment can pay off; undefined when only a client can change it. */
function nextChange(world: World, record: DeploymentRecord): Ms | undefined {
  if (isSettled(record)) return undefined;
  if (!isStalled(record)) return world.parts.queue.get("deployment", record.name)?.at;
  const { stockouts, reservations } = world.parts.fleet;
  const turns = [...stockouts.values(), ...reservations.values()]
    .flatMap(({ startAt, endAt }) => [startAt, endAt ?? Infinity])
    .filter((at) => at > world.now);
  const next = Math.min(...turns);
  return next < Infinity ? next : undefined;
}

/** Clock mode `skip`: a client that looks at something unsettled moves time to its next change. */
export function skipFor(world: World, name: string): void {
  if (world.parts.clock.mode !== "skip") return;
  const record = world.parts.deployments.get(name);
  const at = record && nextChange(world, record);
  if (at !== undefined) world.runTo(at);
}

/** Whether answers come at the pace of the model: tokens one by one, a body when it is done. */
export function isPaced({ parts: { config, clock } }: World): boolean {
  if (config.pace !== "auto") return config.pace === "on";
  // a test that moves time by hand would wait for itself
  return config.profile === "realistic" && clock.mode !== "manual";
}

/**
 * Waits until no advance is going on: whatever was waiting goes on when time has come to a rest, never in the middle.
 * @throws ApiError NOT_FOUND when the world has ended
 */
export async function untilRest(world: World): Promise<void> {
  await world.moving;
  if (world.isClosed) throw worldEnded();
}

/** Does something at once, or when the advance that is going on is over. */
export function whenAtRest(world: World, work: () => void): void {
  if (!world.moving) return work();
  untilRest(world)
    .then(work)
    .catch((error: unknown) => {
      if (!world.isClosed) world.parts.onBug(error, "what waited for an advance");
    });
}

/** Waits until world time has come, or the client has gone; in `skip` time comes at once. */
export async function waitUntil(world: World, at: Ms, signal: AbortSignal): Promise<void> {
  if (world.parts.clock.mode === "skip" && at > world.now) {
    if (world.isDue(at)) await world.travel(once(() => at));
    else world.runTo(at);
  }
  if (world.now >= at || signal.aborted) return;
  await untilDone(world, signal, (done) => {
    const wake = world.pacer.timer(done);
    wake(at);
    return () => wake(null);
  });
  await untilRest(world);
}

/**
 * Waits until something is done, or the client has gone.
 * @param start begins it; what it returns takes it back
 * @throws ApiError NOT_FOUND when the world ends before, UNAVAILABLE when it is reset
 */
function untilDone(world: World, signal: AbortSignal, start: (done: () => void) => () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      stop();
      forget();
      signal.removeEventListener("abort", done);
    };
    const done = (): void => {
      leave();
      resolve();
    };
    const stop = start(done);
    const forget = world.onRelease((why) => {
      leave();
      reject(why);
    });
    signal.addEventListener("abort", done);
  });
}

let held = 0;

/**
 * Holds a request until the deployment has a ready replica; the clock decides how long that takes.
 * @param signal tells that the client has hung up
 */
export async function waitForReplica(world: World, name: string, signal: AbortSignal): Promise<DeploymentRecord> {
  if (held >= limits.heldMax)
    throw new ApiError("too_many_requests", `more than ${limits.heldMax} requests are held for a cold start`);
  held += 1;
  try {
    for (;;) {
      const record = world.parts.deployments.get(name);
      if (!record || record.state === "DELETED" || record.state === "DELETING" || record.state === "FAILED")
        throw modelNotFound();
      if (readyReplicas(record).length > 0) return record;
      if (record.desired === 0 || signal.aborted) throw new ApiError("DEPLOYMENT_SCALING_UP", texts.scalingUp);
      const before = world.now;
      skipFor(world, name);
      if (world.now !== before) continue;
      await untilDone(world, signal, (done) =>
        world.log.listen(({ deployment }) => {
          if (deployment === name) done();
        }),
      );
      await untilRest(world);
    }
  } finally {
    held -= 1;
  }
}

/** The next time that some deployment waits for; undefined where none waits for time alone. */
export function nextSettling(world: World): Ms | undefined {
  let next: Ms | undefined;
  for (const record of world.parts.deployments.values()) {
    const at = nextChange(world, record);
    if (at !== undefined && !(next !== undefined && next <= at)) next = at;
  }
  return next;
}
