import type { EmulatorEvent } from "../client/client.ts";
import type { Ms } from "../core/time.ts";
import { parseTimestamp } from "../core/time.ts";

/** A deployment at a moment: what a person would read off a dashboard. */
export interface Point {
  /** Since the start. */
  at: Ms;
  state: string;
  desired: number;
  replicas: number;
  ready: number;
}

export type Count = "desired" | "replicas" | "ready";

/** How an event changes the counts; replicas are told one by one. */
function apply(point: Point, { type, from, to }: EmulatorEvent): Point {
  if (type === "state") return { ...point, state: to };
  if (type === "desired") return { ...point, desired: Number(to) };
  if (type !== "replica") return point;
  return {
    ...point,
    replicas: point.replicas + Number(from === "none") - Number(to === "removed"),
    ready: point.ready + Number(to === "ready") - Number(from === "ready"),
  };
}

/**
 * The counts of each deployment over time, by full name: one point wherever something changed. What changes at one
 * moment is one change.
 */
export function toSeries(events: readonly EmulatorEvent[], startMs: Ms): Map<string, Point[]> {
  const series = new Map<string, Point[]>();
  for (const event of events) {
    if (event.deployment === "") continue;
    const points = series.get(event.deployment) ?? [];
    series.set(event.deployment, points);
    const at = parseTimestamp(event.time)! - startMs;
    const last = points.at(-1) ?? { at, state: "", desired: 0, replicas: 0, ready: 0 };
    const next = apply({ ...last, at }, event);
    // a new deployment wants as many replicas as it starts
    if (event.type === "replica" && next.state === "CREATING") next.desired = Math.max(next.desired, next.replicas);
    if (last.at === at && points.length > 0) points[points.length - 1] = next;
    else points.push(next);
  }
  return series;
}

/** The points that hold at any moment of [from, to]. */
export const pointsIn = (points: readonly Point[], from: number, to: number): Point[] =>
  points.filter((point, index) => point.at <= to && (points[index + 1]?.at ?? Infinity) > from);
