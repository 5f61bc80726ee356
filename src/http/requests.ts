import type { z } from "zod";
import { toTimestamp } from "../core/time.ts";
import { PAGE_SIZE_MAX } from "../core/list/page.ts";
import { resetWorld } from "../engine/reset.ts";
import type { World } from "../engine/world.ts";
import * as schema from "../schema/control.ts";
import type { JournalRow } from "../core/rows.ts";
import { parsePaging } from "./events.ts";
import type { Route } from "./route.ts";

type Query = z.infer<typeof schema.requestsQuery>;

const toEntry = ({ at, headers, ...row }: JournalRow): z.infer<typeof schema.journalEntry> => ({
  ...row,
  time: toTimestamp(at),
  headers: JSON.parse(headers) as Record<string, string>,
});

const matches = (row: JournalRow, query: Query): boolean =>
  (query.path === undefined || row.path.includes(query.path)) &&
  (query.status === undefined || row.status === query.status) &&
  (query.deployment === undefined || row.deployment === query.deployment);

/** The journal, newest first. */
function list(world: World, query: Query): z.infer<typeof schema.requestsResult> {
  world.saver.flush();
  const { size, after } = parsePaging(query);
  const found: JournalRow[] = [];
  let before = after || Number.MAX_SAFE_INTEGER;
  for (;;) {
    const rows = world.parts.store.journal(before, PAGE_SIZE_MAX);
    for (const row of rows) {
      if (found.length === size) return { requests: found.map(toEntry), nextPageToken: String(before) };
      before = row.id;
      if (matches(row, query)) found.push(row);
    }
    if (rows.length < PAGE_SIZE_MAX) return { requests: found.map(toEntry), nextPageToken: "" };
  }
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
      method: "DELETE",
      ...own,
      summary: "Clear the journal",
      result: schema.resetResult,
      handle: ({ world }) => {
        resetWorld(world, ["journal"]);
        return { body: { cleared: ["journal"] } };
      },
    },
  ];
}
