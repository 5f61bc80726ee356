import { DAY, HOUR, MINUTE, parseSpan, SECOND } from "../core/time.ts";
import type { Ms } from "../core/time.ts";
import { FixtureError } from "../fixture.ts";

/** The account that scenarios play in. */
export const ACCOUNT = "local";
export const nameOf = (id: string): string => `accounts/${ACCOUNT}/deployments/${id}`;

/** Milliseconds of an offset such as `90s` or `1h30m`. @throws FixtureError */
export function toMs(span: string): Ms {
  const ms = parseSpan(span);
  if (ms === undefined) throw new FixtureError(`expected a span such as "90s", "1h30m" or "7d", got "${span}"`);
  return ms;
}

/** `+1h2m`, without what is zero. */
export function toOffset(ms: Ms): string {
  const parts: [number, string][] = [
    [Math.floor(ms / DAY), "d"],
    [Math.floor(ms / HOUR) % 24, "h"],
    [Math.floor(ms / MINUTE) % 60, "m"],
    [Math.floor(ms / SECOND) % 60, "s"],
  ];
  const text = parts.filter(([amount]) => amount > 0).map(([amount, unit]) => `${amount}${unit}`);
  return `+${text.join("") || "0s"}`;
}
