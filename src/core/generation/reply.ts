import type { Random } from "../random.ts";
import type { Thinking } from "./family.ts";
import { sayGrammar } from "./grammar.ts";
import type { Schema } from "./json-schema.ts";
import { writeValue } from "./json-value.ts";
import type { FinishReason, Limits, Text } from "./generate.ts";
import { cutText, generate } from "./generate.ts";
import type { Likely } from "./logprob.ts";
import type { Reading } from "./reading.ts";
import { think } from "./think.ts";
import { tokenize, tokenizeInto } from "./token.ts";
import type { Call } from "./tools.ts";

/** Tokens of one kind, one after the other. */
export interface Run {
  kind: "reasoning" | "text" | "call";
  tokens: string[];
  /** The function's name, of a call. */
  name: string;
  /** How likely each token is, where that is not made up. */
  likely?: (Likely | undefined)[];
}

/** What one choice says. */
export interface Reply {
  runs: Run[];
  finish: FinishReason | "tool_calls";
  /** The stop string that ended it. */
  stop: string | null;
}

/** What one choice is asked for. */
export interface Ask {
  reading: Reading;
  /** Stands before the first word. */
  lead: string;
  limits: Limits;
  output: { type: "text" } | { type: "json"; schema: Schema | undefined } | { type: "grammar"; grammar: string };
  calls: readonly Call[];
  thinking: Thinking;
  forced: string | undefined;
}

const run = (kind: Run["kind"], tokens: string[], name = ""): Run => ({ kind, tokens, name });

/** The reasoning before the answer, in tokens; a longer wish for the same request begins with a shorter one. */
function reason({ thinking, reading }: Ask, random: Random): string[] {
  const length = Math.min(thinking.usual, thinking.most);
  const tokens: string[] = [];
  for (const piece of think(reading, random)) {
    tokenizeInto(tokens, piece);
    if (tokens.length >= length) break;
  }
  return tokens.slice(0, Math.min(tokens.length, thinking.most));
}

/** JSON and texts of a grammar end by themselves; whitespace may follow JSON where more tokens are demanded. */
function structured(text: string, limits: Limits, pads: boolean): Text {
  const cut = cutText(text, limits);
  if (pads && cut.finish === "stop" && cut.stop === null)
    while (cut.tokens.length < limits.minTokens) cut.tokens.push("\n");
  return cut.tokens.length >= limits.maxTokens && limits.minTokens >= limits.maxTokens
    ? { ...cut, finish: "length" }
    : cut;
}

function content(ask: Ask, random: Random, limits: Limits): Text {
  const { output, reading, forced } = ask;
  if (forced !== undefined) return cutText(forced, { ...limits, stop: [] });
  if (output.type === "json")
    return structured(JSON.stringify(writeValue(output.schema, { random, reading })), limits, true);
  if (output.type === "grammar") return structured(sayGrammar(output.grammar, random, reading.topics), limits, false);
  return generate(reading, random, ask.lead, limits);
}

function callRuns(calls: readonly Call[], maxTokens: number): Reply {
  const runs: Run[] = [];
  let left = maxTokens;
  for (const { name, arguments: text } of calls) {
    const tokens = tokenize(text);
    if (tokens.length > left) {
      // cut in the middle: what is there is no JSON, as on the real service
      if (left > 0) runs.push(run("call", tokens.slice(0, left), name));
      return { runs, finish: "length", stop: null };
    }
    runs.push(run("call", tokens, name));
    left -= tokens.length;
  }
  return { runs, finish: "tool_calls", stop: null };
}

const OPEN_TAG = tokenize("<think>\n");
const CLOSE_TAG = tokenize("\n</think>\n\n");

/** Reasoning first, then the text or the calls; all of it counts against the limit (inference §3.6). */
export function createReply(ask: Ask, random: Random): Reply {
  const { limits, thinking, calls } = ask;
  const isThinking = thinking.usual > 0 && ask.forced === undefined;
  const thought = isThinking ? reason(ask, random) : [];
  const shown = thinking.inline && isThinking ? [...OPEN_TAG, ...thought, ...CLOSE_TAG] : thought;
  const kind = thinking.inline ? "text" : "reasoning";
  const runs = shown.length > 0 ? [run(kind, shown.slice(0, limits.maxTokens))] : [];
  const left = limits.maxTokens - shown.length;
  if (left < 0) return { runs, finish: "length", stop: null };
  if (calls.length > 0 && ask.forced === undefined) {
    const rest = callRuns(calls, left);
    return { ...rest, runs: [...runs, ...rest.runs] };
  }
  const minTokens = Math.max(limits.minTokens - shown.length, 0);
  const text = content(ask, random, { ...limits, maxTokens: left, minTokens });
  return { runs: [...runs, run("text", text.tokens)], finish: text.finish, stop: text.stop };
}
