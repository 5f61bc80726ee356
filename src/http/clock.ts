import type { z } from "zod";
import { invalid } from "../core/error.ts";
import type { Ms } from "../core/time.ts";
import { parseSpan, parseTimestamp, TIME_MAX, toTimestamp } from "../core/time.ts";
import { limits } from "../engine/config.ts";
import { once } from "../engine/timers.ts";
import { nextSettling } from "../engine/waiting.ts";
import type { World } from "../engine/world.ts";
import * as schema from "../schema/control.ts";
import type { EventRow } from "../core/rows.ts";
import { decodeOwnBody } from "./body.ts";
import { toEvent } from "./events.ts";
import type { Call, Route } from "./route.ts";

export function toClock(world: World): z.infer<typeof schema.clockBody> {
  const { clock, queue } = world.parts;
  const next = queue.peek();
  return {
    now: toTimestamp(world.now),
    mode: clock.mode,
    rate: clock.rate,
    nextEventTime: next ? toTimestamp(next.at) : null,
  };
}

function patchClock(call: Call): z.infer<typeof schema.clockBody> {
  const { mode, rate } = decodeOwnBody(schema.clockPatch, call.text);
  const { clock } = call.world.parts;
  clock.configure(mode ?? clock.mode, rate ?? clock.rate);
  call.world.rearm();
  return toClock(call.world);
}

/** @throws ApiError INVALID_ARGUMENT */
function targetOf(world: World, body: z.infer<typeof schema.advanceBody>): Ms {
  if (body.until === "nextEvent") return world.parts.queue.peek()?.at ?? world.now;
  const span = body.by === undefined ? undefined : parseSpan(body.by);
  if (body.by !== undefined && span === undefined)
    throw invalid(`by: expected a span such as "90s", "1h30m" or "7d", got "${body.by}"`);
  const to = span === undefined ? parseTimestamp(body.to!) : world.now + span;
  if (to === undefined) throw invalid(`to: expected an RFC 3339 time such as "2026-01-01T00:00:00Z", got "${body.to}"`);
  if (to < world.now)
    throw invalid(`to: ${body.to} has passed; it is ${toTimestamp(world.now)} and time does not run backwards`);
  if (to > TIME_MAX) throw invalid(`the clock ends at ${toTimestamp(TIME_MAX)}`);
  return to;
}

/** Moves time; the answer leaves after everything that was due has happened and is saved. */
async function advance(call: Call): Promise<z.infer<typeof schema.advanceResult>> {
  const { world } = call;
  const body = decodeOwnBody(schema.advanceBody, call.text);
  const events: EventRow[] = [];
  let total = 0;
  let stop: (() => void) | undefined;
  const next = body.until === "settled" ? () => nextSettling(world) : once(() => targetOf(world, body));
  // others may be before it: it begins where they end, or where a real clock has come meanwhile
  const begin = once(() => Math.max(world.parts.clock.now(), world.now));
  let steps: number;
  try {
    steps = await world.travel(() => {
      const now = begin();
      if (now !== undefined && now > world.now) return now;
      stop ??= world.log.listen((row) => {
        total += 1;
        if (events.length < limits.advanceEventsMax) events.push(row);
      });
      return next();
    });
  } finally {
    stop?.();
    if (!world.isClosed) {
      world.parts.clock.set(world.now);
      world.rearm();
    }
  }
  world.saver.flush();
  return { now: toTimestamp(world.now), steps, events: events.map(toEvent), truncated: total > events.length };
}

export function clockRoutes(): Route[] {
  const own = { plane: "emulator", tag: "Clock" } as const;
  return [
    {
      method: "GET",
      path: "/__emulator/clock",
      ...own,
      summary: "World time",
      result: schema.clockBody,
      handle: ({ world }) => ({ body: toClock(world) }),
    },
    {
      method: "PATCH",
      path: "/__emulator/clock",
      ...own,
      summary: "Change mode or rate",
      body: schema.clockPatch,
      result: schema.clockBody,
      handle: (call) => ({ body: patchClock(call) }),
    },
    {
      method: "POST",
      path: "/__emulator/clock:advance",
      ...own,
      turn: "own",
      summary: "Move time, by a span, to a moment, or until something happens",
      body: schema.advanceBody,
      result: schema.advanceResult,
      handle: async (call) => ({ body: await advance(call) }),
    },
  ];
}
