import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { AnswerContent } from "../core/codec/answer.ts";
import type { GenerationRequest } from "../core/codec/request.ts";
import type { ErrorCode } from "../core/error.ts";
import { ApiError, errorTable, invalid, notFound, usualText } from "../core/error.ts";
import type { Reply } from "../core/generation/reply.ts";
import type { Captures } from "../core/pattern.ts";
import { toExpression } from "../core/pattern.ts";
import type { Asked } from "../core/script/match.ts";
import { criteriaOf, whyNot } from "../core/script/match.ts";
import { fillAll, toReply } from "../core/script/reply.ts";
import { checkFixture, FixtureError, readFixture, readText } from "../fixture.ts";
import type { TextPattern } from "../schema/pattern.ts";
import type { Script, ScriptAnswer } from "../schema/script.ts";
import { scriptsFile } from "../schema/script.ts";
import type { Caller } from "./inference.ts";
import { findTarget } from "./routing.ts";
import type { World } from "./world.ts";

/** A canned answer in a world: where it comes from, and how often it was asked for. */
export interface ScriptEntry {
  script: Script;
  /** The file, or `api`. */
  source: string;
  sequence: number;
  matched: number;
}

/** How many scripts a refusal of `--strict` names. */
const NEAREST = 3;

const isCode = (code: string): code is ErrorCode => Object.hasOwn(errorTable, code);

/** What a schema cannot see: expressions that are none, codes that do not exist. @returns what is wrong */
function findFault({ match, respond }: Pick<Script, "match" | "respond">): string | undefined {
  const patterns = [match.lastUserMessage, match.anyMessage, match.prompt, ...Object.values(match.header ?? {})];
  for (const pattern of patterns as (TextPattern | undefined)[]) {
    if (typeof pattern !== "object" || pattern.regex === undefined) continue;
    try {
      toExpression(pattern.regex);
    } catch (error) {
      return `match: ${(error as Error).message}`;
    }
  }
  const unknown = [respond].flat().find(({ error }) => error && !isCode(error.code));
  return (
    unknown && `respond.error.code: expected one of ${Object.keys(errorTable).join(", ")}, got "${unknown.error!.code}"`
  );
}

/** The scripts of one file, JSON or YAML. @throws FixtureError */
export async function readScripts(file: string): Promise<Script[]> {
  const isYaml = /\.ya?ml$/.test(file);
  const { scripts } = isYaml
    ? checkFixture(file, (await import("yaml")).parse(readText(file)), scriptsFile)
    : readFixture(file, scriptsFile);
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

/** What a script makes of a request: an answer's words, or a whole HTTP answer. */
export type Canned =
  | { type: "reply"; reply: Reply; usage: ScriptAnswer["usage"]; headers: Record<string, string> }
  | { type: "body"; status: number; body: unknown; headers: Record<string, string> };

function toCanned(answer: ScriptAnswer, asked: Asked, captures: Captures): Canned {
  const headers = answer.headers ?? {};
  if (answer.error)
    throw new ApiError(
      answer.error.code as ErrorCode,
      answer.error.message ?? usualText(answer.error.code as ErrorCode),
    );
  if (answer.body !== undefined)
    return { type: "body", status: answer.status ?? 200, body: fillAll(answer.body, asked, captures), headers };
  return { type: "reply", reply: toReply(answer, asked, captures), usage: answer.usage, headers };
}

function toAsked(world: World, request: GenerationRequest, caller: Caller): Asked {
  const { endpoint, prompts, toolUse, output, turn, model } = request;
  const target = findTarget(world, model, caller.account);
  return {
    endpoint,
    model: target?.model.name ?? model,
    deployment: target?.deployment?.name,
    account: caller.account,
    last: prompts[0]!.last,
    messages: prompts.flatMap(({ said }) => said),
    tools: toolUse.tools.map(({ name }) => name),
    output: output.type,
    turn,
    header: caller.header,
  };
}

function refuse(world: World, asked: Asked): ApiError {
  const near = world.parts.scripts
    .map(({ script }) => ({ script, reasons: whyNot(script, asked, {}) }))
    .sort(
      (left, right) => left.reasons.length - right.reasons.length || criteriaOf(right.script) - criteriaOf(left.script),
    )
    .slice(0, NEAREST)
    .map(({ script, reasons }) => `${script.id} (${reasons.length > 0 ? reasons.join("; ") : "not its turn"})`);
  return new ApiError(
    "SCRIPT_NOT_FOUND",
    `No script matches this request. ${near.length > 0 ? `Nearest: ${near.join(", ")}` : "There are none"}`,
  );
}

/**
 * The canned answer of the first script that matches; undefined lets the generator answer.
 * @throws ApiError what the script says, or with `--strict` that none matches
 */
export function findCanned(world: World, request: GenerationRequest, caller: Caller): Canned | undefined {
  const { scripts, config, store } = world.parts;
  if (scripts.length === 0 && !config.strict) return undefined;
  const asked = toAsked(world, request, caller);
  for (const entry of scripts) {
    const captures: Captures = {};
    if (whyNot(entry.script, asked, captures).length > 0) continue;
    entry.matched += 1;
    store.putDocument("script", entry.script.id, entry);
    world.saver.soon();
    const { match, respond } = entry.script;
    if (match.nth !== undefined && match.nth !== entry.matched) continue;
    const list = [respond].flat();
    return toCanned(list[match.nth === undefined ? Math.min(entry.matched, list.length) - 1 : 0]!, asked, captures);
  }
  if (config.strict) throw refuse(world, asked);
  return undefined;
}

/** Counts as the script says, where it says. */
export function withUsage(content: AnswerContent, usage: ScriptAnswer["usage"]): AnswerContent {
  return {
    ...content,
    promptTokens: usage?.promptTokens ?? content.promptTokens,
    completionTokens: usage?.completionTokens ?? content.completionTokens,
  };
}
