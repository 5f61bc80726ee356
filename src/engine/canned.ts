import type { AnswerContent } from "../core/codec/answer.ts";
import type { GenerationRequest } from "../core/codec/request.ts";
import type { ErrorCode } from "../core/error.ts";
import { ApiError, usualText } from "../core/error.ts";
import type { Reply } from "../core/generation/reply.ts";
import type { Captures } from "../core/pattern.ts";
import type { Filler } from "../core/script/fill.ts";
import { toFiller } from "../core/script/fill.ts";
import type { Asked } from "../core/script/match.ts";
import { canAnswer, criteriaOf, whyNot } from "../core/script/match.ts";
import { toOffsets, toReply } from "../core/script/reply.ts";
import type { Ms } from "../core/time.ts";
import { parseSpan } from "../core/time.ts";
import type { Script, ScriptAnswer } from "../schema/script.ts";
import type { Caller } from "./inference.ts";
import { findTarget } from "./routing.ts";
import type { World } from "./world.ts";

/** How many scripts a refusal of `--strict` names. */
const NEAREST = 3;

/** What a script makes of a request: an answer's words, or a whole HTTP answer. */
export type Canned =
  | {
      type: "reply";
      reply: Reply;
      usage: ScriptAnswer["usage"];
      headers: Record<string, string>;
      offsets: Ms[] | undefined;
    }
  | { type: "stream"; frames: { text: string; at: Ms }[]; headers: Record<string, string> }
  | { type: "body"; status: number; body: unknown; headers: Record<string, string> };

function toCanned(answer: ScriptAnswer, asked: Asked, captures: Captures): Canned {
  const headers = answer.headers ?? {};
  const filler = toFiller(answer.verbatim ?? false, asked, captures);
  if (answer.error)
    throw new ApiError(
      answer.error.code as ErrorCode,
      answer.error.message ?? usualText(answer.error.code as ErrorCode),
    );
  if (answer.body !== undefined)
    return { type: "body", status: answer.status ?? 200, body: filler.value(answer.body), headers };
  if (answer.events) return { type: "stream", frames: toFrames(answer.events, filler), headers };
  const reply = toReply(answer, filler);
  return { type: "reply", reply, usage: answer.usage, headers, offsets: toOffsets(answer, reply) };
}

/** Server-sent events as a script has them. */
function toFrames(events: NonNullable<ScriptAnswer["events"]>, filler: Filler): { text: string; at: Ms }[] {
  let last = 0;
  return events.map(({ data, event, at }) => {
    last = Math.max(last, parseSpan(at ?? "") ?? 0);
    const value = filler.value(data);
    const text = typeof value === "string" ? value : JSON.stringify(value);
    // a lone carriage return ends a line of an event stream too
    const lines = `data: ${text.replace(/\r\n|[\r\n]/g, "\ndata: ")}\n`;
    return { text: `${event === undefined ? "" : `event: ${event}\n`}${lines}\n`, at: last };
  });
}

/** A request as scripts look at it, but for who asks. */
export type Question = Pick<Asked, "endpoint" | "model" | "last" | "messages" | "tools" | "output" | "turn">;

export const toQuestion = ({ endpoint, prompts, toolUse, output, turn, model }: GenerationRequest): Question => ({
  endpoint,
  model,
  last: prompts[0]!.last,
  messages: prompts.flatMap(({ said }) => said),
  tools: toolUse.tools.map(({ name }) => name),
  output: output.type,
  turn,
});

export function toAsked(world: World, question: Question, { account, header }: Caller): Asked {
  const target = findTarget(world, question.model, account);
  const model = target?.model.name ?? question.model;
  return { ...question, model, deployment: target?.deployment?.name, account, header };
}

/** What keeps a script from a request. */
const reasonsAgainst = (script: Script, asked: Asked, captures: Captures): string[] =>
  canAnswer(script, asked.endpoint)
    ? whyNot(script, asked, captures)
    : [`respond: expected a body or an error for ${asked.endpoint}`];

function refuse(world: World, asked: Asked): ApiError {
  const near = world.parts.scripts
    .map(({ script }) => ({ script, reasons: reasonsAgainst(script, asked, {}) }))
    .sort(
      (left, right) => left.reasons.length - right.reasons.length || criteriaOf(right.script) - criteriaOf(left.script),
    )
    .slice(0, NEAREST)
    .map(({ script, reasons }) => `${script.id} (${reasons.length > 0 ? reasons.join("; ") : "not its turn"})`);
  return new ApiError(
    "SCRIPT_NOT_FOUND",
    `No script matches this request. ${near.length > 0 ? `Nearest: ${near.join(", ")}` : "There are none"}`,
  );
}

/**
 * The canned answer of the first script that matches; undefined lets the generator answer.
 * @throws ApiError what the script says, or with `--strict` that none matches
 */
export function findCanned(world: World, ask: () => Question, caller: Caller): Canned | undefined {
  const { scripts, config, store, recordings } = world.parts;
  if (scripts.length === 0 && !config.strict) return undefined;
  const asked = toAsked(world, ask(), caller);
  for (const entry of scripts) {
    const captures: Captures = {};
    if (reasonsAgainst(entry.script, asked, captures).length > 0) continue;
    entry.matched += 1;
    store.putDocument("script", entry.script.id, entry);
    world.saver.soon();
    const { match, respond } = entry.script;
    if (match.nth !== undefined && match.nth !== entry.matched) continue;
    const list = [respond].flat();
    return toCanned(list[match.nth === undefined ? Math.min(entry.matched, list.length) - 1 : 0]!, asked, captures);
  }
  if (config.strict && !recordings) throw refuse(world, asked);
  return undefined;
}

/** Counts as the script says, where it says. */
export function withUsage(content: AnswerContent, usage: ScriptAnswer["usage"]): AnswerContent {
  return {
    ...content,
    promptTokens: usage?.promptTokens ?? content.promptTokens,
    completionTokens: usage?.completionTokens ?? content.completionTokens,
  };
}
