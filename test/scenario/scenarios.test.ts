import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createEmulator } from "../../src/index.ts";
import { toChart } from "../../src/scenario/chart.ts";
import { builtInScenarios, readScenario } from "../../src/scenario/file.ts";
import type { Advance, Outcome } from "../../src/scenario/run.ts";
import { optionsOf, runScenario } from "../../src/scenario/run.ts";
import { dump, inFolder } from "../support/dump.ts";
import { cli } from "../support/server.ts";

/** Everything that a scenario says, but for the moments at which it was asked. */
const bytesOf = ({ events, usage, answers }: Outcome): string => JSON.stringify({ events, usage, answers });

describe("the scenarios that come with the emulator", () => {
  test("are ten", () => expect(builtInScenarios().length).toBeGreaterThanOrEqual(10));

  test.each(builtInScenarios())("%s: every expectation holds", async (name) => {
    const outcome = await runScenario(await readScenario(name));
    expect(outcome.verdicts.filter(({ passed }) => !passed)).toEqual([]);
    expect(outcome.verdicts.length).toBeGreaterThan(0);
  });

  test.each(builtInScenarios())(
    "%s: the same bytes in memory or on file, sliced or not, restarted half way or not",
    (name) =>
      inFolder(async (folder) => {
        const scenario = await readScenario(name);
        const file = (part: string): string => join(folder, `${part}.db`);
        const sliced: Advance = async (emulator, to) => {
          const [from, end] = [Date.parse(await emulator.clock.now()), Date.parse(to)];
          for (const share of [0.1, 0.37, 0.5, 0.93, 1])
            await emulator.clock.advance({ to: new Date(from + Math.round((end - from) * share)).toISOString() });
          return emulator;
        };
        const restarted: Advance = async (emulator, to) => {
          const [from, end] = [Date.parse(await emulator.clock.now()), Date.parse(to)];
          await emulator.clock.advance({ to: new Date(Math.round((from + end) / 2)).toISOString() });
          await emulator.close();
          const again = await createEmulator(optionsOf(scenario, file("restarted")));
          await again.clock.advance({ to });
          return again;
        };
        const memory = await runScenario(scenario);
        const onFile = await runScenario(scenario, file("straight"));
        expect(bytesOf(onFile)).toBe(bytesOf(memory));
        for (const [part, advance] of [
          ["sliced", sliced],
          ["restarted", restarted],
        ] as const) {
          expect(bytesOf(await runScenario(scenario, file(part), advance)), part).toBe(bytesOf(memory));
          expect(dump(file(part)), part).toEqual(dump(file("straight")));
        }
      }),
  );
});

test("a timeline for the terminal: bars, what happened and why, what was expected", async () => {
  const text = toChart(await runScenario(await readScenario("region-failure")));
  expect(text).toContain("  ready              |");
  expect(text).toMatch(/\+20m +fleet +stockout|its region fails/);
  expect(text).toMatch(/✓ chat: ready at least 1 within 2m of \+20m1s \(after [\d.]+ s\)/);
  expect(text.endsWith("passed")).toBe(true);
});

describe("fireworks-emulator scenario run", () => {
  test("prints the timeline and exits 0; with --json it is one line of JSON", async () => {
    const { code, stdout } = await cli("scenario", "run", "idle-week");
    expect(code).toBe(0);
    expect(stdout).toContain("✓ forgotten: DELETED at +the end (DELETED)");
    const json = await cli("scenario", "run", "idle-week", "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({ name: "idle-week", passed: true });
  });

  test("an expectation that fails: exit 1, and what was got", () =>
    inFolder(async (folder) => {
      const file = join(folder, "s.yaml");
      writeFileSync(
        file,
        [
          "name: s",
          "description: d",
          "until: 10m",
          "steps: [{at: 0s, create: {id: d, body: {baseModel: accounts/fireworks/models/qwen3-8b}}}]",
          "expect: [{deployment: d, ready: {atLeast: 2}}, {cost: {atMost: 0}}]",
        ].join("\n"),
      );
      const { code, stdout } = await cli("scenario", "run", file);
      expect(code).toBe(1);
      expect(stdout).toContain("✗ d: ready at least 2: got 0 to 1");
      expect(stdout).toMatch(/✗ cost in dollars at most 0: got 0\.\d+/);
    }));

  test.each([
    ["name: s\nsteps: 3", /s\.yaml: \$\.description: .*got nothing/],
    [
      "name: s\ndescription: d\nuntil: 1h\nsteps: [{at: 0s}]\nexpect: []",
      /s\.yaml: \$\.steps\[0\]: give exactly one of create, /,
    ],
    [
      "name: s\ndescription: d\nuntil: 1h\nsteps: []\nexpect: [{deployment: d, redy: {atMost: 1}}]",
      /s\.yaml: \$\.expect\[0\]/,
    ],
    [
      "name: s\ndescription: d\nuntil: soon\nsteps: []\nexpect: [{cost: {atMost: 1}}]",
      /s\.yaml: \$\.until: expected a span such as .*got "soon"/,
    ],
    ["name: [", /s\.yaml: /],
  ])("a bad file is told in one line: %j", (text, message) =>
    inFolder(async (folder) => {
      const file = join(folder, "s.yaml");
      writeFileSync(file, text);
      const { code, stderr } = await cli("scenario", "run", file);
      expect({ code, lines: stderr.trim().split("\n").length }).toEqual({ code: 2, lines: 1 });
      expect(stderr).toMatch(message);
      expect(readFileSync(file, "utf8")).toBe(text);
    }),
  );

  test("no such file: the built-in ones are named", async () => {
    const { code, stderr } = await cli("scenario", "run", "nothing");
    expect(code).toBe(2);
    expect(stderr).toMatch(/nothing: no such file, nor one of the built-in scenarios: burst, /);
  });
});
