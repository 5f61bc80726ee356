import { digest, Random } from "../random.ts";
import { stopWords } from "./phrases.ts";
import { tokenId } from "./token.ts";

/** Places of a vector that one feature of a text adds to. */
const SPREAD = 24;
/** A word tells this much more than the letters in it, a common word this much less. */
const WORD_WEIGHT = 1;
const LETTERS_WEIGHT = 0.25;
const COMMON_WEIGHT = 0.1;

/** A text's words and the letter groups in them: like texts have many in common. */
function featuresOf(text: string): Map<string, number> {
  const features = new Map<string, number>();
  const add = (feature: string, weight: number): void =>
    void features.set(feature, (features.get(feature) ?? 0) + weight);
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []) {
    const weight = stopWords.has(word) ? COMMON_WEIGHT : WORD_WEIGHT;
    add(word, weight);
    const marked = `<${word}>`;
    for (let at = 0; at + 3 <= marked.length; at += 1) add(marked.slice(at, at + 3), weight * LETTERS_WEIGHT);
  }
  return features;
}

function normalize(vector: number[]): number[] {
  const length = Math.hypot(...vector);
  return vector.map((value) => Number((value / length).toFixed(8)));
}

/**
 * A unit vector: equal for equal texts, near for texts with words in common. Fewer dimensions are the beginning of
 * more, as with Matryoshka models.
 * @param size the model's own dimensions, which decide where features fall
 */
export function embed(model: string, text: string, size: number, dimensions = size): number[] {
  const vector = Array.from({ length: size }, () => 0);
  // what every text shares, so that none is a zero vector
  vector[0] = COMMON_WEIGHT;
  for (const [feature, weight] of featuresOf(text)) {
    const random = new Random(digest("embedding", model, feature));
    for (let turn = 0; turn < SPREAD; turn += 1)
      vector[1 + random.below(size - 1)]! += random.chance(0.5) ? weight : -weight;
  }
  return normalize(vector.slice(0, dimensions));
}

/** Share of the query's words that a document has, the rarer ones counting more; 0 to 1. */
export function relevance(model: string, query: string, document: string): number {
  const [asked, said] = [featuresOf(query), featuresOf(document)];
  let [shared, all] = [0, 0];
  for (const [feature, weight] of asked) {
    all += weight;
    if (said.has(feature)) shared += weight;
  }
  // no two documents that differ score exactly alike
  const grain = tokenId(`${model} ${document}`) / 1e9;
  return Math.min(Number(((all === 0 ? 0 : (shared / all) * 0.98) + 0.005 + grain).toFixed(6)), 1);
}

/** Logits of token ids after a text, for ranking by yes and no (inference §6.1, return_logits). */
export function logits(model: string, text: string, ids: readonly number[], asProbabilities: boolean): number[] {
  const values = ids.map((id) => {
    const random = new Random(digest("logit", model, text, id));
    return Number((random.unit() * 20 - 10).toFixed(4));
  });
  if (!asProbabilities) return values;
  const powers = values.map((value) => Math.exp(value));
  const sum = powers.reduce((left, right) => left + right, 0);
  return powers.map((power) => power / sum);
}
