import type { Wish } from "../generation/family.ts";
import type { Schema } from "../generation/json-schema.ts";
import type { Sampling } from "../generation/logprob.ts";
import type { ToolUse } from "../generation/tools.ts";
import type { Prompt } from "./prompt.ts";

/** What the text has to be. */
export type Output =
  | { type: "text" }
  | { type: "json"; schema: Schema | undefined }
  | { type: "grammar"; grammar: string };

/** `legacy` for `logprobs: 3`, `content` for `logprobs: true` (inference §2.4). */
export interface Logprobs {
  shape: "legacy" | "content";
  top: number;
  /** Tell which experts each token went through. */
  routing: boolean;
}

/** How the prompt is to be remembered (inference §9). */
export interface CacheWish {
  /** Requests with the same one go to the same replica. */
  key: string | undefined;
  /** Prompts with different ones have nothing in common. */
  isolation: string | undefined;
  /** Tokens at most; 0 turns it off. */
  most: number;
}

/** What every wire format is decoded to. */
export interface GenerationRequest {
  endpoint: "completions" | "chat" | "messages" | "responses";
  model: string;
  /** How many messages the user has said. */
  turn: number;
  prompts: Prompt[];
  /** Choices per prompt. */
  choices: number;
  maxTokens: number;
  minTokens: number;
  stop: string[];
  stream: boolean;
  /** undefined when the client did not say. */
  includeUsage: boolean | undefined;
  /** How many of the prompt's last tokens stand before the text; 0 for none. */
  echo: number;
  logprobs: Logprobs | undefined;
  /** Tell token ids beside the text. */
  tokenIds: boolean;
  rawOutput: boolean;
  /** Images of the prompt, as they were given. */
  images: string[];
  output: Output;
  toolUse: ToolUse;
  reasoning: Wish;
  sampling: { [K in keyof Sampling]: Sampling[K] | undefined };
  cache: CacheWish;
  /** A text that the client expects, for speculation. */
  prediction: string | undefined;
  /** How often each position of a draft is right, where the client says so. */
  acceptance: number[] | undefined;
  /** The text that must be answered, whatever was asked. */
  forced: string | undefined;
  /** Tell in the body what the headers tell. */
  perfMetrics: boolean;
  onOverflow: "truncate" | "error";
  /** A raw prompt is continued, a chat is answered. */
  continues: boolean;
  /** The very same was asked before, so it is worth remembering what is made of it. */
  again: boolean;
  /** The seed that the client sent, if any. */
  seed: string;
  /** What the text depends on. */
  content: string;
  /** What the id depends on besides the content: all that was asked, but not how it is delivered. */
  identity: string;
}
