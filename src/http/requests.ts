import type { z } from "zod";
import { ApiError, invalid } from "../core/error.ts";
import { differences } from "../core/journal.ts";
import { parseRow } from "../core/json.ts";
import { PAGE_SIZE_MAX } from "../core/list/page.ts";
import { findPatternFault, isGlob } from "../core/pattern.ts";
import type { JournalRow } from "../core/rows.ts";
import { includes } from "../core/search.ts";
import { toTimestamp } from "../core/time.ts";
import { resetWorld } from "../engine/reset.ts";
import type { World } from "../engine/world.ts";
import { resetResult } from "../schema/control.ts";
import * as schema from "../schema/journal.ts";
import { decodeOwnBody } from "./body.ts";
import { parsePaging } from "./events.ts";
import type { Reply, Route } from "./route.ts";

type Query = z.infer<typeof schema.requestsQuery>;
type Entry = z.infer<typeof schema.journalEntry>;

/** How many near misses a failed check tells. */
const NEAREST = 3;

const toEntry = ({ at, headers, chunks, firstTokenAt, endAt, ...row }: JournalRow): Entry => ({
  ...row,
  time: toTimestamp(at),
  headers: parseRow(`request ${row.id}, headers`, headers) as Record<string, string>,
  stream:
    firstTokenAt === null || endAt === null
      ? null
      : { chunks, firstTokenTime: toTimestamp(firstTokenAt), endTime: toTimestamp(endAt) },
});

/** Every request in the journal, newest first. */
function* rowsOf(world: World, before = Number.MAX_SAFE_INTEGER): Generator<JournalRow> {
  for (let last = before; ;) {
    const rows = world.parts.store.journal(last, PAGE_SIZE_MAX);
    yield* rows;
    if (rows.length < PAGE_SIZE_MAX) return;
    last = rows.at(-1)!.id;
  }
}

const isAsked = (row: JournalRow, { method, path, status, model, deployment, requestId, text }: Query): boolean =>
  (method === undefined || row.method === method.toUpperCase()) &&
  (path === undefined || includes(row.path, path)) &&
  (status === undefined || row.status === status) &&
  (model === undefined || isGlob(model, row.model)) &&
  (deployment === undefined || isGlob(deployment, row.deployment)) &&
  (requestId === undefined || row.requestId === requestId) &&
  (text === undefined || includes(row.requestBody, text) || includes(row.responseBody, text));

function list(world: World, query: Query): z.infer<typeof schema.requestsResult> {
  world.saver.flush();
  const { size, after } = parsePaging(query);
  const found: JournalRow[] = [];
  for (const row of rowsOf(world, after || undefined)) {
    if (!isAsked(row, query)) continue;
    if (found.length === size) return { requests: found.map(toEntry), nextPageToken: String(found.at(-1)!.id) };
    found.push(row);
  }
  return { requests: found.map(toEntry), nextPageToken: "" };
}

type Match = z.infer<typeof schema.countBody>["match"];

/** Expressions of a match are tried once before the journal is read. @throws ApiError INVALID_ARGUMENT */
function checkMatch({ header, requestBody, responseBody }: Match): void {
  const headers = Object.entries(header ?? {}).map(([name, each]) => [`match.header.${name}`, each] as const);
  const fault = findPatternFault([
    ["match.requestBody", requestBody],
    ["match.responseBody", responseBody],
    ...headers,
  ]);
  if (fault !== undefined) throw invalid(fault);
}

type Miss = z.infer<typeof schema.verifyResult>["nearest"][number];

/** How many requests are as wanted, and those that are nearly. */
function ask(world: World, match: Match): { count: number; nearest: Miss[] } {
  checkMatch(match);
  world.saver.flush();
  let count = 0;
  let nearest: Miss[] = [];
  for (const row of rowsOf(world)) {
    const found = differences(match, row);
    if (found.length === 0) count += 1;
    else if (nearest.length < NEAREST || found.length < nearest.at(-1)!.differences.length) {
      const { id, method, path, status } = row;
      nearest = [...nearest, { request: { id, method, path, status }, differences: found }]
        .sort((left, right) => left.differences.length - right.differences.length)
        .slice(0, NEAREST);
    }
  }
  return { count, nearest };
}

/** What is demanded, in words, and whether so many are enough. */
function judge(demand: z.infer<typeof schema.verifyBody>, count: number): { isMet: boolean; words: string } {
  const { times, atMost } = demand;
  const least = times ?? demand.atLeast ?? (atMost === undefined ? 1 : 0);
  const most = times ?? atMost ?? Infinity;
  if (least > most) throw invalid("atLeast: expected at most atMost");
  const words = least === most ? `${least}` : most === Infinity ? `at least ${least}` : `${least} to ${most}`;
  return { isMet: count >= least && count <= most, words };
}

/** 200 when it holds, 417 when not: a shell's `curl --fail` is a check. */
function verify(world: World, text: string): Reply {
  const demand = decodeOwnBody(schema.verifyBody, text);
  if (demand.times !== undefined && (demand.atLeast !== undefined || demand.atMost !== undefined))
    throw new ApiError("INVALID_ARGUMENT", "times: expected alone, without atLeast and atMost");
  const { count, nearest } = ask(world, demand.match);
  const { isMet, words } = judge(demand, count);
  const near = nearest.map(
    ({ request, differences: found }) => `${request.method} ${request.path} (${found.join("; ")})`,
  );
  const message = `expected ${words} matching, found ${count}${near.length > 0 && !isMet ? `; nearest: ${near.join(", ")}` : ""}`;
  return { status: isMet ? 200 : 417, body: { verified: isMet, count, message, nearest: isMet ? [] : nearest } };
}

export function requestRoutes(): Route[] {
  const own = { path: "/__emulator/requests", plane: "emulator", tag: "Emulator" } as const;
  return [
    {
      method: "GET",
      ...own,
      summary: "The journal of served requests, newest first; keys redacted",
      query: schema.requestsQuery,
      result: schema.requestsResult,
      handle: ({ world, query }) => ({ body: list(world, query as Query) }),
    },
    {
      method: "POST",
      ...own,
      path: "/__emulator/requests:count",
      writes: false,
      summary: "Count the requests that are as described",
      body: schema.countBody,
      result: schema.countResult,
      handle: ({ world, text }) => ({
        body: { count: ask(world, decodeOwnBody(schema.countBody, text).match).count },
      }),
    },
    {
      method: "POST",
      ...own,
      path: "/__emulator/requests:verify",
      writes: false,
      summary: "Check how many requests are as described: 200, or 417 with the nearest misses",
      body: schema.verifyBody,
      result: schema.verifyResult,
      handle: ({ world, text }) => verify(world, text),
    },
    {
      method: "DELETE",
      ...own,
      summary: "Clear the journal",
      result: resetResult,
      handle: ({ world }) => {
        resetWorld(world, ["journal"]);
        return { body: { cleared: ["journal"] } };
      },
    },
  ];
}
