import { expect, test } from "vitest";
import type { Background } from "../../src/core/deployment/admission.ts";
import { admit, findSeat, NO_BACKGROUND } from "../../src/core/deployment/admission.ts";
import type { Capacity } from "../../src/core/deployment/capacity.ts";
import { Load } from "../../src/core/deployment/load.ts";
import { table } from "../support/timeline.ts";

/** Two at a time; 100 prompt tokens take 1 s, 100 tokens 1 s alone and 2 s with two others on the replica. */
const capacity: Capacity = {
  prefillTokensPerSecond: 100,
  decodeTokensPerSecond: 100,
  concurrency: 2,
  halfSpeedConcurrency: 2,
};
const replicas = [{ number: 0 }, { number: 1 }];

/** A request of 100 tokens that makes 100. */
function board(load: Load, now = 0, background: Background = NO_BACKGROUND, cachedTokens = 0, key?: string) {
  const seat = findSeat(load, replicas, capacity, background, now, key);
  const work = { promptTokens: 100, cachedTokens, completionTokens: 100, speculatedTokens: 0 };
  return seat && admit(load, seat, capacity, background, now, work);
}

test("the replica with the fewest in flight, ties by number; two are served, two wait, the next is refused", () => {
  const load = new Load();
  const rows = Array.from({ length: 9 }, () => {
    const flight = board(load);
    if (!flight) return "refused";
    load.add(flight);
    const { replica, startAt, firstTokenAt, endAt } = flight;
    return `replica ${replica}: waits ${startAt}, first token ${firstTokenAt}, ends ${endAt}`;
  });
  expect(rows.join("\n")).toBe(
    table(`
      replica 0: waits 0, first token 1000, ends 2000
      replica 1: waits 0, first token 1000, ends 2000
      replica 0: waits 0, first token 1000, ends 2500
      replica 1: waits 0, first token 1000, ends 2500
      replica 0: waits 2000, first token 3000, ends 5000
      replica 1: waits 2000, first token 3000, ends 5000
      replica 0: waits 2500, first token 3500, ends 5500
      replica 1: waits 2500, first token 3500, ends 5500
      refused
    `),
  );
});

test("what has ended makes room, behind those that wait already", () => {
  const load = new Load();
  for (let n = 0; n < 8; n += 1) load.add(board(load)!);
  expect(board(load, 1999)).toBeUndefined();
  expect(board(load, 2000)).toMatchObject({ replica: 0, startAt: 5000 });
});

test("synthetic traffic takes its places, and its queue comes first", () => {
  const background = { inFlight: 1, queueMs: 300 };
  expect(board(new Load(), 0, background)).toMatchObject({ startAt: 300, endAt: 2800 });
  expect(board(new Load(), 0, { inFlight: 4, queueMs: 0 })).toBeUndefined();
});

test("what a replica remembers of a prompt need not be read", () => {
  expect(board(new Load(), 0, NO_BACKGROUND, 75)).toMatchObject({ startAt: 0, firstTokenAt: 250, endAt: 1250 });
});

test("requests with one key go to one replica until it is full; keys are spread", () => {
  const byKey = new Set(
    Array.from({ length: 20 }, (_, n) => board(new Load(), 0, NO_BACKGROUND, 0, `key ${n}`)!.replica),
  );
  expect(byKey.size).toBe(2);
  const load = new Load();
  const places = Array.from({ length: 3 }, () => {
    const flight = board(load, 0, NO_BACKGROUND, 0, "mine")!;
    load.add(flight);
    return flight.replica;
  });
  const [own] = places;
  expect(places).toEqual([own, own, 1 - own!]);
});
