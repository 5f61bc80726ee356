import type { RequestMatch } from "../schema/journal.ts";
import { parseJson } from "./json.ts";
import { fits, isGlob, shown } from "./pattern.ts";
import type { JournalRow } from "./rows.ts";

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A field that an object has itself: names such as `constructor` are found in every one. */
const fieldOf = <T>(value: Record<string, T>, key: string): T | undefined =>
  Object.hasOwn(value, key) ? value[key] : undefined;

/** Whether a value has all that is wanted; objects may have more, lists may not. */
function contains(value: unknown, wanted: unknown): boolean {
  if (isObject(wanted))
    return isObject(value) && Object.entries(wanted).every(([key, inner]) => contains(fieldOf(value, key), inner));
  if (Array.isArray(wanted))
    return (
      Array.isArray(value) && value.length === wanted.length && wanted.every((inner, at) => contains(value[at], inner))
    );
  return value === wanted;
}

function parse(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

type Check<K extends keyof RequestMatch> = (wanted: NonNullable<RequestMatch[K]>, row: JournalRow) => true | string;

/** `true`, or what the request has instead. */
const checks: { [K in keyof RequestMatch]-?: Check<K> } = {
  method: (wanted, { method }) => wanted.toUpperCase() === method || method,
  path: (wanted, { path }) => isGlob(wanted, path) || path,
  status: (wanted, { status }) => wanted === status || String(status),
  model: (wanted, { model }) => isGlob(wanted, model) || model || "none",
  deployment: (wanted, { deployment }) => isGlob(wanted, deployment) || deployment || "none",
  requestId: (wanted, { requestId }) => wanted === requestId || requestId,
  header: (wanted, { headers }) => {
    const sent = JSON.parse(headers) as Record<string, string>;
    const isIn = ([name, each]: [string, (typeof wanted)[string]]): boolean => {
      const value = fieldOf(sent, name.toLowerCase());
      return value !== undefined && fits(each, value);
    };
    return Object.entries(wanted).every(isIn) || shown(sent);
  },
  requestBody: (wanted, { requestBody }) => fits(wanted, requestBody) || shown(requestBody),
  responseBody: (wanted, { responseBody }) => fits(wanted, responseBody) || shown(responseBody),
  json: (wanted, { requestBody }) => {
    const sent = parse(requestBody);
    if (!isObject(sent)) return shown(requestBody);
    const missing = Object.keys(wanted).filter((key) => !contains(fieldOf(sent, key), wanted[key]));
    return missing.length === 0 || missing.map((key) => `${key} ${shown(fieldOf(sent, key))}`).join(", ");
  },
  after: (wanted, { id }) => id > wanted || String(id),
};

/** What keeps a request from being as wanted; nothing when it is. */
export function differences(match: RequestMatch, row: JournalRow): string[] {
  const found: string[] = [];
  for (const [key, wanted] of Object.entries(match)) {
    if (wanted === undefined) continue;
    const result = (checks[key as keyof RequestMatch] as Check<never>)(wanted as never, row);
    if (result !== true) found.push(`${key}: expected ${shown(wanted)}, got ${result}`);
  }
  return found;
}
