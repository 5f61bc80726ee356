/** Tokens of a prediction are looked for up to so far ahead of the last that was found (ours). */
const LOOKAHEAD = 32;

/** How many of an answer's tokens a prediction had right; it may say more, or less, between them. */
export function countMatches(predicted: readonly string[], said: readonly string[]): number {
  let [matches, next] = [0, 0];
  for (const token of said) {
    const found = predicted.slice(next, next + LOOKAHEAD).indexOf(token);
    if (found < 0) continue;
    matches += 1;
    next += found + 1;
  }
  return matches;
}

/** A draft model's first token is right this often, its second that of the first, and so on (ours). */
const ACCEPTANCE = 0.7;

/** How a draft did, position by position. */
export interface Acceptance {
  /** Tokens that the draft model made, of which some were kept. */
  generated: number;
  /** How often each position was kept. */
  hits: number[];
  rounds: number;
}

/**
 * What a draft of so many tokens did for an answer.
 * @param override how often each position is right, where the request says so
 */
export function accept(draftTokens: number, answerTokens: number, override: readonly number[] | undefined): Acceptance {
  const chances: number[] = [];
  for (let position = 0; position < draftTokens; position += 1)
    chances.push((override?.[position] ?? ACCEPTANCE) * (chances[position - 1] ?? 1));
  // each round makes one token by itself, and keeps what was right
  const perRound = 1 + chances.reduce((sum, chance) => sum + chance, 0);
  const rounds = Math.ceil(answerTokens / perRound);
  return { generated: rounds * draftTokens, hits: chances.map((chance) => Math.round(rounds * chance)), rounds };
}
