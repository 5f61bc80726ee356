import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { RefusedError, sleep } from "./server.mjs";
import { broken, framed, routesOf } from "./requests.mjs";

const CONNECTIONS = 32;
/** Requests on one connection at a time. */
const PIPELINE_MAX = 24;
/** Requests to one server, before it is stopped and its database opened again. */
const PER_SERVER = 20_000;
/** A connection that has everything it asked for, or never will. */
const QUIET_MS = 100;
const STUCK_MS = 20_000;
/** The server must answer this question so soon, whatever else goes on. */
const HEALTH_MS = 10_000;
const RSS_MAX_MB = 1_500;

/** Sends bytes, in one go or in pieces, perhaps closing its half, and reads until all is answered or it is closed. */
function talk(port, parts, { isWhole, isHalfClosed, isCut }) {
  return new Promise((resolve) => {
    const statuses = [];
    let said = "";
    let [tail, timer, isStuck] = ["", undefined, false];
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    const finish = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ statuses, isStuck, said });
    };
    const wait = () => {
      clearTimeout(timer);
      const isOpen = isWhole && statuses.length < parts.length;
      timer = setTimeout(
        () => {
          isStuck = isOpen;
          finish();
        },
        isOpen ? STUCK_MS : QUIET_MS,
      );
    };
    socket.on("data", (chunk) => {
      tail += chunk.toString("latin1");
      for (const [, status] of tail.matchAll(/HTTP\/1\.1 (\d{3}) /g))
        if (status !== "100") statuses.push(Number(status));
      const from = tail.indexOf("HTTP/1.1 500");
      if (from >= 0) said = tail.slice(from, from + 500);
      // half a status line may be at the end
      tail = tail.slice(-12).replace(/.*HTTP\/1\.1 \d{3} /s, "");
      if (isWhole && statuses.length >= parts.length) finish();
      else wait();
    });
    socket.on("error", finish).on("close", finish).on("end", finish);
    socket.on("connect", () => {
      const bytes = Buffer.concat(parts);
      if (isCut) {
        socket.write(bytes.subarray(0, Math.floor(bytes.length * isCut)), () => setTimeout(finish, 5));
        return;
      }
      if (isHalfClosed) socket.end(bytes);
      else socket.write(bytes);
      wait();
    });
  });
}

/** Asks again and again whether the server is alive. */
function watchHealth(server, fail) {
  const watch = { isOver: false, slowest: 0 };
  watch.ended = (async () => {
    while (!watch.isOver && server.isAlive()) {
      const started = performance.now();
      try {
        const { status } = await server.call("GET", "/health");
        if (status !== 200) fail("200 from /health", status);
      } catch (error) {
        if (server.isAlive()) fail("an answer from /health", error.message);
      }
      watch.slowest = Math.max(watch.slowest, performance.now() - started);
      await sleep(100);
    }
  })();
  return watch;
}

/** Requests that came one after another until something went wrong. */
function conversation(random, routes) {
  const kind = random.next();
  if (kind < 0.06) return [[broken(random)], { isWhole: false, isHalfClosed: random.chance(0.3) }];
  const parts = Array.from({ length: 1 + random.below(PIPELINE_MAX) }, () => framed(random, routes));
  if (kind < 0.12) return [[...parts.slice(0, 3), broken(random)], { isWhole: false }];
  if (kind < 0.16) return [parts, { isWhole: false, isCut: random.between(0.01, 0.999) }];
  if (kind < 0.2) return [parts, { isWhole: false, isHalfClosed: true }];
  return [parts, { isWhole: true }];
}

/** One server under fire. @returns how often each status came */
async function volley({ random, report, folder, until, startServer }, number, counts) {
  const path = join(folder, `${number}.db`);
  const server = await startServer(
    "--db",
    path,
    "--clock",
    "manual",
    "--advance-max",
    "5000",
    "--max-body",
    "2mb",
    "--journal-max",
    "2000",
  );
  const fail = (expected, got) => report.fail("wrong", { expected, got, folder });
  const { body } = await server.call("GET", "/__emulator/openapi.json");
  const routes = routesOf(body).filter(({ path: route }) => route !== "/__emulator/events");
  const health = watchHealth(server, fail);
  let sent = 0;
  const worker = async () => {
    while (sent < PER_SERVER && performance.now() < until && server.isAlive()) {
      const [parts, how] = conversation(random, routes);
      sent += parts.length;
      const { statuses, isStuck, said } = await talk(server.port, parts, how);
      // what came behind a request that closed the connection was never read
      report.tried(Math.max(statuses.length, 1));
      statuses.forEach((status, index) => {
        counts.set(status, (counts.get(status) ?? 0) + 1);
        if (status !== 500) return;
        const file = join(folder, `500-${number}-${sent}.bin`);
        writeFileSync(file, parts[index] ?? Buffer.concat(parts));
        const asked = parts[index]?.toString("latin1").slice(0, 700);
        fail("no 500", `${said} to ${asked} (all of it in ${file})`);
      });
      if (isStuck)
        fail("an answer to every request, or a close", parts[statuses.length]?.toString("latin1").slice(0, 500));
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  health.isOver = true;
  await health.ended;
  if (health.slowest > HEALTH_MS) fail(`/health within ${HEALTH_MS} ms`, `${Math.round(health.slowest)} ms`);
  if (!server.isAlive()) fail("a server that lives", server.said.error.slice(-1500));
  const rss = server.rssPeak();
  if (rss > RSS_MAX_MB) fail(`at most ${RSS_MAX_MB} MB`, `${rss} MB`);
  const { code } = await server.stop();
  if (code !== 0) fail("an end with code 0", `${code}: ${server.said.error.slice(-500)}`);
  for (const text of server.bugs()) fail("no internal error", text);
  const again = await startServer("--db", path, "--clock", "manual");
  await again.stop();
  return { rss, slowest: health.slowest };
}

/** Broken, mutated and pipelined requests: answered or closed, never a crash, a 500 or silence. */
export async function attack({ startServer, random, budgetMs, report, folder }) {
  const until = performance.now() + budgetMs;
  const counts = new Map();
  let [rss, slowest] = [0, 0];
  for (let number = 0; performance.now() < until; number += 1) {
    try {
      const seen = await volley({ random, report, folder, until, startServer }, number, counts);
      rss = Math.max(rss, seen.rss);
      slowest = Math.max(slowest, seen.slowest);
    } catch (error) {
      report.fail(error instanceof RefusedError ? "refused" : "wrong", {
        expected: "a server that starts and answers",
        got: error.stack,
        folder,
      });
    }
  }
  const statuses = [...counts].sort(([a], [b]) => a - b).map(([status, count]) => `${status} ${count}x`);
  report.note(statuses.join(", "));
  report.note(`RSS at most ${rss} MB, /health at most ${Math.round(slowest)} ms`);
}
