import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { ErrorCode } from "../core/error.ts";
import { ApiError, errorTable, invalid, notFound } from "../core/error.ts";
import { findPatternFault } from "../core/pattern.ts";
import { parseSpan } from "../core/time.ts";
import { FixtureError, readFixture, readYaml } from "../fixture.ts";
import type { Script, ScriptAnswer } from "../schema/script.ts";
import { scriptsFile } from "../schema/script.ts";
import type { World } from "./world.ts";

/** A canned answer in a world: where it comes from, and how often it was asked for. */
export interface ScriptEntry {
  script: Script;
  /** The file, or `api`. */
  source: string;
  sequence: number;
  matched: number;
}

const isCode = (code: string): code is ErrorCode => Object.hasOwn(errorTable, code);

const spansOf = ({ chunks = [], events = [], took }: ScriptAnswer): string[] => [
  ...[...chunks, ...events].flatMap((each) => (typeof each === "object" && each.at !== undefined ? [each.at] : [])),
  ...(took === undefined ? [] : [took]),
];

/** What a schema cannot see: expressions that are none, codes that do not exist. @returns what is wrong */
function findFault({ match, respond }: Pick<Script, "match" | "respond">): string | undefined {
  const texts = (["lastUserMessage", "anyMessage", "prompt"] as const).map(
    (key) => [`match.${key}`, match[key]] as const,
  );
  const headers = Object.entries(match.header ?? {}).map(([name, each]) => [`match.header.${name}`, each] as const);
  const wrong = findPatternFault([...texts, ...headers]);
  if (wrong !== undefined) return wrong;
  const answers = [respond].flat();
  for (const at of answers.flatMap(spansOf)) {
    if (parseSpan(at) === undefined) return `respond: at: expected a span such as "120ms" or "1.5s", got "${at}"`;
  }
  const unknown = answers.find(({ error }) => error && !isCode(error.code));
  return (
    unknown && `respond.error.code: expected one of ${Object.keys(errorTable).join(", ")}, got "${unknown.error!.code}"`
  );
}

/** The scripts of one file, JSON or YAML. @throws FixtureError */
export async function readScripts(file: string): Promise<Script[]> {
  const isYaml = /\.ya?ml$/.test(file);
  const { scripts } = isYaml ? await readYaml(file, scriptsFile) : readFixture(file, scriptsFile);
  const name = file.replace(/^.*[\\/]/, "").replace(/\.\w+$/, "");
  return scripts.map((script, at) => {
    const fault = findFault(script);
    if (fault !== undefined) throw new FixtureError(`${file}: $.scripts[${at}].${fault}`);
    return { ...script, id: script.id ?? `${name}-${at + 1}` };
  });
}

/** The scripts of all fixture folders, in the order of folders, files and lines. @throws FixtureError */
export async function loadScripts(folders: readonly string[]): Promise<{ script: Script; source: string }[]> {
  const found: { script: Script; source: string }[] = [];
  for (const folder of folders) {
    const inside = join(folder, "scripts");
    if (!existsSync(inside)) continue;
    const files = readdirSync(inside).filter((file) => /\.(json|ya?ml)$/.test(file));
    for (const file of files.sort()) {
      const source = join(inside, file);
      for (const script of await readScripts(source)) {
        const other = found.find((each) => each.script.id === script.id);
        if (other) throw new FixtureError(`${source}: the script ${script.id} is also in ${other.source}`);
        found.push({ script, source });
      }
    }
  }
  return found;
}

/** Takes a script in, before those of files; they are tried in the order of their making. @throws ApiError */
export function addScript(world: World, given: Omit<Script, "id"> & { id?: string | undefined }): ScriptEntry {
  const fault = findFault(given);
  if (fault !== undefined) throw invalid(fault);
  const { scripts, store } = world.parts;
  const sequence = world.nextSequence();
  const script: Script = { ...given, id: given.id ?? `script-${sequence}` };
  if (scripts.some((entry) => entry.script.id === script.id))
    throw new ApiError("ALREADY_EXISTS", `script ${script.id} already exists`);
  const entry: ScriptEntry = { script, source: "api", sequence, matched: 0 };
  const place = scripts.findIndex(({ source }) => source !== "api");
  scripts.splice(place < 0 ? scripts.length : place, 0, entry);
  store.putDocument("script", script.id, entry);
  return entry;
}

/** @throws ApiError NOT_FOUND */
export function dropScript(world: World, id: string): void {
  const { scripts, store } = world.parts;
  const at = scripts.findIndex(({ script }) => script.id === id);
  if (at < 0) throw notFound();
  scripts.splice(at, 1);
  store.dropDocument("script", id);
}

/** Puts scripts back to how the world began: those of files, none of them asked yet. */
export function resetScripts(world: World): void {
  const { scripts, store, catalog } = world.parts;
  for (const { script } of scripts) store.dropDocument("script", script.id);
  scripts.length = 0;
  for (const { script, source } of catalog.scripts) scripts.push({ script, source, sequence: 0, matched: 0 });
}
