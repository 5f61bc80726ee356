import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { hasReference, withCoverage } from "../../scripts/coverage.mjs";
import { fresh } from "../support/api.ts";

const readme = readFileSync(fileURLToPath(new URL("../../README.md", import.meta.url)), "utf8");

test.runIf(hasReference())(
  "the README's coverage table is what the router answers (npm run coverage makes it)",
  async () => {
    const { call } = await fresh();
    expect(withCoverage(readme, (await call("GET", "/__emulator/openapi.json")).body)).toBe(readme);
  },
);

test("the README names every flag of start", async () => {
  const { cli } = await import("../support/server.ts");
  const { stdout } = await cli("start", "--help");
  const flags = [...stdout.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, flag]) => flag!);
  expect(flags.length).toBeGreaterThan(15);
  for (const flag of flags) expect(readme, flag).toContain(`\`${flag}`);
});
