import type { Script, ScriptAnswer, ScriptMatch } from "../../schema/script.ts";
import type { Captures } from "../pattern.ts";
import { fits, fitsAny, isGlob, shown } from "../pattern.ts";

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
  anyMessage: (wanted, { messages }, captures) => fitsAny(wanted, messages, captures) || `${messages.length} others`,
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

const isSaying = ({ error, body }: ScriptAnswer): boolean => error === undefined && body === undefined;

/** What these answer cannot be said in words. */
const wordless = new Set(["embeddings", "rerank", "systemone", "decisions"]);

export const canAnswer = ({ respond }: Script, endpoint: string | undefined): boolean =>
  endpoint === undefined || !wordless.has(endpoint) || ![respond].flat().some(isSaying);

/** Whether the later of two scripts can never be reached: all that the earlier demands, it demands too. */
export const hides = (earlier: Script, later: Script): boolean =>
  earlier.match.nth === undefined &&
  canAnswer(earlier, later.match.endpoint) &&
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
