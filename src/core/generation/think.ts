import type { Random } from "../random.ts";
import type { Reading } from "./reading.ts";

/** What a model says to itself; `{topic}` is a word of the request. */
const openings = [
  "The user is asking about {topic}.",
  "Let me think about {topic} first.",
  "So the question comes down to {topic}.",
  "I need to work out what is wanted here: {topic}.",
];

const thoughts = [
  "What matters most is {topic}, so I should start there.",
  "I could also mention {topic}, but only if it helps.",
  "Let me check whether {topic} changes anything. It does not seem so.",
  "A short answer is better than a long one about {topic}.",
  "There may be a catch with {topic}; I will keep it in mind.",
  "If I am wrong about {topic}, the rest still holds.",
  "Wait, {topic} could be meant in another way. The plain reading fits better.",
  "An example with {topic} would make this clearer.",
  "I should not assume more about {topic} than was said.",
  "Then {topic} follows from what came before.",
];

/** Endless thoughts about a request, piece by piece. */
export function* think({ topics }: Reading, random: Random): Generator<string> {
  const fill = (frame: string): string => frame.replace("{topic}", random.pick(topics));
  yield fill(random.pick(openings));
  for (;;) {
    const left = [...thoughts];
    while (left.length > 0) yield ` ${fill(left.splice(random.below(left.length), 1)[0]!)}`;
  }
}
