import { parseTimestamp } from "../core/time.ts";
import type { Ms } from "../core/time.ts";
import type { EmulatorEvent } from "../client/client.ts";
import type { Outcome } from "./run.ts";
import type { Count, Point } from "./series.ts";
import { pointsIn } from "./series.ts";
import { toOffset } from "./units.ts";

const WIDTH = 64;
const LABEL = 22;
const EVENTS_MAX = 60;
const blocks = " ▁▂▃▄▅▆▇█";

/** The highest count in each slice of time, as bars of eight steps. */
function bars(points: readonly Point[], count: Count, top: number, endMs: Ms): string {
  let line = "";
  for (let column = 0; column < WIDTH; column += 1) {
    const [from, to] = [(endMs * column) / WIDTH, (endMs * (column + 1)) / WIDTH - 1];
    const value = Math.max(0, ...pointsIn(points, from, to).map((point) => point[count]));
    line += blocks[value === 0 ? 0 : Math.max(Math.round((value / Math.max(top, 1)) * 8), 1)];
  }
  return line;
}

function axis(endMs: Ms): string {
  const marks = [0, 0.25, 0.5, 0.75].map((share) => toOffset(Math.round(endMs * share)).padEnd(WIDTH / 4));
  return `${"".padEnd(LABEL)}${marks.join("")}${toOffset(endMs)}`;
}

function rows(name: string, points: readonly Point[], endMs: Ms): string[] {
  const top = Math.max(1, ...points.map((point) => Math.max(point.replicas, point.desired)));
  const row = (label: string, count: Count): string =>
    `  ${label.padEnd(LABEL - 3)}|${bars(points, count, top, endMs)}| ${Math.max(0, ...points.map((point) => point[count]))}`;
  return [name.replace(/^.*\//, ""), row("wanted", "desired"), row("ready", "ready")];
}

/** What a reader wants to follow: not every stage of every replica. */
const isTold = ({ type, to }: EmulatorEvent): boolean => type !== "replica" || to === "ready";

const eventLine = (event: EmulatorEvent, startMs: Ms): string => {
  const offset = toOffset(parseTimestamp(event.time)! - startMs).padEnd(12);
  const who = event.deployment.replace(/^.*\//, "") || "fleet";
  return `  ${offset}${who.padEnd(10)} ${event.type} ${event.from} -> ${event.to}  ${event.reason}`;
};

function eventLines({ events, scenario }: Outcome): string[] {
  const startMs = parseTimestamp(scenario.startTime)!;
  const told = events.filter(isTold);
  const lines = told.slice(0, EVENTS_MAX).map((event) => eventLine(event, startMs));
  return told.length > EVENTS_MAX ? [...lines, `  ... and ${told.length - EVENTS_MAX} more: --json has all`] : lines;
}

/** A scenario's outcome for a terminal: bars over time, what happened and why, and what was expected. */
export function toChart(outcome: Outcome): string {
  const { scenario, series, endMs, usage, answers, verdicts, passed } = outcome;
  const sum = (status: number): number =>
    answers.filter((row) => row.status === status).reduce((total, row) => total + row.count, 0);
  const bill = `${(usage.totalGpuSeconds / 3600).toFixed(2)} GPU-hours, $${usage.totalCost.toFixed(2)}`;
  const served = `answers: ${sum(200)} x 200, ${sum(429)} x 429, ${sum(503)} x 503`;
  return [
    `${scenario.name}: ${scenario.description}`,
    `from ${scenario.startTime}, profile ${scenario.profile}, seed ${scenario.seed}`,
    "",
    ...[...series].flatMap(([name, points]) => rows(name, points, endMs)),
    axis(endMs),
    "",
    ...eventLines(outcome),
    "",
    `  ${bill}; ${served}`,
    "",
    ...verdicts.map(({ text, passed: ok, got }) => `  ${ok ? "✓" : "✗"} ${text}${ok ? ` (${got})` : `: got ${got}`}`),
    passed ? "passed" : "failed",
  ].join("\n");
}

/** The same as data. */
export const toJson = (outcome: Outcome): object => ({
  name: outcome.scenario.name,
  passed: outcome.passed,
  expectations: outcome.verdicts,
  cost: outcome.usage.totalCost,
  gpuSeconds: outcome.usage.totalGpuSeconds,
  answers: outcome.answers,
  timelines: Object.fromEntries(outcome.series),
  events: outcome.events,
});
