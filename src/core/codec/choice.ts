import type { TokenInfo } from "../generation/logprob.ts";
import { tokenId } from "../generation/token.ts";
import type { Answer, FinishPart, TokenPart } from "./answer.ts";
import { toLogprobs } from "./logprobs.ts";
import { seen } from "./prompt.ts";

interface ToolCall {
  index: number;
  id: string;
  type: "function";
  function: { name: string; arguments: string };
}

type Part = Answer["parts"][number];

/** One choice, whole: what the parts of an answer come to. */
export interface Choice {
  index: number;
  reasoning: string;
  text: string;
  calls: ToolCall[];
  tokens: string[];
  infos: TokenInfo[];
  finish: FinishPart;
}

const newChoice = ({ choice: index }: Part): Choice => ({
  index,
  reasoning: "",
  text: "",
  calls: [],
  tokens: [],
  infos: [],
  finish: { type: "finish", choice: index, reason: "stop", stop: null },
});

function add(choice: Choice, part: TokenPart): void {
  const text = part.tokens.join("");
  if (part.type === "text") choice.text += text;
  else if (part.type === "reasoning") choice.reasoning += text;
  else if (part.type === "call") {
    const { index, id, name } = part;
    choice.calls.push({ index, id, type: "function", function: { name, arguments: text } });
  }
  choice.tokens = choice.tokens.length === 0 ? part.tokens : [...choice.tokens, ...part.tokens];
  if (part.infos) choice.infos = choice.infos.length === 0 ? part.infos : [...choice.infos, ...part.infos];
}

/** Folds the parts of an answer to its choices. */
export function toChoices({ parts }: Answer): Choice[] {
  const choices: Choice[] = [];
  let choice: Choice | undefined;
  for (const part of parts) {
    if (!choice || part.choice !== choice.index) choices.push((choice = newChoice(part)));
    if (part.type === "finish") choice.finish = part;
    else add(choice, part);
  }
  return choices;
}

/** What lies behind a choice, as the model saw and said it (inference §2.3). */
function toRawOutput(answer: Answer, choice: Choice): object {
  const { request, promptIds } = answer;
  const at = Math.floor(choice.index / request.choices);
  const prompt = request.prompts[at]!;
  const fragments = seen(prompt.pieces, answer.history).flatMap<string | number>((piece) =>
    typeof piece === "string" ? [piece] : piece,
  );
  return {
    prompt_fragments: fragments,
    prompt_token_ids: promptIds[at]!,
    completion: choice.tokens.join(""),
    completion_token_ids: choice.tokens.map(tokenId),
    completion_logprobs: request.logprobs
      ? toLogprobs({ ...request.logprobs, shape: "content" }, choice.infos, 0)
      : null,
    images: request.images.length > 0 ? request.images : null,
    videos: null,
    grammar: request.output.type === "grammar" ? request.output.grammar : null,
  };
}

/** What a choice tells besides its text, where it was asked for; nothing that was not. */
export function extrasOf(answer: Answer, choice: Choice, isChat: boolean): Record<string, unknown> {
  const { request, promptIds } = answer;
  const extras: Record<string, unknown> = {};
  if (request.logprobs) extras["logprobs"] = toLogprobs(request.logprobs, choice.infos, 0);
  if (request.rawOutput) extras["raw_output"] = toRawOutput(answer, choice);
  if (request.tokenIds) {
    if (!isChat) extras["prompt_token_ids"] = promptIds[Math.floor(choice.index / request.choices)];
    extras["token_ids"] = choice.tokens.map(tokenId);
  }
  return extras;
}
