import { hideAcross, hideTokens } from "./tokens.ts";

/** Fields that identify the text to which the piece in an event belongs. */
const INDEXES = ["index", "output_index", "content_index", "summary_index"];

/** Calls back for every text in a value, with its place, and copies the value with what comes back. */
function mapTexts(value: unknown, place: string, map: (text: string, place: string) => string): unknown {
  if (typeof value === "string") return map(value, place);
  if (Array.isArray(value)) return value.map((each) => mapTexts(each, `${place}[]`, map));
  if (typeof value !== "object" || value === null) return value;
  const own = value as Record<string, unknown>;
  const which = JSON.stringify(INDEXES.map((name) => own[name]));
  return Object.fromEntries(
    Object.entries(own).map(([name, each]) => [hideTokens(name, []), mapTexts(each, `${place}#${which}.${name}`, map)]),
  );
}

/**
 * The events of a stream without their secrets: a token that a model says bit by bit stands in no event as a whole.
 * @returns the same events where they have none
 */
export function redactEvents(events: readonly unknown[], known: readonly string[]): readonly unknown[] {
  const said = new Map<string, string[]>();
  const seen = mapTexts(events, "", (text, place) => {
    const own = said.get(place);
    if (own) own.push(text);
    else said.set(place, [text]);
    return hideTokens(text, known);
  });
  const hidden = new Map([...said].map(([place, texts]) => [place, hideAcross(texts, known)]));
  const isClean = [...said].every(([place, texts]) => hidden.get(place) === texts);
  // one text alone may have a token that looks like the end of a word when it is joined to the one before it
  if (isClean) return JSON.stringify(seen) === JSON.stringify(events) ? events : (seen as unknown[]);
  const next = new Map<string, number>();
  return mapTexts(events, "", (_, place) => {
    const at = next.get(place) ?? 0;
    next.set(place, at + 1);
    return hideTokens(hidden.get(place)![at]!, known);
  }) as unknown[];
}
