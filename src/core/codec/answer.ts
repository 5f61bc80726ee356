import type { Usage } from "../../schema/completion.ts";
import { ApiError } from "../error.ts";
import type { History, Thinking } from "../generation/family.ts";
import { decideThinking } from "../generation/family.ts";
import type { Limits } from "../generation/generate.ts";
import type { Sampling, TokenInfo } from "../generation/logprob.ts";
import { describeToken, withLikely } from "../generation/logprob.ts";
import type { Reading } from "../generation/reading.ts";
import { read } from "../generation/reading.ts";
import type { Reply, Run } from "../generation/reply.ts";
import { createReply } from "../generation/reply.ts";
import { countMatches } from "../generation/speculation.ts";
import { tokenize } from "../generation/token.ts";
import { makeCalls, toCallId } from "../generation/tools.ts";
import { Random } from "../random.ts";
import { fitTokens, newBudget, toldAgain } from "./budget.ts";
import type { Prompt } from "./prompt.ts";
import { promptIds, scanPrompt } from "./prompt.ts";
import type { GenerationRequest } from "./request.ts";

interface Tokens {
  choice: number;
  tokens: string[];
  /** One for each token, where logprobs are asked for. */
  infos: TokenInfo[] | undefined;
}

/** What an answer is made of; the body is a fold over the parts that the stream frames. */
type Part =
  | ({ type: "text" } & Tokens)
  | ({ type: "reasoning" } & Tokens)
  | ({ type: "call"; index: number; id: string; name: string } & Tokens)
  | { type: "finish"; choice: number; reason: Reply["finish"]; stop: string | null };

export type FinishPart = Extract<Part, { type: "finish" }>;
export type TokenPart = Exclude<Part, FinishPart>;

/** The parts and what they count: a function of the seed, the model and the request alone. */
export interface AnswerContent {
  parts: Part[];
  promptTokens: number;
  completionTokens: number;
  reasoningTokens: number;
  /** Ids of each prompt's tokens, where they are asked for. */
  promptIds: number[][];
  /** Tokens of the prediction, and how many of them the answer has; undefined without one. */
  predicted: { tokens: number; matched: number } | undefined;
  /** Each prompt's blocks, to be remembered. */
  blocks: number[][];
  /** How much of its earlier reasoning the model saw. */
  history: History;
}

/** A complete answer, not yet in any wire format. */
export interface Answer extends AnswerContent {
  id: string;
  /** Unix seconds of world time. */
  created: number;
  model: string;
  request: GenerationRequest;
  usage: Usage;
  /** Header names without their prefix (inference §8.2); only when asked for. */
  perfMetrics?: Record<string, string> | undefined;
}

export interface AnswerContext {
  /** What the texts depend on. */
  seed: string;
  /** The model's ID, and whether it reasons, and has experts. */
  model: string;
  reasons: boolean;
  moe: boolean;
  /** The most tokens of an answer that is no stream. */
  bodyTokensMax: number;
  contextLength: number;
  /** The model's own, for what the request leaves open. */
  sampling: Sampling;
  /** Whether a stop string stays at the end of the text. */
  keepStop: boolean;
}

/**
 * Answers of requests that came again. Only of those: what lies in a weak map outlives a young collection, and for
 * requests that never come again that would cost more than making their answers.
 */
const made = new WeakMap<GenerationRequest, { context: AnswerContext; content: AnswerContent }>();

const isSame = (one: AnswerContext, other: AnswerContext): boolean =>
  one.seed === other.seed && one.contextLength === other.contextLength && one.keepStop === other.keepStop;

/**
 * @param canned what to say, where that is not left to the generator
 * @throws ApiError invalid_request_error for what the model cannot do
 */
export function createAnswer(request: GenerationRequest, context: AnswerContext, canned?: Reply): AnswerContent {
  if (canned) return makeAnswer(request, context, canned);
  const known = made.get(request);
  if (known && isSame(known.context, context)) return known.content;
  const content = makeAnswer(request, context);
  if (request.again) made.set(request, { context, content });
  return content;
}

function makeAnswer(request: GenerationRequest, context: AnswerContext, canned?: Reply): AnswerContent {
  if (!request.stream && request.maxTokens > context.bodyTokensMax)
    throw new ApiError(
      "invalid_request_error",
      `Requests with max_tokens > ${context.bodyTokensMax} must have stream=true`,
    );
  // a raw prompt is continued: nothing tells the model to reason
  const thinking = decideThinking(context.model, context.reasons && !request.continues, request.reasoning);
  const content: AnswerContent = {
    parts: [],
    promptTokens: 0,
    completionTokens: 0,
    reasoningTokens: 0,
    promptIds: [],
    blocks: [],
    predicted: undefined,
    history: thinking.history,
  };
  const spend = newBudget(request);
  for (const [at, prompt] of request.prompts.entries()) {
    const { tokens, blocks } = scanPrompt(prompt.pieces, thinking.history);
    content.promptTokens += tokens;
    if (blocks.length > 0) content.blocks.push(blocks);
    spend(request.choices * toldAgain(request, tokens));
    if (request.tokenIds || request.rawOutput) content.promptIds.push(promptIds(prompt.pieces, thinking.history));
    const limits: Limits = {
      maxTokens: fitTokens(request, tokens, context.contextLength),
      minTokens: request.minTokens,
      stop: request.stop,
      keepStop: context.keepStop,
    };
    addChoices(content, { request, context, thinking, prompt, limits, canned, spend, first: at * request.choices });
  }
  if (request.prediction !== undefined) content.predicted = comparePrediction(request.prediction, content.parts);
  return content;
}

function comparePrediction(prediction: string, parts: readonly Part[]): { tokens: number; matched: number } {
  const predicted = tokenize(prediction);
  const said = parts.flatMap((part) => (part.type === "text" ? part.tokens : []));
  return { tokens: predicted.length, matched: countMatches(predicted, said) };
}

interface Turn {
  request: GenerationRequest;
  context: AnswerContext;
  thinking: Thinking;
  prompt: Prompt;
  limits: Limits;
  /** What to say instead of what would be generated. */
  canned: Reply | undefined;
  /** Is told how many tokens the answer gets. */
  spend: (tokens: number) => void;
  /** The index of its first choice. */
  first: number;
}

/** Streams of randomness of one choice that must not disturb its text. */
const INFO_STREAM = 1_000_000;

function addChoices(content: AnswerContent, turn: Turn): void {
  const { request, context, prompt, first } = turn;
  const { last, said } = prompt;
  const reading = read(last, said);
  const echoed = request.echo > 0 ? tokenize(last).slice(-request.echo) : [];
  for (let choice = first; choice < first + request.choices; choice += 1) {
    const random = new Random(context.seed, choice);
    const reply = turn.canned ?? generateReply(turn, reading, random);
    if (request.echo > 0)
      content.parts.push({ type: "text", choice, tokens: echoed, infos: describe(echoed, turn, choice + INFO_STREAM) });
    let index = 0;
    for (const run of reply.runs) {
      turn.spend(run.tokens.length);
      content.completionTokens += run.tokens.length;
      if (run.kind === "reasoning") content.reasoningTokens += run.tokens.length;
      content.parts.push(toPart(run, turn, choice, index));
      if (run.kind === "call") index += 1;
    }
    content.parts.push({ type: "finish", choice, reason: reply.finish, stop: reply.stop });
  }
}

function generateReply({ request, prompt: { last }, limits, thinking }: Turn, reading: Reading, random: Random): Reply {
  const { output, forced } = request;
  const lead = request.continues && last !== "" && !/\s$/.test(last) ? " " : "";
  const calls = makeCalls(request.toolUse, last, reading, random);
  return createReply({ reading, lead, limits, output, calls, thinking, forced }, random);
}

function toPart({ kind, tokens, name, likely }: Run, turn: Turn, choice: number, index: number): Part {
  const { context } = turn;
  const infos = describe(tokens, turn, choice + INFO_STREAM * (kind === "reasoning" ? 2 : 3 + index), likely);
  if (kind !== "call") return { type: kind, choice, tokens, infos };
  return {
    type: "call",
    choice,
    tokens,
    infos,
    name,
    index,
    id: toCallId(context.model, name, index, context.seed, choice),
  };
}

function describe(
  tokens: readonly string[],
  { request, context }: Turn,
  stream: number,
  likely: Run["likely"] = [],
): TokenInfo[] | undefined {
  const { logprobs } = request;
  if (!logprobs) return undefined;
  const random = new Random(context.seed, stream);
  const routing = logprobs.routing && context.moe;
  const { temperature, topP, topK } = request.sampling;
  const sampling: Sampling = {
    temperature: temperature ?? context.sampling.temperature,
    topP: topP ?? context.sampling.topP,
    topK: topK ?? context.sampling.topK,
  };
  return tokens.map((token, at) => {
    const info = describeToken(token, random, sampling, logprobs.top, routing);
    return likely[at] ? withLikely(info, likely[at], logprobs.top) : info;
  });
}
