/** World time: integer milliseconds since the Unix epoch. The only file of core that touches `Date`, always with an argument. */
export type Ms = number;

export const SECOND: Ms = 1_000;
export const MINUTE: Ms = 60 * SECOND;
export const HOUR: Ms = 60 * MINUTE;
export const DAY: Ms = 24 * HOUR;

/** RFC 3339 in UTC as protobuf JSON prints it: no fraction, or three digits. */
export function toTimestamp(at: Ms): string {
  const text = new Date(at).toISOString();
  return text.endsWith(".000Z") ? `${text.slice(0, -5)}Z` : text;
}

/** For libraries that speak in dates. */
export const toDate = (at: Ms): Date => new Date(at);

/** `YYYY-MM-DD` in UTC. */
export function toDay(at: Ms): string {
  const day = Math.floor(at / DAY);
  if (day !== lastDay.day) lastDay = { day, text: new Date(at).toISOString().slice(0, 10) };
  return lastDay.text;
}
/** Bills ask for the same day again and again. */
let lastDay = { day: NaN, text: "" };

/** Whether a text is written as an RFC 3339 time with a zone; its day and hour need not exist. */
export const isTimestampLike = (text: string): boolean =>
  /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/i.test(text);

/** Hours to 23, minutes and seconds to 59, nine digits of a second: neither 24:00:00 nor leap seconds, as in protobuf. */
const TIMESTAMP =
  /^(\d{4})-(\d{2})-(\d{2})T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/i;

/** Where the years 1 to 9999 of protobuf begin and end. */
const [YEARS_BEGIN, YEARS_END]: [Ms, Ms] = [Date.parse("0001-01-01T00:00:00Z"), Date.parse("+010000-01-01T00:00:00Z")];

/** How many days a month has: its last one is the day before the next month begins. */
const daysIn = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();

/** Milliseconds of an RFC 3339 time with a zone, on a day that exists, or undefined. */
export function parseTimestamp(text: string): Ms | undefined {
  const match = TIMESTAMP.exec(text);
  if (!match) return undefined;
  const day = Number(match[3]);
  if (day > 28 && day > daysIn(Number(match[1]), Number(match[2]))) return undefined;
  const at = Date.parse(text);
  return at >= YEARS_BEGIN && at < YEARS_END ? at : undefined;
}

/** Milliseconds of a protobuf JSON duration such as `"600s"` or `"1.5s"`, or undefined. */
export function parseDuration(text: string): Ms | undefined {
  const match = /^(-?\d{1,12}(?:\.\d{1,9})?)s$/.exec(text);
  return match ? Math.round(Number(match[1]) * SECOND) : undefined;
}

/** The clock ends here (ours): spans from then on could overflow dates. */
export const TIME_MAX: Ms = parseTimestamp("9000-01-01T00:00:00Z")!;

/** Longer spans are no spans: dates would overflow. */
const SPAN_MAX: Ms = 36_500 * DAY;

const goUnits: Record<string, Ms> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR, d: DAY };

/** Milliseconds of a span as people write it, `"1h30m"`, `"90s"`, `"250ms"`, `"7d"` (Go's syntax and days), or undefined when it is none or is over a century. */
export function parseSpan(text: string): Ms | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g))
    total += Number(amount) * goUnits[unit!]!;
  return total <= SPAN_MAX ? Math.round(total) : undefined;
}

/** Protobuf JSON duration. */
export function toDuration(span: Ms): string {
  return `${span / SECOND}s`;
}

/** A span in Go's style, `1h0m0s`, as firectl and our reasons print it. */
export function toSpan(span: Ms): string {
  if (span > 0 && span < SECOND) return `${span}ms`;
  const [hours, minutes, seconds] = [
    Math.floor(span / HOUR),
    Math.floor((span % HOUR) / MINUTE),
    (span % MINUTE) / SECOND,
  ];
  return `${hours ? `${hours}h` : ""}${hours || minutes ? `${minutes}m` : ""}${seconds}s`;
}
