import { describe, expect, test } from "vitest";
import { parseGoDuration, printGoDuration } from "../../src/firectl/go-duration.ts";

describe("Go durations", () => {
  test.each([
    ["0", 0, "0s"],
    ["5s", 5, "5s"],
    ["1h30m", 5400, "1h30m0s"],
    ["1.5h", 5400, "1h30m0s"],
    ["300ms", 0.3, "300ms"],
    ["-1m30s", -90, "-1m30s"],
    ["+5s", 5, "5s"],
    [".5s", 0.5, "500ms"],
    ["1.s", 1, "1s"],
    ["2h45m30.5s", 9930.5, "2h45m30.5s"],
    ["1us", 1e-6, "0.001ms"],
    ["1h1s", 3601, "1h0m1s"],
  ])("%s is %d s, printed %s", (text, seconds, printed) => {
    expect(parseGoDuration(text)).toBeCloseTo(seconds, 9);
    expect(printGoDuration(parseGoDuration(text))).toBe(printed);
  });

  test.each([
    ["", 'time: invalid duration ""'],
    ["5", 'time: missing unit in duration "5"'],
    ["1h5", 'time: missing unit in duration "1h5"'],
    ["5d", 'time: unknown unit "d" in duration "5d"'],
    ["s", 'time: invalid duration "s"'],
    ["-", 'time: invalid duration "-"'],
    ["1 h", 'time: unknown unit " h" in duration "1 h"'],
  ])("%j is refused in Go's words", (text, message) => {
    expect(() => parseGoDuration(text)).toThrow(message);
  });
});
