import { Command } from "commander";
import type { AdvanceResult, AdvanceTarget, Status } from "../client/client.ts";
import { createClient } from "../client/client.ts";

interface RemoteOptions {
  url: string;
  json: boolean;
}

const DEFAULT_URL =
  process.env["FIREWORKS_EMULATOR_URL"] ?? process.env["FIREWORKS_BASE_URL"] ?? "http://127.0.0.1:3473";

const remote = (name: string, text: string): Command =>
  new Command(name)
    .description(text)
    .option("--url <url>", "address of the emulator", DEFAULT_URL)
    .option("--json", "print JSON", false);

function print<T>(options: RemoteOptions, value: T, toText: (value: T) => string): void {
  console.log(options.json ? JSON.stringify(value) : toText(value));
}

const statusText = (status: Status): string =>
  [
    `fireworks-emulator ${status.version} at ${status.url}`,
    `  clock        ${status.clock.now} (${status.clock.mode}${status.clock.mode === "real" ? ` x${status.clock.rate}` : ""})`,
    `  next event   ${status.clock.nextEventTime ?? "none"}`,
    `  deployments  ${status.counts.deployments} (${status.counts.replicas} replicas, ${status.counts.waitingDeployments} waiting for GPUs)`,
    `  requests     ${status.counts.requests}`,
    `  database     ${status.database}`,
    `  seed         ${status.seed}`,
  ].join("\n");

function advanceText({ now, events, truncated }: AdvanceResult): string {
  const lines = events.map(
    (event) =>
      `${event.time}  ${event.deployment.replace(/^accounts\//, "") || "fleet"}  ${event.type} ${event.from} -> ${event.to}${event.reason ? `  (${event.reason})` : ""}`,
  );
  return [...lines, ...(truncated ? ["... more: see `events`"] : []), `it is ${now}`].join("\n");
}

const status = (): Command =>
  remote("status", "show what runs, and what time it is").action(async (options: RemoteOptions) => {
    print(options, await createClient(options.url).status(), statusText);
  });

function clock(): Command {
  const advance = remote("advance", "move time: by a span (90s, 1h, 7d), to a moment, or until something happens")
    .argument("[span]", "how far")
    .option("--to <time>", "an RFC 3339 time")
    .option("--until <what>", "settled or nextEvent")
    .action(async (span: string | undefined, options: RemoteOptions & { to?: string; until?: string }) => {
      const target = { by: span, to: options.to, until: options.until } as unknown as AdvanceTarget;
      print(options, await createClient(options.url).clock.advance(target), advanceText);
    });
  const show = remote("show", "show world time").action(async (options: RemoteOptions) => {
    print(options, await createClient(options.url).clock.get(), (state) => `${state.now} (${state.mode})`);
  });
  return new Command("clock").description("show or move world time").addCommand(advance).addCommand(show);
}

const reset = (): Command =>
  remote("reset", "clear everything, or one part: journal, scripts, faults, state, clock")
    .argument("[part]")
    .action(async (part: "journal" | "scripts" | "faults" | "state" | "clock" | undefined, options: RemoteOptions) => {
      print(options, await createClient(options.url).reset(part), (cleared) => `cleared ${cleared.join(", ")}`);
    });

/** Commands that talk to a running emulator over HTTP. */
export const remoteCommands = (): Command[] => [status(), clock(), reset()];
