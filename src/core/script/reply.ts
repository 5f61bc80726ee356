import type { ScriptAnswer, ScriptChunk } from "../../schema/script.ts";
import type { Reply, Run } from "../generation/reply.ts";
import { tokenize } from "../generation/token.ts";
import type { Ms } from "../time.ts";
import { parseSpan } from "../time.ts";
import type { Filler } from "./fill.ts";

type Detailed = Exclude<ScriptChunk, string>;
const toDetailed = (chunk: ScriptChunk): Detailed => (typeof chunk === "string" ? { text: chunk } : chunk);

/** What a script says, as the generator would have said it. */
export function toReply(answer: ScriptAnswer, filler: Filler): Reply {
  const runs: Run[] = [];
  if (answer.reasoning !== undefined)
    runs.push({ kind: "reasoning", tokens: tokenize(filler.text(answer.reasoning)), name: "" });
  const chunks = answer.chunks?.map(toDetailed);
  const tokens = chunks ? chunks.map(({ text }) => filler.text(text)) : tokenize(filler.text(answer.text ?? ""));
  const likely = (chunks ?? []).map(({ logprob, topLogprobs }) =>
    logprob === undefined ? undefined : { logprob, top: topLogprobs ?? {} },
  );
  const calls = answer.toolCalls ?? [];
  if (tokens.length > 0 || calls.length === 0) runs.push({ kind: "text", tokens, name: "", likely });
  for (const { name, arguments: given } of calls) {
    const text = typeof given === "string" ? filler.text(given) : JSON.stringify(filler.value(given));
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
