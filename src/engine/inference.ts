import type { Answer, AnswerContent, AnswerContext } from "../core/codec/answer.ts";
import { createAnswer } from "../core/codec/answer.ts";
import type { GenerationRequest } from "../core/codec/request.ts";
import type { DeploymentRecord } from "../core/deployment/record.ts";
import { readyReplicas } from "../core/deployment/record.ts";
import { ApiError, texts } from "../core/error.ts";
import { idOf } from "../core/name.ts";
import type { Sampling } from "../core/generation/logprob.ts";
import { digest, hexOf, shortDigest } from "../core/random.ts";
import type { Ms } from "../core/time.ts";
import { SECOND } from "../core/time.ts";
import type { Usage } from "../schema/completion.ts";
import type { Model } from "../schema/model.ts";
import type { Target } from "./routing.ts";
import type { Boarded } from "./boarding.ts";
import { take, turnAway } from "./boarding.ts";
import { demandActive } from "./permission.ts";
import { factsOf } from "./models.ts";
import { countOccurrence } from "./occurrences.ts";
import { findTarget, resolveModel } from "./routing.ts";
import type { Canned } from "./canned.ts";
import { withUsage } from "./canned.ts";
import { skipFor, waitForReplica } from "./waiting.ts";
import type { World } from "./world.ts";

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
  /** The deployment that is meant whatever model is named; undefined but for direct routes. */
  direct: string | undefined;
  signal: () => AbortSignal;
  header: (name: string) => string | undefined;
}

const scalingUp = (): ApiError => new ApiError("DEPLOYMENT_SCALING_UP", texts.scalingUp);

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
  const facts = factsOf(world, model.name);
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
  const target = resolveModel(world, caller.direct ?? model, caller.account);
  // after the model was found: a suspended account hears 404 for what is not there (inference §7.3)
  demandActive(world, caller.account);
  return target.deployment ? { ...target, deployment: await awaken(world, target.deployment, caller) } : target;
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
  const id = idPrefix + hexOf(identity, countOccurrence(world.parts, identity));
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
