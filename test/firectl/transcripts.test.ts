import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { startServer } from "../support/server.ts";
import { addonFiles, baseFiles } from "../support/upload.ts";

/**
 * Each `.txt` is a session in a shell: `$ command`, what it printed (`! ` before lines of stderr), `[exit N]` where that
 * is not 0. `UPDATE=1 npx vitest run test/firectl` writes what is printed now, to be read before it is kept.
 */
const folder = dirname(fileURLToPath(import.meta.url));
const shims = fileURLToPath(new URL("../../shims", import.meta.url));

interface Ran {
  stdout: string;
  stderr: string;
  code: number | null;
}

function sh(command: string, cwd: string, env: Record<string, string>): Promise<Ran> {
  const child = spawn("bash", ["-c", command], {
    cwd,
    env: { ...process.env, ...env, PATH: `${shims}:${process.env["PATH"]}` },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve) => child.on("close", (code) => resolve({ stdout, stderr, code })));
}

function show(command: string, { stdout, stderr, code }: Ran): string {
  const lines = [`$ ${command}`];
  if (stdout !== "") lines.push(stdout.replace(/\n$/, ""));
  if (stderr !== "")
    lines.push(
      ...stderr
        .replace(/\n$/, "")
        .split("\n")
        .map((line) => `! ${line}`),
    );
  if (code !== 0) lines.push(`[exit ${code}]`);
  return lines.join("\n");
}

function write(folderOf: string, files: Record<string, Buffer>): void {
  mkdirSync(folderOf, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folderOf, name), bytes);
}

/** A server in skip mode, and a home with a model and an addon in it. */
async function play(commands: readonly string[]): Promise<string> {
  await using server = await startServer("--memory", "--clock", "skip", "--gpu-quota", "none");
  const home = mkdtempSync(join(tmpdir(), "firectl-"));
  write(join(home, "mine"), baseFiles());
  write(join(home, "addon"), addonFiles());
  const env = {
    HOME: home,
    FIREWORKS_BASE_URL: server.url,
    FIREWORKS_API_KEY: "",
    FIREWORKS_ACCOUNT_ID: "",
    NO_COLOR: "1",
  };
  try {
    const shown: string[] = [];
    for (const command of commands) shown.push(show(command, await sh(command, home, env)));
    return `${shown.join("\n\n")}\n`.replaceAll(home, "~").replaceAll(server.url, "http://emulator");
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

describe("transcripts", () => {
  test.each(readdirSync(folder).filter((name) => name.endsWith(".txt")))("%s", { timeout: 120_000 }, async (name) => {
    const path = join(folder, name);
    const text = readFileSync(path, "utf8");
    const commands = text
      .split("\n")
      .filter((line) => line.startsWith("$ "))
      .map((line) => line.slice(2));
    const played = await play(commands);
    if (process.env["UPDATE"]) writeFileSync(path, played);
    else expect(played).toBe(text);
    expect(commands.length).toBeGreaterThan(0);
  });
});

const sessions = (): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".txt"))
    .flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n"))
    .filter((line) => line.startsWith("$ "));

test("every command is in a transcript, under one of its names", async () => {
  const { stdout } = await sh("firectl __commands", folder, {});
  const all = JSON.parse(stdout) as { name: string[]; old: string[][] }[];
  const lines = sessions();
  for (const { name, old } of all) {
    const spellings = [name, ...old].map((words) => `firectl ${words.join(" ")}`);
    expect(
      lines.some((line) => spellings.some((each) => line.includes(each))),
      name.join(" "),
    ).toBe(true);
  }
});

const page = fileURLToPath(new URL("../../../shared/reference/on-demand-deployments.txt", import.meta.url));

test.runIf(existsSync(page))("so is every example of the page, with its flags", () => {
  const lines = sessions();
  const text = readFileSync(page, "utf8");
  const examples = text.split("\n").filter((line) => line.startsWith("firectl "));
  expect(examples.length).toBeGreaterThan(4);
  for (const example of examples) {
    const pattern = example
      .trim()
      .split(/<[A-Z_]+>/)
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
      .join("\\S+(?: \\S+\\))?");
    expect(
      lines.some((line) => new RegExp(pattern).test(line)),
      example,
    ).toBe(true);
  }
  for (const [flag] of text.matchAll(/--[a-z]+(?:-[a-z]+)*(?=[ ,.=]|$)/gm))
    if (!curlFlags.has(flag))
      expect(
        lines.some((line) => line.includes(flag)),
        flag,
      ).toBe(true);
});

/** The page's examples of requests are for curl. */
const curlFlags = new Set(["--header", "--data", "--url"]);
