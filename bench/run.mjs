// Prints what speed costs, in one run on one machine: read the ratios, not the numbers. Asserts nothing.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const MAIN = here("../dist/cli/main.js");
const folder = mkdtempSync(join(tmpdir(), "fireworks-emulator-bench-"));
const ROUNDS = 5;
const SECONDS = Number(process.env.BENCH_SECONDS ?? 1);
const CONNECTIONS = 32;
const MODEL = "accounts/fireworks/models/llama-v3p1-8b-instruct";
const TOKENS = 32;
const COMPLETIONS = "/inference/v1/completions";
const CHAT = "/inference/v1/chat/completions";
const asked = {
  [COMPLETIONS]: (text) => ({ prompt: text }),
  [CHAT]: (text) => ({ messages: [{ role: "user", content: text }] }),
};
const body = (path, stream, n) =>
  JSON.stringify({
    model: MODEL,
    ...asked[path](`Tell me about rivers and bridges, ${n}`),
    max_tokens: TOKENS,
    ignore_eos: true,
    stream,
  });
/** A suite's prompts, asked again and again; and prompts that never come twice. */
const PROMPTS = 64;
const repeated = (path, stream) => (n) => body(path, stream, n % PROMPTS);
let unique = 0;
const fresh = (path, stream) => () => body(path, stream, (unique += 1));

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const megabytes = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
const print = (what, value) => console.log(`${what.padEnd(58)} ${value}`);

function launch(args) {
  const started = performance.now();
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  return new Promise((resolve) => {
    child.stdout.once("data", (chunk) =>
      resolve({ child, started, url: JSON.parse(String(chunk).split("\n")[0]).url }),
    );
  });
}

const stop = ({ child }) =>
  new Promise((resolve) => {
    child.once("close", resolve);
    child.kill("SIGTERM");
  });

/** One POST on a kept-alive connection. */
function post(agent, url, text) {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: "Bearer fw_local",
      "content-type": "application/json",
      "content-length": Buffer.byteLength(text),
    };
    const outgoing = request(url, { method: "POST", agent, headers }, (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`HTTP ${answer.statusCode}`));
      answer.resume().once("end", resolve);
    });
    outgoing.once("error", reject).end(text);
  });
}

/** Requests per second over some connections for some seconds. */
async function load(url, textOf) {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const end = performance.now() + SECONDS * 1000;
  let count = 0;
  const worker = async () => {
    while (performance.now() < end) {
      await post(agent, url, textOf((count += 1)));
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  agent.destroy();
  return count / SECONDS;
}

async function firstAnswer(args) {
  const { child, started, url } = await launch(args);
  await (await fetch(`${url}/health`)).text();
  const elapsed = performance.now() - started;
  await stop({ child });
  return elapsed;
}

/** One `firectl` of a script's loop. */
async function firectl() {
  const emulator = await launch([MAIN, "start", "--json", "--port", "0", "--memory", "--clock", "skip"]);
  const env = { ...process.env, FIREWORKS_BASE_URL: emulator.url };
  const call = (...args) => {
    const started = performance.now();
    const child = spawn(process.execPath, [MAIN, "firectl", ...args], { stdio: "ignore", env });
    return new Promise((resolve) => child.once("close", () => resolve(performance.now() - started)));
  };
  await call("deployment", "create", "llama-v3p2-3b-instruct", "--deployment-id", "x", "--wait");
  const rounds = [];
  for (let round = 0; round < 7; round += 1) rounds.push(await call("get", "deployment", "x"));
  await stop(emulator);
  return median(rounds);
}

async function throughput() {
  const emulator = await launch([MAIN, "start", "--json", "--port", "0", "--db", join(folder, "load.db")]);
  const paths = [COMPLETIONS, CHAT];
  const bare = await launch([
    here("bare.mjs"),
    emulator.url,
    JSON.stringify(paths.map((path) => [path, body(path, false, 0), body(path, true, 0)])),
  ]);
  const idle = megabytes(emulator.child.pid);
  const kinds = paths.flatMap((path) =>
    [false, true].flatMap((stream) => [
      [`${path.slice("/inference/v1/".length)}, ${stream ? "SSE" : "JSON"}, 64 prompts`, path, stream, repeated],
      [`${path.slice("/inference/v1/".length)}, ${stream ? "SSE" : "JSON"}, every prompt new`, path, stream, fresh],
    ]),
  );
  for (const [what, path, stream, prompts] of kinds) {
    const rounds = [];
    for (let round = 0; round <= ROUNDS; round += 1) {
      const mine = await load(emulator.url + path, prompts(path, stream));
      const yardstick = await load(bare.url + path, prompts(path, stream));
      // a stream is compared with the same bytes, and with the JSON of the same answer
      const json = stream ? await load(bare.url + path, prompts(path, false)) : yardstick;
      rounds.push({ mine, yardstick, ratio: mine / yardstick, ofJson: mine / json });
    }
    // the first round warms up
    const of = (key) => median(rounds.slice(1).map((each) => each[key]));
    print(
      `${what}, requests/s`,
      `${of("mine").toFixed(0)}  (bare Hono ${of("yardstick").toFixed(0)}, ratio ${of("ratio").toFixed(2)}${stream ? `, of its JSON ${of("ofJson").toFixed(2)}` : ""}; ${(of("mine") * TOKENS).toFixed(0)} tokens/s)`,
    );
  }
  print("RSS, idle / after the load", `${idle.toFixed(0)} MB / ${megabytes(emulator.child.pid).toFixed(0)} MB`);
  await stop(emulator);
  await stop(bare);
}

async function start() {
  const times = [];
  for (let round = 0; round < 5; round += 1)
    times.push(await firstAnswer([MAIN, "start", "--json", "--port", "0", "--db", join(folder, `start${round}.db`)]));
  print("process start to first 200", `${median(times).toFixed(0)} ms`);
  print("firectl get deployment x", `${(await firectl()).toFixed(0)} ms`);
}

try {
  await start();
  await throughput();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
