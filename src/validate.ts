import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { canBoth, hides } from "./core/script/match.ts";
import { loadScripts, readScripts } from "./engine/scripts.ts";
import { FixtureError, readFixture } from "./fixture.ts";
import { readScenario } from "./scenario/file.ts";
import { acceleratorsFile, capacityFile, modelsFile, quotasFile, regionsFile } from "./schema/catalog.ts";
import type { Script } from "./schema/script.ts";

interface Outcome {
  /** Scripts, scenarios and catalogue files that were looked at. */
  checked: number;
  warnings: string[];
}

const catalogSchemas = {
  "models.json": modelsFile,
  "accelerators.json": acceleratorsFile,
  "regions.json": regionsFile,
  "quotas.json": quotasFile,
  "capacity.json": capacityFile,
} as const;

const isCatalog = (name: string): name is keyof typeof catalogSchemas => Object.hasOwn(catalogSchemas, name);

/** Of scripts in the order they are tried: those never reached, and pairs that only their order tells apart. */
function findConflicts(scripts: readonly { script: Script; source: string }[]): string[] {
  const warnings: string[] = [];
  for (const [at, { script, source }] of scripts.entries()) {
    const before = scripts.slice(0, at);
    const hiding = before.find((each) => hides(each.script, script));
    if (hiding) warnings.push(`${source}: ${script.id} is never reached: ${hiding.script.id} matches all that it does`);
    for (const each of before)
      if (!hiding && canBoth(each.script, script))
        warnings.push(`${source}: ${script.id} and ${each.script.id} can match one request; ${each.script.id} wins`);
  }
  return warnings;
}

async function validateFile(file: string): Promise<Outcome> {
  const name = basename(file);
  if (isCatalog(name)) {
    readFixture(file, catalogSchemas[name]);
    return { checked: 1, warnings: [] };
  }
  if (basename(dirname(file)) === "scenarios") {
    await readScenario(file);
    return { checked: 1, warnings: [] };
  }
  const scripts = await readScripts(file);
  return { checked: scripts.length, warnings: findConflicts(scripts.map((script) => ({ script, source: file }))) };
}

/** A folder of fixtures as `--fixtures` takes it. */
async function validateFolder(folder: string): Promise<Outcome> {
  const scripts = await loadScripts([folder]);
  const others = ["catalog", "scenarios"].flatMap((inner) => {
    const path = join(folder, inner);
    return existsSync(path) ? readdirSync(path).map((file) => join(path, file)) : [];
  });
  for (const file of others) await validateFile(file);
  return { checked: scripts.length + others.length, warnings: findConflicts(scripts) };
}

/** @param path a file or a folder of fixtures @throws FixtureError for what cannot be used */
export function validate(path: string): Promise<Outcome> {
  if (!existsSync(path)) throw new FixtureError(`${path}: no such file or folder`);
  return statSync(path).isDirectory() ? validateFolder(path) : validateFile(path);
}
