import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import { z } from "zod";
import type { EmulatorOptions } from "../index.ts";
import { acceleratorTypes } from "../schema/hardware.ts";

/** A value that cannot be used; the message says what was expected. */
const fail = (expected: string): never => {
  throw new InvalidArgumentError(`Expected ${expected}.`);
};

const toInteger =
  (low: number, high: number) =>
  (text: string): number =>
    /^-?\d+$/.test(text) && Number(text) >= low && Number(text) <= high
      ? Number(text)
      : fail(`a whole number from ${low} to ${high}`);

const toPositive = (text: string): number =>
  Number(text) > 0 && Number.isFinite(Number(text)) ? Number(text) : fail("a number above 0");

const units: Record<string, number> = { "": 1, b: 1, kb: 1e3, mb: 1e6, gb: 1e9 };

function toBytes(text: string): number {
  const [, amount, unit] = /^(\d+)(b|kb|mb|gb)?$/i.exec(text) ?? fail("a size such as 32mb");
  return Number(amount) * units[(unit ?? "").toLowerCase()]!;
}

const toQuota = (text: string): number =>
  text === "none" ? Infinity : /^\d{1,7}$/.test(text) ? Number(text) : fail("a whole number, or none");

const toAccount = (text: string): string =>
  /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(text) ? text : fail("1-63 letters, digits and dashes");

const toUrl = (text: string): string =>
  URL.canParse(text) && /^https?:/.test(text) ? text : fail("a URL such as http://127.0.0.1:8080/v1");

/** A trailing slash or a path would never be equal to what a browser sends. */
const toOrigin = (text: string): string =>
  text === "*" || (URL.canParse(text) && new URL(text).origin === text)
    ? text
    : fail("an origin such as http://localhost:5173, or *");

const HOST_NAME = /^(\*|(\*\.)?[\w-]+(\.[\w-]+)*|\[?[\da-f:]*:[\da-f:.]*\]?)$/i;

/** Several may stand in one variable, with commas between them. */
const toHosts = (text: string): string[] =>
  text.split(",").map((each) => {
    const name = each.trim();
    const host = name.replace(/^\*\.?/, "") || "localhost";
    const isHost = URL.canParse(`http://${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}`);
    return HOST_NAME.test(name) && isHost
      ? name
      : fail("a host name without a port such as emulator.test, *.test or *");
  });

/** What a header can carry. */
const toToken = (text: string): string =>
  /^[\x21-\x7e]*$/.test(text) ? text : fail("printable characters without spaces, or none");

const toTime = (text: string): string =>
  /^.{10}T\d\d:\d\d:\d\d/.test(text) && z.iso.datetime({ offset: true }).safeParse(text).success
    ? text
    : fail("an RFC 3339 time such as 2026-01-01T00:00:00Z");

/** What `start` was told. */
export interface StartOptions {
  host: string;
  port: number;
  db: string;
  memory: boolean;
  clock: "real" | "manual" | "skip";
  rate: number;
  startTime?: string;
  profile: "instant" | "fast" | "realistic";
  sandboxesMax: number;
  coldStart: "reject" | "wait";
  auth: "any" | "known";
  seed?: number;
  fixtures: string[];
  buckets?: string;
  record?: string;
  upstream?: string;
  account: string;
  journalMax: number;
  maxBody: number;
  defaultAccelerator: string;
  streamUsage: "last-chunk" | "on-request";
  pace: "auto" | "on" | "off";
  rateLimits: "auto" | "on" | "off";
  promptCache: "on" | "off";
  strict: boolean;
  rerankKey: "data" | "results";
  cors?: string;
  publicUrl?: string;
  allowHost: string[];
  controlToken?: string;
  chunkTokens: number;
  stopText: "drop" | "keep";
  gpuQuota?: number;
  advanceMax: number;
  json: boolean;
}

const TIMEOUT_PORT_MAX = 65_535;

type Add = (flags: string, text: string, change: (option: Option) => Option) => void;

/** Flags about how requests are answered. */
function addAnswerOptions(add: Add): void {
  add("--stream-usage <way>", "where streams tell their usage unless asked", (option) =>
    option.choices(["last-chunk", "on-request"]).default("last-chunk"),
  );
  add(
    "--pace <way>",
    "whether answers take their time; auto: in profile realistic, unless the clock is manual",
    (option) => option.choices(["auto", "on", "off"]).default("auto"),
  );
  add("--rate-limits <way>", "whether the shared service limits accounts; auto: in profile realistic", (option) =>
    option.choices(["auto", "on", "off"]).default("auto"),
  );
  add(
    "--record <folder>",
    "ask --upstream what no script matches, and write its answers here as scripts",
    (option) => option,
  );
  add("--upstream <url>", "base URL of an OpenAI-compatible server, up to /v1; asked with --record alone", (option) =>
    option.argParser(toUrl),
  );
  add("--prompt-cache <way>", "whether replicas remember prompts", (option) =>
    option.choices(["on", "off"]).default("on"),
  );
  add("--strict", "refuse requests that no script matches", (option) => option.default(false));
  add("--rerank-key <key>", "what the list of a ranking is called", (option) =>
    option.choices(["data", "results"]).default("data"),
  );
  add("--chunk-tokens <count>", "tokens of one chunk of a stream", (option) =>
    option.default(1).argParser(toInteger(1, 1000)),
  );
  add("--stop-text <way>", "whether a text ends before its stop string or with it", (option) =>
    option.choices(["drop", "keep"]).default("drop"),
  );
}

/** Flags about who may call. */
function addCallerOptions(add: Add): void {
  add("--cors <origin>", "origin whose pages may call, and read the answers, in a browser; * for all", (option) =>
    option.argParser(toOrigin),
  );
  add(
    "--public-url <url>",
    "where clients reach it, if not where it listens: for links, and as a host of its own",
    (option) => option.argParser(toUrl),
  );
  add(
    "--allow-host <name>",
    "host name under which it is served too: a name, *.suffix, or * for all; repeatable",
    (option) => option.default([]).argParser((text: string, before: string[]) => [...before, ...toHosts(text)]),
  );
  add(
    "--control-token <token>",
    "guards the emulator's own API, in the header x-emulator-token; none for no token. Without the flag one is made if --host is not this machine alone",
    (option) => option.argParser(toToken),
  );
}

/** What a switch's variable says that is off. */
const OFF = new Set(["", "0", "false", "no", "off"]);

/** Every flag of `start`; each can also come from FIREWORKS_EMULATOR_<FLAG>. */
export function withStartOptions(command: Command): Command {
  const add: Add = (flags, text, change) => {
    const option = new Option(flags, text);
    const variable = `FIREWORKS_EMULATOR_${option.attributeName().replace(/[A-Z]/g, "_$&").toUpperCase()}`;
    // to commander a switch is on when its variable is there, whatever it says
    const isOff = option.isBoolean() && OFF.has((process.env[variable] ?? "").toLowerCase());
    command.addOption(change(isOff ? option : option.env(variable)));
  };
  add("--host <address>", "address to listen on", (option) => option.default("127.0.0.1"));
  add("--port <number>", "port to listen on, 0 for a free one", (option) =>
    option.default(3473).argParser(toInteger(0, TIMEOUT_PORT_MAX)),
  );
  add("--db <file>", "database file", (option) => option.default(".fireworks-emulator/emulator.db"));
  add("--memory", "keep everything in memory", (option) => option.default(false));
  add("--clock <mode>", "how world time passes", (option) =>
    option.choices(["real", "manual", "skip"]).default("real"),
  );
  add("--rate <factor>", "world seconds per host second in clock mode real", (option) =>
    option.default(1).argParser(toPositive),
  );
  add("--start-time <time>", "world time of a new world, RFC 3339", (option) => option.argParser(toTime));
  add("--profile <name>", "how long cold starts take", (option) =>
    option.choices(["instant", "fast", "realistic"]).default("fast"),
  );
  add("--cold-start <way>", "what a request to a deployment with no ready replica gets", (option) =>
    option.choices(["reject", "wait"]).default("reject"),
  );
  add("--auth <way>", "which keys work", (option) => option.choices(["any", "known"]).default("any"));
  add("--seed <number>", "what texts and ids depend on; 0 for a new world", (option) =>
    option.argParser(toInteger(-(2 ** 53 - 1), 2 ** 53 - 1)),
  );
  add("--fixtures <folder>", "folder with a catalog/ and scripts/ on top of the built-in ones; repeatable", (option) =>
    option.default([]).argParser((text: string, before: string[]) => [...before, text]),
  );
  add("--account <id>", "account that keys belong to", (option) => option.default("local").argParser(toAccount));
  add("--journal-max <rows>", "requests kept in the journal", (option) =>
    option.default(10_000).argParser(toInteger(0, 10_000_000)),
  );
  add("--max-body <size>", "largest request body", (option) =>
    option.default(toBytes("32mb"), "32mb").argParser(toBytes),
  );
  add("--default-accelerator <type>", "used when neither type nor shape is named; none to demand one", (option) =>
    option.choices(["none", ...acceleratorTypes.slice(1)]).default("NVIDIA_A100_80GB"),
  );
  addCallerOptions(add);
  addAnswerOptions(add);
  add(
    "--buckets <folder>",
    "folder whose folders stand for the buckets that models are imported from",
    (option) => option,
  );
  add("--gpu-quota <count>", "GPUs of each type that an account may use, or none for no limit", (option) =>
    option.argParser(toQuota),
  );
  add("--sandboxes-max <count>", "worlds beside the server's own", (option) =>
    option.default(100).argParser(toInteger(0, 100_000)),
  );
  add("--advance-max <events>", "events that one advance may run through", (option) =>
    option.default(10_000_000).argParser(toInteger(1, 1_000_000_000)),
  );
  add("--json", "print JSON lines", (option) => option.default(false));
  return command.hook("preAction", () => {
    const { record, upstream } = command.opts<StartOptions>();
    if ((record === undefined) !== (upstream === undefined))
      command.error("error: --record and --upstream belong together: where to write to, and whom to ask");
  });
}

export function toEmulatorOptions(options: StartOptions): EmulatorOptions {
  const { db, memory, maxBody, json: _, defaultAccelerator, allowHost, ...rest } = options;
  return {
    ...rest,
    database: memory ? ":memory:" : db,
    maxBodyBytes: maxBody,
    allowHosts: allowHost,
    defaultAccelerator:
      defaultAccelerator === "none" ? undefined : (defaultAccelerator as EmulatorOptions["defaultAccelerator"]),
  };
}
