import type { Script, ScriptMatch, TextPattern } from "../../schema/script.ts";

/** What a script can look at. */
export interface Asked {
  endpoint: string;
  model: string;
  /** Undefined for serverless, and for models that do not exist. */
  deployment: string | undefined;
  account: string;
  last: string;
  messages: readonly string[];
  tools: readonly string[];
  output: string;
  turn: number;
  header: (name: string) => string | undefined;
}

/** Texts that expressions caught, by number and name. */
export type Captures = Record<string, string>;

const expressions = new Map<string, RegExp>();

/** @throws SyntaxError for an expression that is none */
export function toExpression(source: string): RegExp {
  let expression = expressions.get(source);
  if (!expression) expressions.set(source, (expression = new RegExp(source, "su")));
  return expression;
}

const globs = new Map<string, RegExp>();

/** A full name, or its last part: `llama-*` matches `accounts/fireworks/models/llama-v3p1-8b-instruct`. */
export function isGlob(glob: string, name: string): boolean {
  let expression = globs.get(glob);
  if (!expression) {
    const source = glob.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
    globs.set(glob, (expression = new RegExp(`^(?:.*/)?${source.join(".*")}$`, "s")));
  }
  return expression.test(name);
}

function fits(pattern: TextPattern, text: string, captures: Captures): boolean {
  if (typeof pattern === "string") return text.includes(pattern);
  if (pattern.equals !== undefined && text !== pattern.equals) return false;
  if (pattern.contains !== undefined && !text.includes(pattern.contains)) return false;
  if (pattern.regex === undefined) return true;
  const found = toExpression(pattern.regex).exec(text);
  if (!found) return false;
  for (const [at, group] of found.entries()) captures[at] = group ?? "";
  Object.assign(captures, found.groups);
  return true;
}

const shown = (value: unknown): string => {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "none");
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
};

type Check<K extends keyof ScriptMatch> = (
  wanted: NonNullable<ScriptMatch[K]>,
  asked: Asked,
  captures: Captures,
) => true | string;

/** `true`, or what the request has instead. */
const checks: { [K in Exclude<keyof ScriptMatch, "nth">]-?: Check<K> } = {
  endpoint: (wanted, { endpoint }) => wanted === endpoint || endpoint,
  model: (wanted, { model }) => isGlob(wanted, model) || model,
  deployment: (wanted, { deployment }) =>
    (deployment !== undefined && isGlob(wanted, deployment)) || (deployment ?? "none"),
  account: (wanted, { account }) => wanted === account || account,
  lastUserMessage: (wanted, { last }, captures) => fits(wanted, last, captures) || shown(last),
  anyMessage: (wanted, { messages }, captures) =>
    messages.some((text) => fits(wanted, text, captures)) || `${messages.length} others`,
  prompt: (wanted, { messages }, captures) => fits(wanted, messages.join("\n"), captures) || shown(messages.join("\n")),
  tools: (wanted, { tools }) => wanted.every((name) => tools.includes(name)) || shown(tools),
  responseFormat: (wanted, { output }) => wanted === output || output,
  turn: (wanted, { turn }) => wanted === turn || String(turn),
  header: (wanted, { header }, captures) => {
    const wrong = Object.entries(wanted).find(
      ([name, pattern]) => !fits(pattern, header(name.toLowerCase()) ?? "", captures),
    );
    return wrong === undefined || `${wrong[0]}: ${shown(header(wrong[0].toLowerCase()) ?? "none")}`;
  },
};

/** Why a script does not match, one reason for each criterion that fails; `nth` is the caller's to count. */
export function whyNot({ match }: Script, asked: Asked, captures: Captures): string[] {
  const reasons: string[] = [];
  for (const [key, check] of Object.entries(checks) as [keyof typeof checks, Check<keyof ScriptMatch>][]) {
    const wanted = match[key];
    if (wanted === undefined) continue;
    const result = check(wanted, asked, captures);
    if (result !== true) reasons.push(`${key}: expected ${shown(wanted)}, got ${result}`);
  }
  return reasons;
}

/** How many criteria a script has; one that fails few of them is near. */
export const criteriaOf = ({ match }: Script): number => Object.keys(match).length;

const canon = (value: unknown): string => JSON.stringify(value);

/** Whether the later of two scripts can never be reached: all that the earlier demands, it demands too. */
export const hides = (earlier: Script, later: Script): boolean =>
  earlier.match.nth === undefined &&
  Object.entries(earlier.match).every(
    ([key, wanted]) => canon(wanted) === canon(later.match[key as keyof ScriptMatch]),
  );

/** Whether two scripts demand different things, none of which excludes the other's: their order decides. */
export function canBoth(one: Script, other: Script): boolean {
  const [ours, theirs] = [one, other].map(({ match }) => Object.keys(match).filter((key) => key !== "nth")) as [
    string[],
    string[],
  ];
  const isApart = ours.every((key) => !theirs.includes(key)) || theirs.every((key) => !ours.includes(key));
  return isApart && ours.length > 0 && theirs.length > 0;
}
