import type { Random } from "../random.ts";
import { general, tasks } from "./programs.ts";
import type { Reading } from "./reading.ts";

const remarks = [
  "It needs nothing beyond the standard library.",
  "The input is never changed, so it is safe to call more than once.",
  "Edge cases such as an empty input need no special handling.",
  "You can extend it by passing another argument where your case needs one.",
  "A short test with a handful of values is enough to see that it works.",
  "If performance matters, measure before changing anything.",
  "The names follow the usual conventions of the language.",
];

const languageWords =
  /^(python|javascript|typescript|golang|sql|bash|shell|function|code|program|script|implement|class|algorithm|returns?|that|query)$/i;

/** `['reverse', 'string']` -> `reverse_string` or `reverseString`. */
function toIdentifier(topics: readonly string[], language: string): string {
  const parts = topics
    .map((topic) => topic.toLowerCase().replace(/[^a-z]/g, ""))
    .filter((part) => part !== "" && !languageWords.test(part))
    .slice(0, 2);
  if (parts.length === 0) parts.push("process", "items");
  if (["python", "sql", "bash"].includes(language)) return parts.join("_");
  return parts.map((part, index) => (index === 0 ? part : part.charAt(0).toUpperCase() + part.slice(1))).join("");
}

/** The program for a known task, where it is written in that language; otherwise a general one. */
function findProgram({ topics, language }: Reading, random: Random): string {
  const asked = topics.join(" ").toLowerCase();
  const known = tasks.find(([pattern, programs]) => programs[language] && pattern.test(asked))?.[1][language];
  return known ?? random.pick(general[language]!);
}

/** A program in the language that was asked for, then remarks on it without end. */
export function* writeCode(reading: Reading, random: Random): Generator<string> {
  const name = toIdentifier(reading.topics, reading.language);
  const item = random.pick(["item", "value", "entry", "record"]);
  const program = findProgram(reading, random).replaceAll("NAME", name).replaceAll("ITEM", item);
  yield random.pick([
    "Here is one way to do it:",
    "This should do what you need:",
    "A straightforward version looks like this:",
  ]);
  yield `\n\n\`\`\`${reading.language}\n${program}\n\`\`\`\n\n`;
  for (let at = random.below(remarks.length), first = true; ; at += 1, first = false)
    yield `${first ? "" : " "}${remarks[at % remarks.length]!}`;
}
