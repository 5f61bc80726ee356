import { ApiError } from "../error.ts";

const efforts = ["none", "low", "medium", "high", "xhigh", "max"] as const;
type Effort = (typeof efforts)[number];
export type History = "disabled" | "interleaved" | "preserved";

/** How a family of models reasons (inference §3.6). */
interface Family {
  /** By the model's ID. */
  pattern: RegExp;
  /** Without a word from the client; "none" is off. */
  usual: Effort;
  accepts: readonly Effort[];
  /** Whether a number of tokens, true and false are understood. */
  loose: boolean;
  /** Older models put `<think>` into the content. */
  inline: boolean;
  history: History;
}

const tiers = ["low", "medium", "high"] as const;
/** Most families: every effort, numbers and booleans, reasoning in a field of its own. */
const common = { usual: "medium", accepts: efforts, loose: true, inline: false, history: "disabled" } as const;

/** The first that matches. */
const families: readonly Family[] = [
  { ...common, pattern: /^deepseek-r1/, inline: true },
  { ...common, pattern: /^deepseek-v3p1/, usual: "none" },
  { ...common, pattern: /^gpt-oss/, accepts: tiers, loose: false },
  { ...common, pattern: /^minimax-m2/, accepts: tiers, loose: false, history: "interleaved" },
  { ...common, pattern: /^glm-4p[67]/, history: "interleaved" },
  { ...common, pattern: /^glm-5p2/, usual: "max" },
  { ...common, pattern: /^kimi|^qwen3p6/, history: "preserved" },
  { ...common, pattern: /./ },
];

/** What the client asked for: an effort or a number of tokens, neither when it said nothing. */
export interface Wish {
  effort: string | number | boolean | undefined;
  history: History | undefined;
}

/** What the model does with it. */
export interface Thinking {
  /** Tokens that it would like to take, and may take; 0 is off. */
  usual: number;
  most: number;
  inline: boolean;
  history: History;
}

/** Reasoning takes about this many tokens; far fewer than the real ones, to keep tests quick (ours). */
const lengths: Record<Effort, number> = { none: 0, low: 24, medium: 64, high: 128, xhigh: 256, max: 256 };
const OFF: Thinking = { usual: 0, most: 0, inline: false, history: "disabled" };

const refuse = (effort: string | number | boolean): ApiError =>
  new ApiError("invalid_request_error", `Invalid reasoning effort: ${String(effort)}`);

const isEffort = (text: string): text is Effort => (efforts as readonly string[]).includes(text);

/**
 * @param id the model's, without its account
 * @param reasons whether the catalogue says that it reasons at all
 * @throws ApiError `Invalid reasoning effort: none`, as seen
 */
export function decideThinking(id: string, reasons: boolean, { effort, history }: Wish): Thinking {
  const said = effort === "auto" || effort === "adaptive" ? undefined : effort;
  if (typeof said === "string" && !isEffort(said)) throw refuse(said);
  if (typeof said === "number" && said < 0) throw refuse(said);
  if (!reasons) return OFF;
  const family = families.find(({ pattern }) => pattern.test(id))!;
  const level =
    said === true ? "medium" : said === false || said === 0 ? "none" : typeof said === "number" ? "high" : said;
  if (said !== undefined && ((typeof said !== "string" && !family.loose) || !family.accepts.includes(level!)))
    throw refuse(said);
  const usual = lengths[level ?? family.usual];
  return {
    usual,
    most: typeof said === "number" ? said : Infinity,
    inline: family.inline,
    history: history ?? family.history,
  };
}
