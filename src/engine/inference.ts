import type { Answer, AnswerContent, AnswerContext } from "../core/codec/answer.ts";
import { createAnswer } from "../core/codec/answer.ts";
import type { GenerationRequest } from "../core/codec/request.ts";
import type { Background, Work } from "../core/deployment/admission.ts";
import { admit, findSeat, NO_BACKGROUND } from "../core/deployment/admission.ts";
import type { Capacity } from "../core/deployment/capacity.ts";
import type { Flight } from "../core/deployment/load.ts";
import { Load } from "../core/deployment/load.ts";
import type { DeploymentRecord } from "../core/deployment/record.ts";
import { readyReplicas } from "../core/deployment/record.ts";
import { ApiError, texts, usualText } from "../core/error.ts";
import { idOf } from "../core/name.ts";
import type { Sampling } from "../core/generation/logprob.ts";
import { digest, hexOf, shortDigest } from "../core/random.ts";
import type { Ms } from "../core/time.ts";
import { SECOND, toDay } from "../core/time.ts";
import type { Usage } from "../schema/completion.ts";
import type { Model } from "../schema/model.ts";
import type { CachedPrompt } from "./prompt-cache.ts";
import { affinityOf, recallPrompt } from "./prompt-cache.ts";
import type { Target } from "./routing.ts";
import { countRate, NO_LIMITS } from "./rate-limit.ts";
import { findTarget, resolveModel } from "./routing.ts";
import type { Canned } from "./canned.ts";
import { withUsage } from "./canned.ts";
import { skipFor, waitForReplica } from "./waiting.ts";
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
interface Boarded {
  flight: Flight;
  /** Requests on the replica, this one included; 0 for serverless. */
  concurrent: number;
  /** What the shared service says of its limits. */
  limits: Record<string, string>;
}

/** An answer with the circumstances that its headers tell. */
export interface Served extends Boarded {
  answer: Answer;
  target: Target;
  /** When each token is told, as a span since the request; undefined for an even pace. */
  offsets: readonly Ms[] | undefined;
}

/** Who asks, and how to tell that they have hung up; the signal costs something, so it is made when it is needed. */
export interface Caller {
  account: string;
  signal: () => AbortSignal;
  header: (name: string) => string | undefined;
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
function turnAway(world: World, record: DeploymentRecord, status: 429 | 503, promptTokens: number): void {
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

const scalingUp = (): ApiError => new ApiError("DEPLOYMENT_SCALING_UP", texts.scalingUp);

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

/** Puts a request on a replica: its load counts from now to its computed end (simulation §2). */
function board(world: World, record: DeploymentRecord, caller: Caller, ask: Ask): Boarded {
  const load = world.parts.loads.get(record.name)!;
  const [background, capacity, ready] = [backgroundOf(record), world.capacityOf(record), readyReplicas(record)];
  const key = ask.prompt && affinityOf(ask.prompt.wish, caller);
  const seat = findSeat(load, ready, capacity, background, world.now, key);
  const cachedTokens = seat ? recall(world, record.name, ready, seat.replica, ask, caller) : 0;
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

/** The deployment with a ready replica: at once, after a cold start with `wait`, or a 503 that wakes it. */
async function awaken(world: World, record: DeploymentRecord, caller: Caller): Promise<DeploymentRecord> {
  if (readyReplicas(record).length > 0) return record;
  world.apply(record.name, { type: "request", until: world.now });
  world.saver.soon();
  if (world.parts.config.coldStart === "wait" && record.spec.maxReplicaCount > 0)
    return waitForReplica(world, record.name, caller.signal());
  turnAway(world, record, 503, 0);
  // in `skip` the retry that this answer asks for finds the next stage
  skipFor(world, record.name);
  throw scalingUp();
}

const samplings = new WeakMap<Model, Sampling>();

/** What the model samples with when the request does not say; found once. */
function samplingOf(model: Model): Sampling {
  let sampling = samplings.get(model);
  if (!sampling) {
    const { temperature = 1, top_p: topP = 1, top_k: topK = 0 } = model.defaultSamplingParams as Record<string, number>;
    samplings.set(model, (sampling = { temperature, topP, topK }));
  }
  return sampling;
}

/** What an answer depends on besides its request. */
function contextOf(world: World, model: Model, seed: string, contextLength: number): AnswerContext {
  const facts = world.parts.catalog.facts.get(model.name);
  return {
    seed,
    contextLength,
    model: idOf(model.name),
    reasons: facts?.reasoning ?? false,
    moe: facts?.moe ?? false,
    bodyTokensMax: facts?.bodyTokensMax ?? Infinity,
    sampling: samplingOf(model),
    keepStop: world.parts.config.stopText === "keep",
  };
}

/** @returns usage as the wire has it; with reasoning its tokens are told twice, as seen (inference §3.4) */
function toUsage({ promptTokens, completionTokens, reasoningTokens }: AnswerContent, cachedTokens: number): Usage {
  const usage: Usage = {
    prompt_tokens: promptTokens,
    total_tokens: promptTokens + completionTokens,
    completion_tokens: completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
  };
  if (reasoningTokens === 0) return usage;
  const details = { reasoning_tokens: reasoningTokens };
  return { ...usage, completion_tokens_details: details, output_tokens_details: details };
}

/**
 * Where a request goes, with a replica that can take it.
 * @throws ApiError NOT_FOUND, DEPLOYMENT_SCALING_UP
 */
export async function reach(world: World, model: string, caller: Caller): Promise<Target> {
  world.catchUp();
  const target = resolveModel(world, model, caller.account);
  return target.deployment ? { ...target, deployment: await awaken(world, target.deployment, caller) } : target;
}

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

type CannedReply = Extract<Canned, { type: "reply" }>;

const standIn = (world: World, echo: string): Target => ({
  model: world.parts.catalog.models.values().next().value!,
  deployment: undefined,
  echo,
});

/**
 * Serves one request of any generating format.
 * @param idPrefix `cmpl-`, `chatcmpl-` or `msg_`
 * @param canned what a script says, instead of the generator
 * @throws ApiError NOT_FOUND, DEPLOYMENT_SCALING_UP, too_many_requests, invalid_request_error
 */
export async function serve(
  world: World,
  request: GenerationRequest,
  caller: Caller,
  idPrefix: string,
  canned?: CannedReply,
): Promise<Served> {
  // a canned answer may be for a model that does not exist here
  const isKnown = !canned || findTarget(world, request.model, caller.account) !== undefined;
  const target = isKnown ? await reach(world, request.model, caller) : standIn(world, request.model);
  const { model, echo } = target;
  const contextLength = target.deployment?.spec.maxContextLength || model.contextLength;
  const seed = digest("text", world.parts.seed, request.model, request.seed, request.content);
  const made = createAnswer(request, contextOf(world, model, seed, contextLength), canned?.reply);
  const content = canned ? withUsage(made, canned.usage) : made;
  const { promptTokens, completionTokens, blocks } = content;
  const prompt = { blocks, wish: request.cache };
  const speculatedTokens = content.predicted?.matched ?? 0;
  const offsets = canned?.offsets;
  const boarded = take(world, target, caller, { promptTokens, completionTokens, speculatedTokens, offsets, prompt });
  const identity = shortDigest("request", seed, request.identity);
  const id = idPrefix + hexOf(identity, world.countOccurrence(identity));
  const created = Math.floor(world.now / SECOND);
  const usage = toUsage(content, canned?.usage?.cachedTokens ?? boarded.flight.cachedTokens);
  // no spread: this is made for every request, and would be slow to make and to read
  const { parts, reasoningTokens, promptIds, history, predicted } = content;
  const answer: Answer = {
    parts,
    promptTokens,
    completionTokens,
    reasoningTokens,
    promptIds,
    blocks,
    predicted,
    history,
    id,
    created,
    model: echo,
    request,
    usage,
  };
  const { flight, concurrent, limits } = boarded;
  return { answer, target, offsets, flight, concurrent, limits };
}
