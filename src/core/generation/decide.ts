import { relevance } from "./embedding.ts";

/** How much more an option is chosen that the state speaks of (ours). */
const SHARPNESS = 6;
const round = (value: number): number => Number(value.toFixed(6));

/** How sure a choice is: 1 with all the chance on one option, 0 with the same on each (inference §5.8; formula inferred). */
export function confidence(probabilities: readonly number[]): number {
  if (probabilities.length < 2) return 1;
  const entropy = probabilities.reduce((sum, each) => (each > 0 ? sum - each * Math.log(each) : sum), 0);
  return round(Math.max(1 - entropy / Math.log(probabilities.length), 0));
}

/** A chance for each option, the higher the more of its words the state has; they sum to one. */
export function weigh(model: string, state: string, options: readonly string[]): number[] {
  const powers = options.map((option) => Math.exp(SHARPNESS * relevance(model, option, state)));
  const sum = powers.reduce((left, right) => left + right, 0);
  return powers.map((power) => round(power / sum));
}

/** The chance that something holds: by its words in the state, against those of the opposite where that is told. */
export function judge(model: string, state: string, holds: string, fails: string | undefined): number {
  if (fails !== undefined) return weigh(model, state, [holds, fails])[0]!;
  return round(0.02 + 0.96 * relevance(model, holds, state));
}

/** The place of the likeliest; of several the first. */
export const argmax = (probabilities: readonly number[]): number => probabilities.indexOf(Math.max(...probabilities));

/** The mean place, from 0. */
export const expected = (probabilities: readonly number[]): number =>
  round(probabilities.reduce((sum, each, at) => sum + each * at, 0));
