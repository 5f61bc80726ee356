// Clients that never read what they asked for: how much memory they cost. Fails when it is too much.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const MAIN = process.env.BENCH_MAIN ?? fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const LIMIT_MB = 200;
/** Each attack ends after this long. */
const SECONDS = Number(process.env.BENCH_SECONDS ?? 12);
const SERVERLESS = "accounts/fireworks/models/llama-v3p1-8b-instruct";
const KEY = { authorization: "Bearer fw_local" };
const folder = mkdtempSync(join(tmpdir(), "fireworks-emulator-slow-"));
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const megabytes = (pid, key) =>
  Number(new RegExp(`${key}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;

async function launch(name, flags) {
  const args = [MAIN, "start", "--json", "--port", "0", "--db", join(folder, `${name}.db`), ...flags];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk) => (said += chunk));
  const ready = await new Promise((resolve) => child.stdout.once("data", resolve));
  const { url } = JSON.parse(String(ready).split("\n")[0]);
  await (await fetch(`${url}/health`)).text();
  return { child, url, port: Number(new URL(url).port), said: () => said };
}

/** A connection that says something and never reads what comes back. */
function deaf(port, text) {
  const socket = connect({ port, host: "127.0.0.1" }, () => socket.write(text));
  socket.pause();
  return socket.on("error", () => undefined);
}

const post = (path, body) => {
  const text = JSON.stringify(body);
  return `POST ${path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer k\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
};
const get = (path, accept) =>
  `GET ${path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer k\r\naccept: ${accept}\r\n\r\n`;
const stalled = (text) => text.replace("\r\n\r\n", '\r\nx-emulator-fault: {"stallAfterChunks":1}\r\n\r\n');
const chat = (content, rest) =>
  post("/inference/v1/chat/completions", {
    model: SERVERLESS,
    messages: [{ role: "user", content }],
    ignore_eos: true,
    ...rest,
  });

async function send(url, path, body, method = "POST") {
  const init = { method, headers: KEY, body: JSON.stringify(body) };
  const answer = await fetch(url + path, init);
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${path}: HTTP ${answer.status} ${text.slice(0, 200)}`);
  return JSON.parse(text);
}

/** Connections that read nothing: many at once, and more of them until time is up. */
async function crowd(port, count, textOf) {
  const end = performance.now() + SECONDS * 1000;
  const sockets = [];
  for (let more = count; performance.now() < end; more = Math.ceil(count / 10)) {
    for (let n = 0; n < more; n += 1) sockets.push(deaf(port, textOf(sockets.length)));
    await wait(500);
  }
  return sockets;
}

async function flappingEvents({ url, port }) {
  await send(url, "/__emulator/fleet", { unlimited: true }, "PATCH");
  for (let n = 0; n < 20; n += 1) {
    await send(url, `/v1/accounts/local/deployments?deploymentId=flap${n}`, {
      baseModel: SERVERLESS,
      maxReplicaCount: 8,
      autoscalingPolicy: { scaleUpWindow: "5s", scaleDownWindow: "5s", scaleToZeroWindow: "300s" },
    });
    await send(url, "/__emulator/traffic", {
      deployment: `flap${n}`,
      requestsPerSecond: 200,
      shape: "square",
      period: "2m",
    });
  }
  const followers = Array.from({ length: 100 }, () => deaf(port, get("/__emulator/events", "text/event-stream")));
  await wait(300);
  const end = performance.now() + SECONDS * 1000;
  const isOver = () => performance.now() >= end;
  while (!isOver()) await Promise.race([send(url, "/__emulator/clock:advance", { by: "30m" }), wait(SECONDS * 1000)]);
  if (process.env.BENCH_VERBOSE) console.log(await (await fetch(`${url}/__emulator/status`)).text());
  return followers;
}

const attacks = [
  ["events that nobody follows", ["--clock", "manual", "--gpu-quota", "none"], flappingEvents],
  [
    "streams of 8 MB, at once",
    [],
    ({ port }) => crowd(port, 200, (n) => chat(`rivers ${n}`, { max_tokens: 32_000, stream: true })),
  ],
  ["bodies of 2 MB", [], ({ port }) => crowd(port, 200, (n) => chat(`rivers ${n}`, { n: 4, max_tokens: 100_000 }))],
  [
    "requests in one pipeline, answers of 1 MB",
    [],
    ({ port }) =>
      crowd(port, 8, (n) =>
        Array.from({ length: 200 }, (_, m) => chat(`rivers ${n} ${m}`, { max_tokens: 4_000, stream: true })).join(""),
      ),
  ],
  ["lists", [], ({ port }) => crowd(port, 200, () => get("/inference/v1/models", "*/*").repeat(250))],
  [
    "paced streams of 8 MB, all due",
    ["--clock", "skip", "--pace", "on"],
    ({ port }) => crowd(port, 200, (n) => chat(`rivers ${n}`, { max_tokens: 32_000, stream: true })),
  ],
  [
    "streams of 8 MB that stall on purpose",
    [],
    ({ port }) => crowd(port, 50, (n) => stalled(chat(`rivers ${n}`, { max_tokens: 32_000, stream: true }))),
  ],
  [
    "bodies of 30 MB that never end",
    [],
    ({ port }) => {
      const body = JSON.stringify({ prompt: "a".repeat(30_000_000) });
      const head = `POST /inference/v1/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer k\r\ncontent-length: ${body.length + 1}\r\n\r\n`;
      return crowd(port, 30, () => head + body);
    },
  ],
];

let isTooMuch = false;
const wanted = process.argv[2];
try {
  for (const [what, flags, attack] of attacks) {
    if (wanted && !what.includes(wanted)) continue;
    const server = await launch(what.replaceAll(/\W+/g, "-"), flags);
    const { pid } = server.child;
    const idle = megabytes(pid, "VmRSS");
    let isOver = false;
    server.child.once("exit", () => (isOver = true));
    const sockets = await attack(server);
    const over = isOver ? Number.POSITIVE_INFINITY : megabytes(pid, "VmHWM") - idle;
    for (const socket of sockets) socket.destroy();
    isTooMuch ||= over > LIMIT_MB;
    const lines = server.said().split("\n").filter(Boolean);
    console.log(
      `${what.padEnd(58)} ${over.toFixed(0)} MB over idle at most; ${lines.length} lines of log${over > LIMIT_MB ? "  TOO MUCH" : ""}`,
    );
    for (const line of lines.slice(0, 2)) console.log(`  ${line}`);
    server.child.kill("SIGKILL");
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(isTooMuch ? 1 : 0);
