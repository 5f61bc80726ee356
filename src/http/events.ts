import type { z } from "zod";
import { invalid } from "../core/error.ts";
import { PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX } from "../core/list/page.ts";
import { toTimestamp } from "../core/time.ts";
import { PRODUCT } from "../engine/version.ts";
import type { World } from "../engine/world.ts";
import * as schema from "../schema/control.ts";
import type { EventRow } from "../core/rows.ts";
import { headerOf } from "./header.ts";
import type { Call, Route } from "./route.ts";

export const toEvent = ({
  id,
  at,
  deployment,
  type,
  from,
  to,
  reason,
  detail,
}: EventRow): z.infer<typeof schema.event> => ({
  id,
  time: toTimestamp(at),
  deployment,
  type,
  from,
  to,
  reason,
  detail: detail ?? null,
});

/** Page size and the id to go on from; tokens of these two lists are ids. */
export function parsePaging(query: Record<string, unknown>): { size: number; after: number } {
  const token = (query["pageToken"] as string | undefined) ?? "";
  if (!/^\d*$/.test(token)) throw invalid("invalid page token: it is not from this list");
  const size = (query["pageSize"] as number | undefined) || PAGE_SIZE_DEFAULT;
  if (size < 0) throw invalid("page_size must not be negative");
  return { size: Math.min(size, PAGE_SIZE_MAX), after: Number(token) };
}

/** Pages through the log; a filter by type reads on until a page is full. */
function list(world: World, query: z.infer<typeof schema.eventsQuery>): z.infer<typeof schema.eventsResult> {
  world.saver.flush();
  const { size, after } = parsePaging(query);
  const events: EventRow[] = [];
  let last = after;
  for (;;) {
    const rows = world.parts.store.events(last, PAGE_SIZE_MAX, query.deployment);
    for (const row of rows) {
      if (events.length === size) return { events: events.map(toEvent), nextPageToken: String(last) };
      last = row.id;
      if (query.type === undefined || row.type === query.type) events.push(row);
    }
    if (rows.length < PAGE_SIZE_MAX) return { events: events.map(toEvent), nextPageToken: "" };
  }
}

/** Follows the log live: one server-sent event per line, `id` first, so that a client can say where it was. */
function follow(call: Call, query: z.infer<typeof schema.eventsQuery>): Response {
  const encoder = new TextEncoder();
  const undo: (() => void)[] = [];
  const stop = (): void => undo.forEach((each) => each());
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(encoder.encode(": following\n\n"));
      const end = (): void => {
        stop();
        controller.close();
      };
      const listener = call.world.log.listen((row) => {
        if (query.deployment !== undefined && row.deployment !== query.deployment) return;
        if (query.type !== undefined && row.type !== query.type) return;
        controller.enqueue(
          encoder.encode(`id: ${row.id}\nevent: ${row.type}\ndata: ${JSON.stringify(toEvent(row))}\n\n`),
        );
      });
      undo.push(listener, call.world.onEnd(end));
    },
    cancel: stop,
  });
  return new Response(stream, {
    headers: { "content-type": "text/event-stream", "cache-control": "no-cache", "x-emulator": PRODUCT },
  });
}

export function eventRoutes(): Route[] {
  return [
    {
      method: "GET",
      path: "/__emulator/events",
      plane: "emulator",
      tag: "Emulator",
      summary: "What happened; live with `Accept: text/event-stream`",
      query: schema.eventsQuery,
      result: schema.eventsResult,
      handle: (call) => {
        const query = call.query as z.infer<typeof schema.eventsQuery>;
        return headerOf(call.context, "accept")?.includes("text/event-stream")
          ? follow(call, query)
          : { body: list(call.world, query) };
      },
    },
  ];
}
