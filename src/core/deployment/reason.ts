import type { Ms } from "../time.ts";
import { toSpan, toTimestamp } from "../time.ts";
import type { Input, Recommendation } from "./autoscaler.ts";
import type { Bounds, LoadTarget, Policy } from "./policy.ts";
import type { Decision, Explanation, Run } from "./record.ts";

const round = (value: number): string => String(Number(value.toPrecision(4)));

const units: Record<LoadTarget, string> = {
  default: "busy replicas",
  concurrent_requests: "requests in flight",
  requests_per_second: "requests/s",
  prompt_tokens_per_second: "prompt tokens/s",
  tokens_generated_per_second: "tokens/s",
};

const plural = (count: number): string => `${count} replica${count === 1 ? "" : "s"}`;

/** The input that asks for most: `3 replicas (24 requests in flight / 8)`. */
function largest({ inputs, raw }: Recommendation): string {
  const [key, input] = (Object.entries(inputs) as [LoadTarget, Input][]).find(([, each]) => each.replicas === raw)!;
  return `${plural(input.replicas)} (${round(input.observed)} ${units[key]} / ${round(input.target)})`;
}

/** What the bounds made of the recommendation; empty when nothing. */
function clampText({ raw, replicas }: Recommendation, bounds: Bounds): string {
  if (replicas === raw) return "";
  if (replicas < raw) return `, cut to max ${bounds.max}`;
  if (bounds.min === 0) return `, kept at ${replicas}: the last one goes by the scale-to-zero window alone`;
  return `, raised to ${bounds.schedule ? `${replicas} by schedule "${bounds.schedule}"` : `min ${replicas}`}`;
}

/** Why the desired count changed. */
export function changeText(decision: Decision, policy: Policy, bounds: Bounds): string {
  const [word, window] =
    decision.to > decision.from ? ["least", policy.scaleUpWindowMs] : ["most", policy.scaleDownWindowMs];
  const held = `load asked for at ${word} ${plural(decision.to)} for ${toSpan(window)}`;
  return `${held}; now ${largest(decision)}${clampText(decision, bounds)}`;
}

/** Since when the recommendation has been on this side of `desired`. */
function sideSince(history: readonly Run[], isOnSide: (replicas: number) => boolean): Ms {
  let since = history.at(-1)!.at;
  for (let index = history.length - 1; index >= 0 && isOnSide(history[index]!.replicas); index -= 1)
    since = history[index]!.at;
  return since;
}

/** What the windows do with the recommendation at present. */
export function windowText(desired: number, history: readonly Run[], policy: Policy): string {
  const replicas = history.at(-1)?.replicas ?? desired;
  if (replicas === desired) return "the recommendation is the desired count; no window runs";
  const isUp = replicas > desired;
  const [name, window] = isUp ? ["scale-up", policy.scaleUpWindowMs] : ["scale-down", policy.scaleDownWindowMs];
  const since = sideSince(history, (count) => (isUp ? count > desired : count < desired));
  return `${isUp ? "above" : "below"} ${desired} since ${toTimestamp(since)}; the ${name} window (${toSpan(window)}) ends at ${toTimestamp(since + window)}`;
}

/** The present state of the autoscaler's mind, in a sentence. */
export function stateText(decision: Decision, history: readonly Run[], policy: Policy, bounds: Bounds): string {
  const asks = `load asks for ${largest(decision)}${clampText(decision, bounds)}`;
  return decision.replicas === decision.to
    ? `${asks}; that is what there is`
    : `${asks}; ${windowText(decision.to, history, policy)}`;
}

/** The long form of a decision that changed the count, for its event. */
export const toExplanation = (decision: Decision, policy: Policy, bounds: Bounds): Explanation => ({
  inputs: decision.inputs,
  raw: decision.raw,
  replicas: decision.replicas,
  window:
    decision.to > decision.from
      ? `above ${decision.from} for the whole scale-up window (${toSpan(policy.scaleUpWindowMs)}); the lowest in it is ${decision.to}`
      : `below ${decision.from} for the whole scale-down window (${toSpan(policy.scaleDownWindowMs)}); the highest in it is ${decision.to}`,
  bounds: { min: bounds.min, max: bounds.max, schedule: bounds.schedule },
  desired: decision.to,
  nextLookTime: null,
});
