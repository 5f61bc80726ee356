import type { ScriptAnswer, ScriptChunk } from "../../schema/script.ts";
import type { Reply, Run } from "../generation/reply.ts";
import { tokenize } from "../generation/token.ts";
import type { Captures } from "../pattern.ts";
import type { Ms } from "../time.ts";
import { parseSpan } from "../time.ts";
import type { Asked } from "./match.ts";

/** `{{lastUserMessage}}`, `{{model}}`, `{{1}}`, `{{name}}`; what is not known stays as it is. */
function fill(text: string, { last, model, account, turn }: Asked, captures: Captures): string {
  const known: Record<string, string> = { ...captures, lastUserMessage: last, model, account, turn: String(turn) };
  return text.replace(/\{\{\s*(\w+)\s*\}\}/g, (whole, name: string) =>
    Object.hasOwn(known, name) ? known[name]! : whole,
  );
}

/** The same in every text of a JSON value. */
export function fillAll(value: unknown, asked: Asked, captures: Captures): unknown {
  if (typeof value === "string") return fill(value, asked, captures);
  if (Array.isArray(value)) return value.map((item) => fillAll(item, asked, captures));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fillAll(item, asked, captures)]));
}

type Detailed = Exclude<ScriptChunk, string>;
const toDetailed = (chunk: ScriptChunk): Detailed => (typeof chunk === "string" ? { text: chunk } : chunk);

/** What a script says, as the generator would have said it. */
export function toReply(answer: ScriptAnswer, asked: Asked, captures: Captures): Reply {
  const runs: Run[] = [];
  const { verbatim } = answer;
  const say = (text: string): string => (verbatim ? text : fill(text, asked, captures));
  if (answer.reasoning !== undefined)
    runs.push({ kind: "reasoning", tokens: tokenize(say(answer.reasoning)), name: "" });
  const chunks = answer.chunks?.map(toDetailed);
  const tokens = chunks ? chunks.map(({ text }) => say(text)) : tokenize(say(answer.text ?? ""));
  const likely = (chunks ?? []).map(({ logprob, topLogprobs }) =>
    logprob === undefined ? undefined : { logprob, top: topLogprobs ?? {} },
  );
  const calls = answer.toolCalls ?? [];
  if (tokens.length > 0 || calls.length === 0) runs.push({ kind: "text", tokens, name: "", likely });
  for (const { name, arguments: given } of calls) {
    const text =
      typeof given === "string" ? say(given) : JSON.stringify(verbatim ? given : fillAll(given, asked, captures));
    runs.push({ kind: "call", tokens: tokenize(text), name });
  }
  return { runs, finish: answer.finishReason ?? (calls.length > 0 ? "tool_calls" : "stop"), stop: null };
}

/**
 * When each token is told, as a span since the request: what stands before the text with its first chunk, what stands
 * behind it with its last. Undefined where the script does not say.
 */
export function toOffsets({ chunks, took }: ScriptAnswer, { runs }: Reply): Ms[] | undefined {
  const whole = parseSpan(took ?? "");
  if (whole !== undefined && !chunks) return runs.flatMap(({ tokens }) => tokens.map(() => whole));
  const given = chunks?.map((chunk) => parseSpan(toDetailed(chunk).at ?? ""));
  if (!given?.some((at) => at !== undefined)) return undefined;
  const known: Ms[] = [];
  for (const at of given) known.push(Math.max(at ?? 0, known.at(-1) ?? 0));
  const offsets = { reasoning: known[0]!, call: known.at(-1)! };
  return runs.flatMap(({ kind, tokens }) => (kind === "text" ? known : tokens.map(() => offsets[kind])));
}
