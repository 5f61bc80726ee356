import type { Random } from "../random.ts";
import { writeCode } from "./code.ts";
import type { Slot } from "./phrases.ts";
import { frames, openings, words } from "./phrases.ts";
import type { Reading } from "./reading.ts";

/** A word to fill in; `article` when "a" stands before it, which a vowel makes "an". */
interface Gap {
  slot: Slot | "topic";
  capital: boolean;
  article: boolean;
}

const compiled = new Map<string, (string | Gap)[]>();

const toGap = (name: string, before: string | undefined): Gap => ({
  slot: (name[0]!.toLowerCase() + name.slice(1)) as Slot,
  capital: before === undefined || name[0] !== name[0]!.toLowerCase(),
  article: before !== undefined && /\ba $/i.test(before),
});

/** Splits a frame once into texts and gaps. */
function compile(frame: string): (string | Gap)[] {
  let pieces = compiled.get(frame);
  if (!pieces) {
    const parts = frame.split(/(\{\w+\})/).filter((part) => part !== "");
    pieces = parts.map((part, at) => (part.startsWith("{") ? toGap(part.slice(1, -1), parts[at - 1]) : part));
    compiled.set(frame, pieces);
  }
  return pieces;
}

const capitalize = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Fills a frame's gaps; no list word twice in one sentence. */
function fill(frame: string, random: Random, topics: readonly string[]): string {
  const used: string[] = [];
  let text = "";
  for (const piece of compile(frame)) {
    if (typeof piece === "string") {
      text += piece;
      continue;
    }
    const list: readonly string[] = piece.slot === "topic" ? topics : words[piece.slot];
    let word = random.pick(list);
    for (let tries = 0; tries < 4 && used.includes(word); tries += 1) word = random.pick(list);
    used.push(word);
    if (piece.article && "aeiou".includes(word[0]!)) text = `${text.slice(0, -1)}n `;
    text += piece.capital ? capitalize(word) : word;
  }
  return text;
}

/** Frames in a shuffled round: none comes twice before all have come once. */
function* rounds(list: readonly string[], random: Random): Generator<string> {
  for (;;) {
    const left = [...list];
    while (left.length > 0) yield left.splice(random.below(left.length), 1)[0]!;
  }
}

const SENTENCES_PER_PARAGRAPH = 4;

/** @param count sentences that stand before, so that the first follows with a space */
function* paragraphs(
  kind: "explain" | "story",
  random: Random,
  topics: readonly string[],
  count = 0,
): Generator<string> {
  if (count === 0) {
    yield fill(random.pick(openings[kind]), random, topics);
    count = 1;
  }
  for (const frame of rounds(frames[kind], random)) {
    yield (count % SENTENCES_PER_PARAGRAPH === 0 ? "\n\n" : " ") + fill(frame, random, topics);
    count += 1;
  }
}

function* items(random: Random, reading: Reading): Generator<string> {
  yield fill(random.pick(frames.listOpener), random, reading.topics);
  let count = 0;
  for (const frame of rounds(frames.item, random)) {
    count += 1;
    yield `${count === 1 ? "\n\n" : "\n"}${count}. ${fill(frame, random, reading.topics)}`;
    if (count === reading.itemCount) break;
  }
  yield* paragraphs("explain", random, reading.topics, SENTENCES_PER_PARAGRAPH);
}

function* verse(random: Random, topics: readonly string[]): Generator<string> {
  for (let line = 0; ; line += 1) {
    yield (
      (line === 0 ? "" : line % 4 === 0 ? "\n\n" : "\n") +
        fill(frames.verse[line % frames.verse.length]!, random, topics)
    );
  }
}

function* after(first: string, random: Random, topics: readonly string[]): Generator<string> {
  yield first;
  yield* paragraphs("explain", random, topics, 1);
}

/** An endless answer, piece by piece; the caller stops where it is long enough. */
export function compose(reading: Reading, random: Random): Generator<string> {
  switch (reading.intent) {
    case "exact":
      return after(reading.exact, random, reading.topics);
    case "greeting":
      return after(random.pick(frames.greeting), random, reading.topics);
    case "code":
      return writeCode(reading, random);
    case "list":
      return items(random, reading);
    case "story":
      return paragraphs("story", random, reading.topics);
    case "verse":
      return verse(random, reading.topics);
    case "yesNo":
      return after(fill(random.pick(frames.yesNo), random, reading.topics), random, reading.topics);
    default:
      return paragraphs("explain", random, reading.topics);
  }
}
