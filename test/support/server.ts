import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { EmulatorClient } from "../../src/client/client.ts";
import { createClient } from "../../src/client/client.ts";

const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a command of the built CLI to its end. */
export function cli(...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, FIREWORKS_BASE_URL: "" },
  });
  return ended(child);
}

/** Runs a command of the built CLI until it has printed something, and stops it. @returns what it has printed */
export function cliUntil(sign: RegExp, ...args: string[]): Promise<string> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
    if (sign.test(stdout)) child.kill("SIGTERM");
  });
  return new Promise((resolve) => child.on("close", () => resolve(stdout)));
}

function ended(child: ChildProcess): Promise<Ended> {
  let [stdout, stderr] = ["", ""];
  child.stdout!.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr!.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr })));
}

/** A server in a process of its own. */
export interface Server extends EmulatorClient, AsyncDisposable {
  url: string;
  /** The line that said so. */
  ready: Record<string, unknown>;
  stop(signal?: NodeJS.Signals): Promise<Ended>;
}

/** Starts the built server on a free port; resolves when it says that it is ready. */
export function startServer(...flags: string[]): Promise<Server> {
  const child = spawn(process.execPath, [MAIN, "start", "--json", "--port", "0", ...flags], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const end = ended(child);
  const stop = (signal: NodeJS.Signals = "SIGTERM"): Promise<Ended> => {
    child.kill(signal);
    return end;
  };
  return new Promise((resolve, reject) => {
    child.stdout.once("data", (chunk: Buffer) => {
      const ready = JSON.parse(chunk.toString().split("\n")[0]!) as { url: string };
      const { url } = ready;
      resolve({
        url,
        ready,
        ...createClient(url),
        stop,
        [Symbol.asyncDispose]: async () => void (await stop("SIGKILL")),
      });
    });
    void end.then(({ stderr }) => reject(new Error(stderr)));
  });
}
