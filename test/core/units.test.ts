import { describe, expect, test } from "vitest";
import { errorTable } from "../../src/core/error.ts";
import { isUserId, toCamel, toSnake } from "../../src/core/name.ts";
import { digest, hexOf, Random } from "../../src/core/random.ts";
import { countTokens, tokenize } from "../../src/core/generation/token.ts";
import { parseDuration, parseSpan, parseTimestamp, toDuration, toSpan, toTimestamp } from "../../src/core/time.ts";
import { TimerQueue } from "../../src/engine/queue.ts";
import { property } from "../support/random.ts";

describe("time", () => {
  test.each([
    ["600s", 600_000],
    ["1.5s", 1500],
    ["0s", 0],
    ["-1s", -1000],
    ["5m", undefined],
    ["s", undefined],
    ["1e3s", undefined],
  ])("duration %s", (text, ms) => expect(parseDuration(text)).toBe(ms));

  test.each([
    ["90s", 90_000],
    ["1h30m", 5_400_000],
    ["7d", 604_800_000],
    ["250ms", 250],
    ["1.5h", 5_400_000],
    ["", undefined],
    ["5", undefined],
    ["-1s", undefined],
    ["99999d", undefined],
  ])("span %s", (text, ms) => expect(parseSpan(text)).toBe(ms));

  test.each([
    ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"],
    ["2026-01-01T00:00:00.5+02:00", "2025-12-31T22:00:00.500Z"],
    ["2026-13-01T00:00:00Z", undefined],
    ["2026-01-01", undefined],
  ])("timestamp %s", (text, normal) => {
    const at = parseTimestamp(text);
    expect(at === undefined ? undefined : toTimestamp(at)).toBe(normal);
  });

  test("prints protobuf and Go styles", () => {
    expect([toDuration(600_000), toDuration(1500), toSpan(3_600_000), toSpan(90_000), toSpan(0), toSpan(250)]).toEqual([
      "600s",
      "1.5s",
      "1h0m0s",
      "1m30s",
      "0s",
      "250ms",
    ]);
  });
});

describe("names", () => {
  test("camel and snake case are inverse", () => {
    for (const name of ["minReplicaCount", "name", "scaleToZeroWindow"]) expect(toCamel(toSnake(name))).toBe(name);
  });
  test.each([
    ["a", true],
    ["a-1", true],
    ["", false],
    ["1a", false],
    ["a-", false],
    ["A", false],
    ["a".repeat(63), true],
    ["a".repeat(64), false],
  ])("ID %s", (id, valid) => expect(isUserId(id)).toBe(valid));
});

describe("randomness", () => {
  test("the same seed gives the same stream, another stream or seed another", () => {
    const draw = (seed: string, stream = 0): string => {
      const random = new Random(digest(seed), stream);
      return Array.from({ length: 8 }, () => random.next()).join();
    };
    expect(draw("a")).toBe(draw("a"));
    expect(new Set([draw("a"), draw("b"), draw("a", 1), draw("a", 2), draw("b", 1)]).size).toBe(5);
  });

  test("repetitions of one content have ids of their own", () => {
    const ids = Array.from({ length: 1000 }, (_, n) => hexOf(digest("x"), n));
    expect(new Set(ids).size).toBe(1000);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe("tokens", () => {
  property("tokenizing is lossless, and counts what it yields", (random) => {
    const alphabet = ["a", "B", "7", " ", "\n", "\t", "é", "💥", ".", "word", "  ", "extraordinarily", "12345", "\r\n"];
    const text = Array.from({ length: random.below(40) }, () => random.pick(alphabet)).join("");
    const tokens = tokenize(text);
    expect(tokens.join("")).toBe(text);
    expect(countTokens(text)).toBe(tokens.length);
    expect(tokens).not.toContain("");
    // a text cut between two tokens has the tokens before the cut
    const cut = random.below(tokens.length + 1);
    expect(countTokens(tokens.slice(0, cut).join(""))).toBeLessThanOrEqual(cut);
  });
});

describe("timers", () => {
  property("come out by time, then sequence; a newer timer of a subject replaces the older", (random) => {
    const queue = new TimerQueue();
    const expected = new Map<string, { at: number; sequence: number }>();
    for (let n = 0; n < 200; n += 1) {
      const name = `d${random.below(20)}`;
      if (random.chance(0.2)) {
        queue.delete("deployment", name);
        expected.delete(name);
      } else {
        const timer = { at: random.below(50), sequence: Number(name.slice(1)) };
        queue.set({ kind: "deployment", name, ...timer });
        expected.set(name, timer);
      }
    }
    const order = [...expected].sort(([, a], [, b]) => a.at - b.at || a.sequence - b.sequence).map(([name]) => name);
    const taken: string[] = [];
    for (let timer = queue.take(Infinity); timer; timer = queue.take(Infinity)) taken.push(timer.name);
    expect(taken).toEqual(order);
  });
});

test("every error code has the HTTP status that grpc-gateway gives its number", () => {
  const http: Record<number, number[]> = {
    3: [400],
    5: [404],
    6: [409],
    7: [403],
    4: [408, 504],
    8: [429, 413],
    9: [400, 402, 412, 425],
    11: [400],
    12: [501, 405],
    13: [500],
    14: [502, 503],
    16: [401],
  };
  for (const [code, { grpc, http: status }] of Object.entries(errorTable)) expect(http[grpc], code).toContain(status);
});
