import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import { parseTimestamp } from "../core/time.ts";
import type { Json } from "./api.ts";
import { asText } from "./api.ts";
import { parseGoDuration } from "./go-duration.ts";

type FlagType = "string" | "int" | "bool" | "duration" | "time" | "list" | "loads" | "json";

/** A flag, and where its value goes: a field of the body, or `?name` of the query. */
export interface Flag {
  flag: string;
  to: string;
  type: FlagType;
  help: string;
  /** The words that it takes, where there are few. */
  choices?: readonly string[];
}

export const flag = (name: string, to: string, type: FlagType, help: string, choices?: readonly string[]): Flag => ({
  flag: name,
  to,
  type,
  help,
  ...(choices ? { choices } : {}),
});

/** A command was called wrongly, in a way that its flags alone do not show. */
export class UsageError extends Error {}

const fail = (message: string): never => {
  throw new InvalidArgumentError(message);
};

function toInt(text: string): number {
  return /^-?\d+$/.test(text)
    ? Number(text)
    : fail(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function toDuration(text: string): string {
  try {
    return `${parseGoDuration(text)}s`;
  } catch (error) {
    return fail((error as Error).message);
  }
}

/** `2026-12-31` or `2026-12-31 23:59:59`, in UTC. */
function toTime(text: string): string {
  const match = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d:\d\d))?Z?$/.exec(text);
  const time = `${match?.[1]}T${match?.[2] ?? "00:00:00"}Z`;
  return parseTimestamp(time) !== undefined
    ? time
    : fail(`expected YYYY-MM-DD or "YYYY-MM-DD HH:MM:SS", got ${JSON.stringify(text)}`);
}

/** `default=0.8,tokens_generated_per_second=100`. */
function toLoads(text: string): Record<string, number> {
  const pairs = text.split(",").map((pair): [string, number] => {
    const [, key, value] =
      /^([^=]+)=(-?\d+(?:\.\d+)?)$/.exec(pair.trim()) ?? fail(`${pair} must be formatted as key=value`);
    return [key!, Number(value)];
  });
  return Object.fromEntries(pairs);
}

function toJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as unknown;
  } catch (error) {
    return fail((error as Error).message);
  }
}

const parsers: Record<FlagType, ((text: string, before: unknown) => unknown) | undefined> = {
  string: undefined,
  bool: undefined,
  int: toInt,
  duration: toDuration,
  time: toTime,
  list: (text, before) => [...((before as string[] | undefined) ?? []), ...text.split(",")],
  loads: (text, before) => ({ ...(before as object | undefined), ...toLoads(text) }),
  json: toJson,
};

const placeholders: Record<FlagType, string> = {
  string: " <string>",
  int: " <int>",
  bool: "",
  duration: " <duration>",
  time: " <time>",
  list: " <strings>",
  loads: " <key=value,...>",
  json: " <file>",
};

/** Every flag as an option; a switch has its opposite, for `--flag=false`. */
export function addFlags(command: Command, flags: readonly Flag[]): Command {
  for (const { flag: name, type, help, choices } of flags) {
    const option = new Option(`--${name}${placeholders[type]}`, help);
    const parser = parsers[type];
    if (parser) option.argParser(parser);
    if (choices) option.choices(choices);
    command.addOption(option);
    if (type === "bool" && !name.startsWith("no-")) command.addOption(new Option(`--no-${name}`).hideHelp());
  }
  return command;
}

/** `--wait=false` and `--wait=true` as Go takes them, in commander's words. */
export const spellSwitches = (argv: readonly string[], switches: ReadonlySet<string>): string[] =>
  argv.map((word) => {
    const [, name, value] = /^--([a-z-]+)=(true|false)$/.exec(word) ?? [];
    return name !== undefined && switches.has(name) ? `--${value === "true" ? "" : "no-"}${name}` : word;
  });

const optionName = (name: string): string => name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

function put(body: Json, path: string, value: unknown): void {
  const [head, ...rest] = path.split(".");
  if (rest.length === 0) body[head!] = value;
  else put((body[head!] ??= {}) as Json, rest.join("."), value);
}

/** What was said with flags, as a body and a query; a file comes first, and flags change it. */
export function toRequest(flags: readonly Flag[], options: Json): { body: Json; query: Record<string, string> } {
  const file = flags.find(({ type }) => type === "json");
  const body: Json = { ...(file && (options[optionName(file.flag)] as Json | undefined)) };
  const query: Record<string, string> = {};
  for (const { flag: name, to, type } of flags) {
    const value = options[optionName(name)];
    if (value === undefined || type === "json") continue;
    if (to.startsWith("?")) query[to.slice(1)] = asText(value);
    else if (to !== "") put(body, to, value);
  }
  return { body, query };
}
