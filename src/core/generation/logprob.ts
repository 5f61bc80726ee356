import type { Random } from "../random.ts";
import { tokenId } from "./token.ts";

interface Candidate {
  token: string;
  id: number;
  logprob: number;
}

/** How likely a token was, and what else could have stood there. */
export interface TokenInfo {
  token: string;
  id: number;
  logprob: number;
  /** After temperature and the like; the model's own where these change nothing. */
  samplingLogprob: number;
  /** The likeliest, this token first. */
  top: Candidate[];
  /** The experts that it went through, a byte each; undefined where there are none, or nobody asked. */
  routing: string | undefined;
}

/** What a script says of a token. */
export interface Likely {
  logprob: number;
  top: Record<string, number>;
}

export interface Sampling {
  temperature: number;
  topP: number;
  topK: number;
}

/** Most alternatives that can be asked for (inference §2.1). */
const ALTERNATIVES = [" the", " a", ",", " and", " of", "."];
const round = (value: number): number => Number(value.toFixed(6));

/** What temperature does to the chance of the likelier of two. */
function sampled(probability: number, { temperature, topP, topK }: Sampling): number {
  if (temperature === 0 || topK === 1 || probability >= topP) return 0;
  const [one, other] = [probability ** (1 / temperature), (1 - probability) ** (1 / temperature)];
  return Math.log(one / (one + other));
}

/** Experts per token, and how many there are to choose from (ours). */
const EXPERTS_PER_TOKEN = 8;
const EXPERTS = 128;

const routeOf = (random: Random): string =>
  Buffer.from(Array.from({ length: EXPERTS_PER_TOKEN }, () => random.below(EXPERTS))).toString("base64");

/**
 * One token's numbers: made up, the same for the same randomness, and consistent: the token is its own likeliest
 * alternative, chances sum to less than one.
 */
export function describeToken(
  token: string,
  random: Random,
  sampling: Sampling,
  top: number,
  routing = false,
): TokenInfo {
  const probability = 0.5 + random.unit() * 0.499;
  const logprob = round(Math.log(probability));
  const id = tokenId(token);
  const others: Candidate[] = [];
  let left = 1 - probability;
  for (const alternative of ALTERNATIVES) {
    if (others.length >= top - 1) break;
    if (alternative === token) continue;
    left *= 0.4;
    others.push({ token: alternative, id: tokenId(alternative), logprob: round(Math.log(left)) });
  }
  return {
    token,
    id,
    logprob,
    samplingLogprob: round(sampled(probability, sampling)),
    top: top > 0 ? [{ token, id, logprob }, ...others] : [],
    routing: routing ? routeOf(random) : undefined,
  };
}

/** A token's numbers as a script has them; what it leaves open stays as it was made up. */
export function withLikely(info: TokenInfo, { logprob, top }: Likely, most: number): TokenInfo {
  const others = Object.entries(top)
    .filter(([token]) => token !== info.token)
    .map(([token, chance]) => ({ token, id: tokenId(token), logprob: chance }));
  const all = [{ token: info.token, id: info.id, logprob }, ...others].sort((a, b) => b.logprob - a.logprob);
  return { ...info, logprob, samplingLogprob: logprob, top: all.slice(0, most) };
}
