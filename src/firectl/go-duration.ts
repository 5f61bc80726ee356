/** Nanoseconds of Go's units. */
const units: Record<string, number> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/**
 * A duration as Go's time.ParseDuration reads it: `1h30m`, `1.5h`, `300ms`, `-5s`, `0`.
 * @returns seconds
 * @throws Error with Go's words
 */
export function parseGoDuration(text: string): number {
  const invalid = new Error(`time: invalid duration ${JSON.stringify(text)}`);
  const [, sign, rest] = /^([+-]?)(.*)$/s.exec(text)!;
  if (rest === "0") return 0;
  if (rest === "") throw invalid;
  let [total, left] = [0, rest!];
  while (left !== "") {
    const match = /^(\d+\.?\d*|\.\d+)/.exec(left);
    if (!match) throw invalid;
    left = left.slice(match[0].length);
    const unit = /^[^\d.]+/.exec(left)?.[0];
    if (unit === undefined) throw new Error(`time: missing unit in duration ${JSON.stringify(text)}`);
    if (!Object.hasOwn(units, unit))
      throw new Error(`time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`);
    total += Number(match[0]) * units[unit]!;
    left = left.slice(unit.length);
  }
  return ((sign === "-" ? -1 : 1) * total) / 1e9;
}

/** Seconds as Go prints a duration: `30s`, `10m0s`, `1h0m0s`, `300ms`. */
export function printGoDuration(seconds: number): string {
  if (seconds < 0) return `-${printGoDuration(-seconds)}`;
  if (seconds > 0 && seconds < 1) return `${Number((seconds * 1e3).toFixed(6))}ms`;
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  const rest = `${Number((seconds % 60).toFixed(9))}s`;
  return hours > 0 ? `${hours}h${minutes}m${rest}` : minutes > 0 ? `${minutes}m${rest}` : rest;
}
