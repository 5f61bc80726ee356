import { ApiError } from "../core/error.ts";
import { argmax, confidence, expected, judge, weigh } from "../core/generation/decide.ts";
import { countTokens } from "../core/generation/token.ts";
import { factsOf } from "../engine/models.ts";
import type { Decision, DecisionsRequest, SystemOneQuestion } from "../schema/decision.ts";
import * as schema from "../schema/decision.ts";
import { decodeInferenceBody } from "./body.ts";
import { both } from "./inference.ts";
import type { Call, Reply, Route } from "./route.ts";
import { instead, runOn } from "./wordless.ts";

const refuse = (message: string): ApiError => new ApiError("invalid_request_error", message);

/** A word and what is said of it. */
const toText = (label: string, description: string | null | undefined): string =>
  description ? `${label}: ${description}` : label;

/** What one question is asked of, and by whom it is answered. */
interface Matter {
  model: string;
  state: string;
}

/** Probabilities of labels, in their order. */
const toTable = (labels: readonly string[], chances: readonly number[]): Record<string, number> =>
  Object.fromEntries(labels.map((label, at) => [label, chances[at]!]));

function answerQuestion({ model, state }: Matter, question: SystemOneQuestion): object {
  const { instructions } = question;
  if (question.type === "noul") {
    const { true: holds, false: fails } = question.criteria ?? {};
    const noul = judge(model, state, toText(instructions, holds), fails ? toText(instructions, fails) : undefined);
    return { type: "noul", noul };
  }
  const labels =
    question.type === "choice" ? Object.keys(question.criteria) : question.criteria.map((_, at) => String(at));
  const options =
    question.type === "choice"
      ? Object.entries(question.criteria).map(([label, description]) => toText(label, description))
      : question.criteria;
  const chances = weigh(model, state, options);
  const result = question.type === "choice" ? { choice: labels[argmax(chances)] } : { score: expected(chances) };
  return {
    type: question.type,
    ...result,
    probabilities: toTable(labels, chances),
    confidence: confidence(chances),
  };
}

function answerDecision({ model, state }: Matter, decision: Decision): object {
  const { type, instructions } = decision;
  const name = decision.name ?? null;
  if (type === "predicate") return { type, name, probability: judge(model, state, instructions, undefined) };
  if (type === "choice") {
    const { choices } = decision;
    const chances = weigh(
      model,
      state,
      choices.map(({ value, description }) => toText(String(value), description)),
    );
    const probabilities = choices.map(({ value }, at) => ({ value, probability: chances[at]! }));
    return { type, name, choice: choices[argmax(chances)]!.value, confidence: confidence(chances), probabilities };
  }
  const chances = weigh(
    model,
    state,
    decision.levels.map(({ label, description }) => toText(label, description)),
  );
  const probabilities = decision.levels.map(({ label }, value) => ({ label, value, probability: chances[value]! }));
  return { type, name, score: expected(chances), confidence: confidence(chances), probabilities };
}

/** Text of an input; images cannot be read. */
function toState({ input }: DecisionsRequest): string {
  if (typeof input === "string") return input;
  return input
    .map(({ role, content }) => {
      if (typeof content === "string") return `${role}: ${content}`;
      const image = content.find(({ type }) => type === "input_image" || type === "image_url");
      if (image) throw refuse(`Only text is supported, field: 'input.content.type', value: ${image.type}`);
      return `${role}: ${content.map(({ text }) => text ?? "").join("\n")}`;
    })
    .join("\n");
}

/** A question costs a token to answer (ours). */
async function decide(
  call: Call,
  endpoint: "systemone" | "decisions",
  name: string,
  state: string,
  questions: readonly { instructions: string }[],
  toBody: (matter: Matter, echo: string, tokens: number) => object,
): Promise<Reply | Response> {
  const canned = await instead(call, endpoint, name, questions[0]!.instructions, [state]);
  if (canned) return canned;
  const asked = questions.reduce((sum, question) => sum + countTokens(JSON.stringify(question)), 0);
  const inputs = [{ text: state, tokens: countTokens(state) + asked }];
  const { body, headers } = await runOn(call, name, inputs, ({ model, echo }, usage) => {
    if (!factsOf(call.world, model.name)?.systemOne)
      throw refuse(`Model ${model.name} does not support ${endpoint === "decisions" ? "Decisions" : "System One"}`);
    return toBody({ model: model.name, state }, echo, usage.prompt_tokens);
  });
  return { body, headers };
}

function systemOne(call: Call): Promise<Reply | Response> {
  const { model, state, questions } = decodeInferenceBody(schema.systemOneRequest, call.text);
  const text = typeof state === "string" ? state : JSON.stringify(state);
  const entries = Object.entries(questions);
  return decide(call, "systemone", model, text, Object.values(questions), (matter, echo, tokens) => ({
    model: echo,
    answers: Object.fromEntries(entries.map(([id, question]) => [id, answerQuestion(matter, question)])),
    usage: { input_tokens: tokens, output_tokens: entries.length, cached_input_tokens: 0 },
  }));
}

function decisions(call: Call): Promise<Reply | Response> {
  const request = decodeInferenceBody(schema.decisionsRequest, call.text);
  const { model, questions } = request;
  return decide(call, "decisions", model, toState(request), questions, (matter, echo, tokens) => ({
    model: echo,
    answers: questions.map((question) => answerDecision(matter, question)),
    usage: {
      input_tokens: tokens,
      input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
      output_tokens: questions.length,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: tokens + questions.length,
    },
  }));
}

/** Typed questions about a state (inference §5.8). */
export function decisionRoutes(): Route[] {
  const own = { method: "POST", plane: "inference", tag: "Inference" } as const;
  return [
    {
      ...own,
      ...both("/systemone"),
      summary: "Answer typed questions about a state, in probabilities",
      body: schema.systemOneRequest,
      result: schema.systemOneResponse,
      handle: systemOne,
    },
    {
      ...own,
      ...both("/decisions"),
      summary: "The same in the shape of OpenAI's Decisions",
      body: schema.decisionsRequest,
      result: schema.decisionsResponse,
      handle: decisions,
    },
  ];
}
