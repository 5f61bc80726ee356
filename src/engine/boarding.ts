import type { Background, Work } from "../core/deployment/admission.ts";
import { admit, findSeat, NO_BACKGROUND } from "../core/deployment/admission.ts";
import type { Capacity } from "../core/deployment/capacity.ts";
import type { Flight } from "../core/deployment/load.ts";
import { Load } from "../core/deployment/load.ts";
import type { DeploymentRecord } from "../core/deployment/record.ts";
import { readyReplicas } from "../core/deployment/record.ts";
import { ApiError, usualText } from "../core/error.ts";
import type { Ms } from "../core/time.ts";
import { toDay } from "../core/time.ts";
import type { Caller } from "./inference.ts";
import { maySee } from "./permission.ts";
import type { CachedPrompt } from "./prompt-cache.ts";
import { affinityOf, guestScope, recallPrompt } from "./prompt-cache.ts";
import { countRate, NO_LIMITS } from "./rate-limit.ts";
import type { Target } from "./routing.ts";
import type { World } from "./world.ts";

/** A request that is to be taken on. */
interface Ask {
  promptTokens: number;
  completionTokens: number;
  /** Tokens that were predicted rightly. */
  speculatedTokens?: number;
  /** When its tokens are told, where a script says so. */
  offsets?: readonly Ms[] | undefined;
  /** What there is to remember, if anything. */
  prompt?: CachedPrompt;
}

/** A request that was taken on. */
export interface Boarded {
  flight: Flight;
  /** Requests on the replica, this one included; 0 for serverless. */
  concurrent: number;
  /** What the shared service says of its limits. */
  limits: Record<string, string>;
}

/** The shared service is as fast as an idle replica of this width (ours). */
const serverlessCapacity: Capacity = {
  prefillTokensPerSecond: 20_000,
  decodeTokensPerSecond: 120,
  concurrency: 1,
  halfSpeedConcurrency: Infinity,
};
const serverlessReplica = [{ number: 0 }];
/** No request of the shared service waits for another. */
const NO_LOAD = new Load();
const serverlessSeat = { replica: 0, inFlight: 0 };

const saturated = (): ApiError => new ApiError("too_many_requests", usualText("too_many_requests"));

/** A request that was turned away, for the metrics and the autoscaler. */
export function turnAway(world: World, record: DeploymentRecord, status: 429 | 503, promptTokens: number): void {
  const at = world.now;
  const times = { admittedAt: at, startAt: at, firstTokenAt: at, endAt: at };
  const flight: Flight = { replica: -1, status, ...times, promptTokens, cachedTokens: 0, completionTokens: 0 };
  world.parts.loads.get(record.name)!.add(flight);
  world.parts.store.addFlight({ deployment: record.name, ...flight });
}

/** The synthetic traffic on each replica. */
function backgroundOf(record: DeploymentRecord): Background {
  const flow = record.flows.at(-1);
  if (!flow || flow.ready === 0) return NO_BACKGROUND;
  return { inFlight: flow.concurrentRequests / flow.ready, queueMs: flow.streams[0]?.queueMs ?? 0 };
}

const toWork = (
  { promptTokens, completionTokens, speculatedTokens = 0, offsets }: Ask,
  cachedTokens: number,
): Work => ({
  promptTokens,
  completionTokens,
  speculatedTokens,
  cachedTokens,
  offsets,
});

/** Guests on a public deployment share no prompts with its owner: cached token counts would reveal what others asked. */
const scopeOf = (world: World, { name }: DeploymentRecord, { account }: Caller): string =>
  maySee(world, account, name) ? name : guestScope(name, account);

/** Puts a request on a replica: its load counts from now to its computed end (simulation §2). */
function board(world: World, record: DeploymentRecord, caller: Caller, ask: Ask): Boarded {
  const load = world.parts.loads.get(record.name)!;
  const [background, capacity, ready] = [backgroundOf(record), world.capacityOf(record), readyReplicas(record)];
  const key = ask.prompt && affinityOf(ask.prompt.wish, caller);
  const seat = findSeat(load, ready, capacity, background, world.now, key);
  const cachedTokens = seat ? recall(world, scopeOf(world, record, caller), ready, seat.replica, ask, caller) : 0;
  const flight = seat && admit(load, seat, capacity, background, world.now, toWork(ask, cachedTokens));
  // refused requests are traffic too: they keep a deployment awake
  world.apply(record.name, { type: "request", until: flight?.endAt ?? world.now });
  if (!flight) {
    turnAway(world, record, 429, ask.promptTokens);
    world.saver.soon();
    throw saturated();
  }
  load.add(flight);
  world.parts.store.addFlight({ deployment: record.name, ...flight });
  const concurrent = load.inFlight(flight.replica, world.now) + Math.floor(background.inFlight);
  return { flight, concurrent, limits: NO_LIMITS };
}

/** At least one token is always read: the answer begins after it. */
const recall = (
  world: World,
  scope: string,
  ready: readonly { number: number }[],
  replica: number,
  { prompt, promptTokens }: Ask,
  caller: Caller,
): number =>
  prompt ? Math.max(Math.min(recallPrompt(world, scope, ready, replica, prompt, caller), promptTokens - 1), 0) : 0;

/**
 * Takes a request on: its load goes to a replica, or its tokens to the account's bill.
 * @throws ApiError too_many_requests, RATE_LIMIT_EXCEEDED
 */
export function take(world: World, { deployment, model }: Target, caller: Caller, ask: Ask): Boarded {
  world.saver.soon();
  if (deployment) return board(world, deployment, caller, ask);
  const { promptTokens, completionTokens } = ask;
  const limits = countRate(world, caller.account, model.name, promptTokens, completionTokens);
  world.parts.store.addTokens({
    account: caller.account,
    day: toDay(world.now),
    model: model.name,
    promptTokens,
    completionTokens,
  });
  const cachedTokens = recall(world, `${caller.account} ${model.name}`, serverlessReplica, 0, ask, caller);
  const flight = admit(
    NO_LOAD,
    serverlessSeat,
    serverlessCapacity,
    NO_BACKGROUND,
    world.now,
    toWork(ask, cachedTokens),
  );
  return { flight, concurrent: 0, limits };
}

/** The client of a paced answer has gone: its replica is free at once, and tokens that were not made are not counted. */
export function hangUp(world: World, flight: Flight, deployment: string | undefined): void {
  const now = world.catchUp();
  if (deployment === undefined || flight.endAt <= now) return;
  const decoded = Math.max(now - flight.firstTokenAt, 0) / Math.max(flight.endAt - flight.firstTokenAt, 1);
  const before = { deployment, ...flight };
  world.parts.loads.get(deployment)?.cut(flight, now);
  flight.endAt = now;
  flight.completionTokens = Math.floor(flight.completionTokens * decoded);
  world.parts.store.cutFlight(before, { deployment, ...flight });
  world.saver.soon();
}
