import { expect, test } from "vitest";
import { admit, NO_BACKGROUND } from "../../src/core/deployment/admission.ts";
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

test("the replica with the fewest in flight, ties by number; two are served, two wait, the next is refused", () => {
  const load = new Load();
  const rows = Array.from({ length: 9 }, () => {
    const flight = admit(load, replicas, capacity, NO_BACKGROUND, 0, 100, 100);
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
  for (let n = 0; n < 8; n += 1) load.add(admit(load, replicas, capacity, NO_BACKGROUND, 0, 100, 100)!);
  expect(admit(load, replicas, capacity, NO_BACKGROUND, 1999, 100, 100)).toBeUndefined();
  expect(admit(load, replicas, capacity, NO_BACKGROUND, 2000, 100, 100)).toMatchObject({ replica: 0, startAt: 5000 });
});

test("synthetic traffic takes its places, and its queue comes first", () => {
  const background = { inFlight: 1, queueMs: 300 };
  expect(admit(new Load(), replicas, capacity, background, 0, 100, 100)).toMatchObject({ startAt: 300, endAt: 2800 });
  expect(admit(new Load(), replicas, capacity, { inFlight: 4, queueMs: 0 }, 0, 100, 100)).toBeUndefined();
});
