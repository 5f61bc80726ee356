import type { Bound, Expectation } from "../schema/scenario.ts";
import type { Outcome } from "./run.ts";
import type { Count, Point } from "./series.ts";
import { pointsIn } from "./series.ts";
import { nameOf, toMs } from "./units.ts";

/** One expectation with what became of it. */
export interface Verdict {
  text: string;
  passed: boolean;
  got: string;
}

const isWithin = ({ atMost = Infinity, atLeast = -Infinity }: Bound, value: number): boolean =>
  value <= atMost && value >= atLeast;

const boundText = ({ atMost, atLeast }: Bound): string =>
  [atLeast === undefined ? "" : `at least ${atLeast}`, atMost === undefined ? "" : `at most ${atMost}`]
    .filter(Boolean)
    .join(" and ");

type Counted = Extract<Expectation, { from?: string | undefined }>;

const boundOf = (expectation: Counted, count: Count): Bound => (expectation as unknown as Record<Count, Bound>)[count];

function judgeCount(expectation: Counted, count: Count, points: readonly Point[], end: number): Verdict {
  const bound = boundOf(expectation, count);
  const what = `${expectation.deployment}: ${count} ${boundText(bound)}`;
  if (expectation.within !== undefined) {
    const from = toMs(expectation.after ?? "0s");
    const reached = pointsIn(points, from, from + toMs(expectation.within)).find((point) =>
      isWithin(bound, point[count]),
    );
    const text = `${what} within ${expectation.within} of +${expectation.after ?? "0s"}`;
    return {
      text,
      passed: reached !== undefined,
      got: reached ? `after ${Math.max(reached.at - from, 0) / 1000} s` : "never",
    };
  }
  const [from, to] = [toMs(expectation.from ?? "0s"), expectation.to === undefined ? end : toMs(expectation.to)];
  const values = pointsIn(points, from, to).map((point) => point[count]);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const span =
    expectation.from || expectation.to ? ` from +${expectation.from ?? "0s"} to +${expectation.to ?? "the end"}` : "";
  return {
    text: `${what}${span}`,
    passed: values.length > 0 && isWithin(bound, low) && isWithin(bound, high),
    got: values.length === 0 ? "nothing" : low === high ? String(low) : `${low} to ${high}`,
  };
}

function judgeValue(text: string, bound: Bound, value: number): Verdict {
  return { text: `${text} ${boundText(bound)}`, passed: isWithin(bound, value), got: String(Number(value.toFixed(4))) };
}

const prefix = (deployment: string | undefined): string => (deployment === undefined ? "" : `${deployment}: `);

/** What an expectation comes to, given what happened. */
export function judge(expectation: Expectation, outcome: Omit<Outcome, "verdicts" | "passed">): Verdict {
  const { series, events, usage, answers, endMs } = outcome;
  const name = expectation.deployment === undefined ? undefined : nameOf(expectation.deployment);
  const points = (name === undefined ? undefined : series.get(name)) ?? [];
  if ("cost" in expectation) {
    const rows = usage.usage.filter((row) => name === undefined || row.deployment === name);
    const dollars = rows.reduce((sum, row) => sum + row.cost, 0);
    return judgeValue(`${prefix(expectation.deployment)}cost in dollars`, expectation.cost, dollars);
  }
  if ("answers" in expectation) {
    const rows = answers.filter(
      (row) => (name === undefined || row.deployment === name) && row.status === expectation.status,
    );
    const count = rows.reduce((sum, row) => sum + row.count, 0);
    return judgeValue(`${prefix(expectation.deployment)}answers ${expectation.status}`, expectation.answers, count);
  }
  if ("events" in expectation) {
    const { type, contains = "" } = expectation;
    const found = events.filter(
      (event) =>
        event.type === type && event.reason.includes(contains) && (name === undefined || event.deployment === name),
    );
    const words = contains === "" ? "" : ` about "${contains}"`;
    return judgeValue(`${prefix(expectation.deployment)}events ${type}${words}`, expectation.events, found.length);
  }
  if ("state" in expectation) {
    const at = expectation.at === undefined ? endMs : toMs(expectation.at);
    const state = pointsIn(points, at, at).at(-1)?.state ?? "nothing";
    const text = `${expectation.deployment}: ${expectation.state} at +${expectation.at ?? "the end"}`;
    return { text, passed: state === expectation.state, got: state };
  }
  const count = (["desired", "replicas", "ready"] as const).find((key) => key in expectation)!;
  return judgeCount(expectation, count, points, endMs);
}
