import type { UnderlyingSource } from "node:stream/web";
import type { z } from "zod";
import { invalid } from "../core/error.ts";
import { PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX } from "../core/list/page.ts";
import { toTimestamp } from "../core/time.ts";
import { hostTimer } from "../engine/clock.ts";
import { limits } from "../engine/config.ts";
import { PRODUCT } from "../engine/version.ts";
import type { World } from "../engine/world.ts";
import * as schema from "../schema/control.ts";
import type { EventRow } from "../core/rows.ts";
import { headerOf, wireOf } from "./header.ts";
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

/** Events that a follower is sent together, at most. */
const FOLLOW_ROWS = 100;
/** A follower looks again after this long when the events cannot be saved now (host time). */
const RETRY_MS = 1000;

const toFrame = (row: EventRow): string =>
  `id: ${row.id}\nevent: ${row.type}\ndata: ${JSON.stringify(toEvent(row))}\n\n`;

/**
 * Where a follower is in the log. The log itself is what waits for it: a follower that does not read costs nothing,
 * until it is behind by more than is kept.
 */
class Follower {
  readonly #world: World;
  readonly #query: z.infer<typeof schema.eventsQuery>;
  #after: number;
  #wake: (() => void) | undefined;
  /** It asks for more: what it was sent has been read. */
  #isAsking = false;

  constructor(world: World, query: z.infer<typeof schema.eventsQuery>) {
    this.#world = world;
    this.#query = query;
    this.#after = world.log.lastId;
  }

  /** The next frames, when there are any; nothing after `stop`. */
  async next(isOver: () => boolean): Promise<string> {
    this.#isAsking = true;
    while (!isOver()) {
      const isSaved = this.#save();
      const text = this.#read();
      if (text !== "") {
        this.#isAsking = false;
        return text;
      }
      const retry = isSaved ? undefined : hostTimer(RETRY_MS, () => this.wake());
      await new Promise<void>((resolve) => (this.#wake = resolve));
      retry?.cancel();
    }
    return "";
  }

  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  /** An event has been added. @returns whether what comes next for this follower is still kept, or it does read */
  notice({ id, deployment, type }: EventRow): boolean {
    const { deployment: wanted = deployment, type: wantedType = type } = this.#query;
    // numbers begin anew when the world's state is reset
    this.#after = Math.min(this.#after, id - 1);
    if (wanted === deployment && wantedType === type) this.wake();
    else if (this.#wake) this.#after = id;
    return this.#isAsking || id - this.#after <= limits.eventsMax;
  }

  #save(): boolean {
    try {
      if (this.#world.parts.store.pending > 0) this.#world.saver.flush();
      return true;
    } catch {
      return false;
    }
  }

  #read(): string {
    const { type, deployment } = this.#query;
    const kept = this.#world.log.lastId - limits.eventsMax;
    let text = "";
    if (this.#after < kept) {
      text = `: events up to ${kept} are no longer kept\n\n`;
      this.#after = kept;
    }
    for (;;) {
      const rows = this.#world.parts.store.events(this.#after, FOLLOW_ROWS, deployment);
      this.#after = rows.at(-1)?.id ?? this.#after;
      for (const row of rows) if (type === undefined || row.type === type) text += toFrame(row);
      if (text !== "" || rows.length < FOLLOW_ROWS) return text;
    }
  }
}

/** Follows the log live: one server-sent event per line, `id` first, so that a client can say where it was. */
function follow({ world, context }: Call, query: z.infer<typeof schema.eventsQuery>): Response {
  const encoder = new TextEncoder();
  const follower = new Follower(world, query);
  const undo: (() => void)[] = [];
  let isOver = false;
  const stop = (): void => {
    isOver = true;
    for (const each of undo) each();
    follower.wake();
  };
  const { outgoing, backlog } = wireOf(context);
  const body: UnderlyingSource<Uint8Array> = {
    start(controller) {
      controller.enqueue(encoder.encode(": following\n\n"));
      const listener = world.log.listen((row) => {
        if (follower.notice(row)) return;
        stop();
        const reason = `it follows the events and is more than ${limits.eventsMax} behind`;
        if (outgoing?.socket && backlog) backlog.drop(outgoing.socket, reason);
        else controller.error(new Error(reason));
      });
      const end = (): void => {
        stop();
        controller.close();
      };
      undo.push(listener, world.onEnd(end));
    },
    async pull(controller) {
      const text = await follower.next(() => isOver);
      if (!isOver) controller.enqueue(encoder.encode(text));
    },
    cancel: stop,
  };
  return new Response(new ReadableStream(body, { highWaterMark: 0 }), {
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
        // nobody would read, nor leave, what is followed for a HEAD
        const isFollowed = call.context.req.method !== "HEAD";
        return isFollowed && headerOf(call.context, "accept")?.includes("text/event-stream")
          ? follow(call, query)
          : { body: list(call.world, query) };
      },
    },
  ];
}
