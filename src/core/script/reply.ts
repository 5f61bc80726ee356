import type { ScriptAnswer } from "../../schema/script.ts";
import type { Reply, Run } from "../generation/reply.ts";
import { tokenize } from "../generation/token.ts";
import type { Captures } from "../pattern.ts";
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

/** What a script says, as the generator would have said it. */
export function toReply(answer: ScriptAnswer, asked: Asked, captures: Captures): Reply {
  const runs: Run[] = [];
  const say = (text: string): string => fill(text, asked, captures);
  if (answer.reasoning !== undefined)
    runs.push({ kind: "reasoning", tokens: tokenize(say(answer.reasoning)), name: "" });
  const tokens = answer.chunks ? answer.chunks.map(say) : tokenize(say(answer.text ?? ""));
  const calls = answer.toolCalls ?? [];
  if (tokens.length > 0 || calls.length === 0) runs.push({ kind: "text", tokens, name: "" });
  for (const { name, arguments: given } of calls) {
    const text = typeof given === "string" ? say(given) : JSON.stringify(fillAll(given, asked, captures));
    runs.push({ kind: "call", tokens: tokenize(text), name });
  }
  return { runs, finish: answer.finishReason ?? (calls.length > 0 ? "tool_calls" : "stop"), stop: null };
}
