import type { Random } from "../random.ts";
import { alphanumeric, digest } from "../random.ts";
import type { Schema } from "./json-schema.ts";
import { writeValue } from "./json-value.ts";
import { stopWords } from "./phrases.ts";
import { toWords } from "./plausible.ts";
import type { Reading } from "./reading.ts";

/** A function that the model may call. */
export interface Tool {
  name: string;
  description: string;
  /** Its arguments' schema; undefined when it takes none. */
  parameters: Schema | undefined;
}

/** `auto`: the model decides; `required`: at least one; `named`: that one. */
export type ToolChoice = { mode: "none" | "auto" | "required" } | { mode: "named"; name: string };

export interface Call {
  name: string;
  /** JSON text. */
  arguments: string;
}

/** Calls of one answer (ours). */
const CALLS_MAX = 3;
/** A word in a tool's name tells more than one in its description; below the threshold it is not meant. */
const NAME_WEIGHT = 2;
const THRESHOLD = 2;

const stem = (word: string): string => word.toLowerCase().replace(/(?:ing|ed|es|s)$/, "");

function wordsOf(text: string): string[] {
  return toWords(text)
    .split("_")
    .filter((word) => word.length > 2 && !stopWords.has(word))
    .map(stem);
}

function scoreOf({ name, description }: Tool, said: ReadonlySet<string>): number {
  const inName = new Set(wordsOf(name).filter((word) => said.has(word)));
  const inDescription = new Set(wordsOf(description).filter((word) => said.has(word) && !inName.has(word)));
  return inName.size * NAME_WEIGHT + inDescription.size;
}

/** The tools that a text speaks of, the best first; ties in the order they were offered. */
function meant(tools: readonly Tool[], text: string): Tool[] {
  const said = new Set(wordsOf(text));
  const scored = tools.map((tool, at) => ({ tool, at, score: scoreOf(tool, said) }));
  return scored
    .filter(({ score }) => score >= THRESHOLD)
    .sort((left, right) => right.score - left.score || left.at - right.at)
    .map(({ tool }) => tool);
}

/** Which tools the answer calls; none means that it is a text (inference §11). */
function choose(
  tools: readonly Tool[],
  choice: ToolChoice,
  text: string,
  parallel: boolean,
  afterTool: boolean,
): Tool[] {
  if (choice.mode === "none") return [];
  if (choice.mode === "named") return tools.filter(({ name }) => name === choice.name).slice(0, 1);
  // after a tool's result the answer is a text, unless a call is demanded
  if (afterTool && choice.mode === "auto") return [];
  const found = meant(tools, text).slice(0, parallel ? CALLS_MAX : 1);
  return found.length === 0 && choice.mode === "required" ? tools.slice(0, 1) : found;
}

/** What is asked about tools. */
export interface ToolUse {
  tools: readonly Tool[];
  choice: ToolChoice;
  parallel: boolean;
  /** The last message is a tool's result. */
  afterTool: boolean;
}

/** The calls of an answer, with arguments that are valid for each tool's schema. */
export function makeCalls(use: ToolUse, text: string, reading: Reading, random: Random): Call[] {
  if (use.tools.length === 0) return [];
  return choose(use.tools, use.choice, text, use.parallel, use.afterTool).map(({ name, parameters }) => {
    const schema = typeof parameters === "object" ? { ...parameters, type: "object" } : { type: "object" };
    return { name, arguments: JSON.stringify(writeValue(schema, { random, reading })) };
  });
}

/** Ids of calls look different from family to family (inference §3.5). */
export function toCallId(model: string, name: string, index: number, seed: string, choice: number): string {
  if (model.startsWith("kimi")) return `functions.${name}:${index}`;
  const own = digest("call", seed, choice, index);
  return model.startsWith("minimax") ? `chatcmpl-tool-${own.slice(0, 32)}` : `call_${alphanumeric(own, 24)}`;
}
