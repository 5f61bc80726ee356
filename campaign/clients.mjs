import { connect } from "node:net";
import { join } from "node:path";
import { sleep } from "./server.mjs";

const BASE = "accounts/fireworks/models/llama-v3p2-3b-instruct";
const READY = "accounts/local/deployments/ready";
const COLD = "accounts/local/deployments/cold";
/** The emulator holds so many requests for a cold start, and refuses more. */
const HELD_MAX = 1_000;
/** The server must answer others so soon meanwhile. */
const HEALTH_MS = 5_000;
/** How much more than when it was idle it may keep, once all clients are gone: V8 gives memory back late. */
const RSS_MORE_MB = 350;
/** And at most, while they are there. */
const RSS_PEAK_MB = 1_000;
/** All that a client left must be gone by then. */
const SETTLE_MS = 20_000;

const head = (method, path, lines = []) =>
  [`${method} ${path} HTTP/1.1`, "host: 127.0.0.1", "authorization: Bearer fw_local", ...lines, "", ""].join("\r\n");

function post(path, body) {
  const text = JSON.stringify(body);
  return head("POST", path, ["content-type: application/json", `content-length: ${Buffer.byteLength(text)}`]) + text;
}

const stream = (random) =>
  post("/v1/completions", { model: READY, prompt: random.word(20), max_tokens: 2000, ignore_eos: true, stream: true });
// it is held until its time comes, and that is memory well spent: hundreds of them must fit
const unpaced = (random) =>
  post("/v1/completions", { model: READY, prompt: random.word(20), max_tokens: 20_000, n: 4, ignore_eos: true });

function open(port, text = "") {
  const socket = connect(port, "127.0.0.1", () => text && socket.write(text));
  socket.on("error", () => undefined);
  return socket;
}

/** A client that reads a little, and then again a little later. */
function readSlowly(socket) {
  const timer = setInterval(() => socket.read(1000), 50);
  socket.on("readable", () => undefined).on("close", () => clearInterval(timer));
  return socket;
}

/** A client that writes a byte at a time. */
function writeSlowly(socket, text) {
  let at = 0;
  const timer = setInterval(() => {
    if (at < text.length && !socket.destroyed) socket.write(text[at++]);
    else clearInterval(timer);
  }, 5);
  socket.on("close", () => clearInterval(timer)).resume();
  return socket;
}

const pause = (socket) => socket.pause();

/** Each makes one client that is in nobody's interest. */
const manners = {
  "sends nothing": ({ port }) => open(port),
  "sends a byte at a time": ({ port, random }) => writeSlowly(open(port), stream(random)),
  "stops inside the head": ({ port }) => open(port, "POST /v1/completions HTTP/1.1\r\nhost:"),
  "stops inside the body": ({ port, random }) => open(port, stream(random).slice(0, -20)),
  "hangs up inside the body": ({ port, random }) => {
    const socket = open(port, stream(random).slice(0, -10 - random.below(30)));
    setTimeout(() => socket.destroy(), random.below(100));
    return socket;
  },
  "never reads a stream": ({ port, random }) => pause(open(port, stream(random))),
  "never reads a long answer": ({ port, random }) => pause(open(port, unpaced(random))),
  "never reads what it pipelines": ({ port }) => pause(open(port, head("GET", "/__emulator/openapi.json").repeat(200))),
  "reads a stream slowly": ({ port, random }) => readSlowly(open(port, stream(random))),
  "hangs up inside a stream": ({ port, random }) => {
    const socket = open(port, stream(random)).resume();
    setTimeout(() => socket.destroy(), random.below(1500));
    return socket;
  },
  "never reads the events": ({ port }) =>
    pause(open(port, head("GET", "/__emulator/events", ["accept: text/event-stream"]))),
  "hangs up inside the events": ({ port, random }) => {
    const socket = open(port, head("GET", "/__emulator/events", ["accept: text/event-stream"])).resume();
    setTimeout(() => socket.destroy(), random.below(500));
    return socket;
  },
  "hangs up inside an upload": ({ port, random, uploadPath }) => {
    const lines = ["content-length: 1000000", "x-goog-content-length-range: 1000000,1000000"];
    const socket = open(port, head("PUT", uploadPath, lines) + "x".repeat(50_000 + random.below(200_000)));
    setTimeout(() => socket.destroy(), random.below(200));
    return socket;
  },
};

const ofReady = (text, name) =>
  text
    .split("\n")
    .filter((line) => line.startsWith(name) && line.includes("ready"))
    .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);

/** Requests that replicas work on, as the account's metrics have it. */
async function busy({ call }) {
  // reads of metrics are limited by world time
  await call("POST", "/__emulator/clock:advance", { by: "60s" });
  const { status, raw } = await call("GET", "/v1/accounts/local/metrics");
  if (status !== 200) throw new Error(`metrics: ${status} ${raw}`);
  return ofReady(String(raw), "requests_coordinator_concurrent_count");
}

/** As many requests as may be held: none may be refused. All of them hang up. */
async function hold(server, fail) {
  const body = post("/v1/completions", { model: COLD, prompt: "hi", max_tokens: 2 });
  const sockets = Array.from({ length: HELD_MAX }, () => open(server.port, body));
  const answers = [];
  for (const socket of sockets) socket.on("data", (chunk) => answers.push(String(chunk).slice(0, 200)));
  await sleep(2_000);
  const refused = answers.filter((text) => / (4|5)\d\d /.test(text.split("\r\n")[0]));
  if (refused.length > 0) fail(`${HELD_MAX} requests to be held`, `${refused.length} were refused: ${refused[0]}`);
  for (const socket of sockets) socket.destroy();
  await sleep(500);
}

async function prepare(server, random) {
  const demand = async (...request) => {
    const { status, body, raw } = await server.call(...request);
    if (status !== 200) throw new Error(`${request.slice(0, 2).join(" ")}: ${status} ${raw}`);
    return body;
  };
  const deployments = "/v1/accounts/local/deployments?deploymentId=";
  await demand("POST", `${deployments}ready`, { baseModel: BASE, minReplicaCount: 4, maxReplicaCount: 4 });
  await demand("POST", "/__emulator/clock:advance", { by: "10m" });
  // an hour without a request, and then one: the replica comes when time is moved, and here it is not
  await demand("POST", "/__emulator/stockouts", {});
  await demand("POST", `${deployments}cold`, { baseModel: BASE, minReplicaCount: 0, maxReplicaCount: 1 });
  const model = { kind: "HF_BASE_MODEL", baseModelDetails: { worldSize: 1 } };
  await demand("POST", "/v1/accounts/local/models", { modelId: `up-${random.word()}`, model });
  const { models } = await demand("GET", "/v1/accounts/local/models");
  const { filenameToSignedUrls } = await demand("POST", `/v1/${models[0].name}:getUploadEndpoint`, {
    filenameToSize: { "model.bin": 1_000_000 },
  });
  const { pathname, search } = new URL(filenameToSignedUrls["model.bin"]);
  return pathname + search;
}

/** One crowd of clients, and the look after they have gone. */
async function crowd({ random, report, folder, server, uploadPath, idle }, size) {
  const fail = (expected, got) => report.fail("wrong", { expected, got, folder });
  const sockets = [];
  for (let n = 0; n < size; n += 1) {
    const [name, make] = random.pick(Object.entries(manners));
    sockets.push({ name, socket: make({ port: server.port, random, uploadPath }) });
  }
  report.tried(size);
  let [slowest, peak] = [0, 0];
  for (let n = 0; n < 20; n += 1) {
    const started = performance.now();
    const { status } = await server.call("GET", "/health");
    slowest = Math.max(slowest, performance.now() - started);
    if (status !== 200) fail("200 from /health", status);
    // something for those who listen to events and do not read them
    for (let count = 1; count <= 4; count += 1)
      await server.call("PATCH", `/v1/${COLD}:scale`, { replicaCount: count % 2 });
    peak = Math.max(peak, server.rss());
    await sleep(100);
  }
  if (slowest > HEALTH_MS) fail(`/health within ${HEALTH_MS} ms`, `${Math.round(slowest)} ms`);
  if (peak > RSS_PEAK_MB) fail(`at most ${RSS_PEAK_MB} MB`, `${peak} MB`);
  for (const { socket } of sockets) socket.destroy();
  const end = performance.now() + SETTLE_MS;
  let left = await busy(server);
  while (left > 0 && performance.now() < end) {
    await sleep(200);
    left = await busy(server);
  }
  if (left > 0) fail("no replica busy once all clients are gone", `${left} requests in flight`);
  while (server.rss() > idle + RSS_MORE_MB && performance.now() < end) {
    await sleep(500);
    await server.call("GET", "/health"); // something to do, so that garbage is collected
  }
  if (server.rss() > idle + RSS_MORE_MB) fail(`RSS within ${RSS_MORE_MB} MB of ${idle} MB`, `${server.rss()} MB`);
  return { slowest, peak };
}

/** Clients that are slow, say nothing, do not read, or vanish; while there are others that want to be served. */
export async function attack({ startServer, random, budgetMs, report, folder }) {
  const until = performance.now() + budgetMs;
  const path = join(folder, "world.db");
  const server = await startServer(
    "--db",
    path,
    "--clock",
    "manual",
    "--profile",
    "realistic",
    "--pace",
    "on",
    "--cold-start",
    "wait",
    "--gpu-quota",
    "none",
  );
  const fail = (expected, got) => report.fail("wrong", { expected, got, folder });
  const uploadPath = await prepare(server, random);
  const idle = server.rss();
  let [slowest, peak] = [0, 0];
  do {
    await hold(server, fail);
    const seen = await crowd({ random, report, folder, server, uploadPath, idle }, 100 + random.below(300));
    slowest = Math.max(slowest, seen.slowest);
    peak = Math.max(peak, seen.peak);
  } while (performance.now() < until && server.isAlive());
  const { code } = await server.stop();
  if (code !== 0) fail("an end with code 0", `${code}: ${server.said.error.slice(-800)}`);
  for (const text of server.bugs()) fail("no internal error", text);
  report.note(`RSS ${idle} MB idle, ${peak} MB at most; /health at most ${Math.round(slowest)} ms`);
}
