import type { Emulator } from "../index.ts";
import { createEmulator } from "../index.ts";
import type { StartOptions } from "./options.ts";
import { toEmulatorOptions } from "./options.ts";

/** A token that was given is not printed. */
const isTokenMade = ({ controlToken }: Emulator, options: StartOptions): boolean =>
  controlToken !== undefined && !options.controlToken;

function banner(emulator: Emulator, options: StartOptions, now: string): string {
  const { url, env } = emulator;
  const clock = {
    real: `real, x${options.rate}`,
    manual: "manual: it moves by `clock advance` alone",
    skip: "skip: it jumps when a client waits",
  }[options.clock];
  return [
    `fireworks-emulator ready at ${url}`,
    "",
    `  Fireworks SDK   FIREWORKS_BASE_URL=${url} FIREWORKS_API_KEY=${env["FIREWORKS_API_KEY"]} FIREWORKS_ACCOUNT_ID=${env["FIREWORKS_ACCOUNT_ID"]}`,
    `  OpenAI SDK      base URL ${url}/inference/v1`,
    `  control plane   ${url}/v1/accounts/${env["FIREWORKS_ACCOUNT_ID"]}/deployments`,
    `  emulator API    ${url}/__emulator/status`,
    ...(options.publicUrl === undefined ? [] : [`  public URL      ${options.publicUrl}`]),
    ...(isTokenMade(emulator, options)
      ? [
          `  control token   ${emulator.controlToken}`,
          "                  for the emulator API: header x-emulator-token, or FIREWORKS_EMULATOR_CONTROL_TOKEN for the commands",
        ]
      : []),
    `  clock           ${clock}; it is ${now}`,
    `  database        ${options.memory ? "in memory" : options.db}`,
    "",
    "Ctrl-C stops it.",
  ].join("\n");
}

function readyText(emulator: Emulator, options: StartOptions): string {
  const { url, controlToken } = emulator;
  const ready = { event: "ready", url, pid: process.pid };
  return JSON.stringify(isTokenMade(emulator, options) ? { ...ready, controlToken } : ready);
}

/** Undefined where only this machine can connect. */
function openText({ isExposed, controlToken }: Emulator, host: string): string | undefined {
  if (!isExposed) return undefined;
  const risk =
    controlToken === undefined
      ? "without a control token: whoever reaches the port can call everything, reset the world and move its clock; publish the port to 127.0.0.1 only, or set --control-token"
      : "so other machines can call it: any key works unless --auth known; the emulator's own API needs the control token";
  return `fireworks-emulator: warning: listening on ${host || "every address"} ${risk}`;
}

function stoppedText(options: StartOptions, signal: NodeJS.Signals): string {
  if (options.json) return JSON.stringify({ event: "stopped", signal });
  return options.memory ? "stopped" : "stopped; the world is saved";
}

/** A second signal this long after the first ends the process at once. */
const IMPATIENT_SECONDS = 1;

/** Serves until a signal comes; signal handlers are in place before anything is printed. */
export async function start(options: StartOptions): Promise<void> {
  const emulator = await createEmulator(toEmulatorOptions(options));
  let stoppingSince: number | undefined;
  const stop = (signal: NodeJS.Signals): void => {
    if (stoppingSince !== undefined) {
      // shells and runners often send a signal twice at once; a person who means it sends it later
      if (process.uptime() - stoppingSince > IMPATIENT_SECONDS) process.exit(1);
      return;
    }
    stoppingSince = process.uptime();
    emulator.close().then(
      () => console.log(stoppedText(options, signal)),
      (error: Error) => {
        console.error(`fireworks-emulator: ${error.message}`);
        process.exitCode = 1;
      },
    );
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, stop);
  const warning = openText(emulator, options.host);
  if (warning !== undefined) console.error(warning);
  if (options.json) console.log(readyText(emulator, options));
  else console.log(banner(emulator, options, await emulator.clock.now()));
}
