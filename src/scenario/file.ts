import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { FixtureError, readYaml } from "../fixture.ts";
import type { Scenario } from "../schema/scenario.ts";
import { scenarioFile } from "../schema/scenario.ts";

const folder = fileURLToPath(new URL("../../fixtures/scenarios", import.meta.url));
const EXTENSION = /\.(ya?ml|json)$/;

/** The scenarios that come with the emulator, by name. */
export const builtInScenarios = (): string[] =>
  readdirSync(folder)
    .map((file) => file.replace(EXTENSION, ""))
    .sort();

/** A path, or the name of one that comes with the emulator. */
function locate(file: string): string {
  if (existsSync(file)) return file;
  const found = readdirSync(folder).find((each) => each.replace(EXTENSION, "") === basename(file));
  if (found !== undefined && !EXTENSION.test(file)) return join(folder, found);
  throw new FixtureError(`${file}: no such file, nor one of the built-in scenarios: ${builtInScenarios().join(", ")}`);
}

/** Reads and checks a scenario, JSON or YAML. @throws FixtureError */
export const readScenario = (file: string): Promise<Scenario> =>
  // JSON is YAML
  readYaml(locate(file), scenarioFile);
