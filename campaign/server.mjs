import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
/** A server that says nothing for so long hangs. */
const HANG_MS = 30_000;

/** The process ended, or hung, before it was ready; the message is what it said. */
export class RefusedError extends Error {}
/** No answer came in time. */
export class HangError extends Error {}

const alive = new Set();
process.on("exit", () => {
  for (const child of alive) child.kill("SIGKILL");
});

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Starts the process and waits for nothing. */
export function spawnServer(...flags) {
  const child = spawn(process.execPath, [MAIN, "start", "--json", "--port", "0", ...flags], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  alive.add(child);
  const said = { out: "", error: "" };
  child.stdout.on("data", (chunk) => (said.out += chunk));
  child.stderr.on("data", (chunk) => (said.error += chunk));
  const ended = new Promise((resolve) => {
    child.on("close", (code, signal) => {
      alive.delete(child);
      resolve({ code, signal });
    });
  });
  return { child, said, ended };
}

function megabytes(pid, field) {
  try {
    return Math.round(
      Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024,
    );
  } catch {
    return Number.NaN; // no /proc here, or the process has gone
  }
}

/** Internal errors that a server printed: one for each kind, with where it was thrown. */
function bugsIn(text) {
  const bugs = text.split("internal error, request").slice(1);
  const kindOf = (bug) =>
    bug
      .replace(/^[^:]*:/, "")
      .split("\n")
      .slice(0, 2)
      .join(" ");
  return [...new Map(bugs.map((bug) => [kindOf(bug), bug.slice(0, 1200)])).values()];
}

/** @returns a function that makes one request; its answer has the body parsed where it is JSON */
function caller(port, agent) {
  const call = (method, path, body, headers = {}) =>
    new Promise((resolve, reject) => {
      const bytes = body === undefined || Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
      const outgoing = request({
        host: "127.0.0.1",
        port,
        method,
        path,
        agent,
        headers: {
          authorization: "Bearer fw_local",
          ...(bytes ? { "content-type": "application/json", "content-length": bytes.length } : {}),
          ...headers,
        },
      });
      outgoing.setTimeout(HANG_MS, () => outgoing.destroy(new HangError(`no answer to ${method} ${path}`)));
      outgoing.once("error", (error) => {
        // a connection that was idle may be closed at the moment it is used: asked again, on another
        if (error.code === "ECONNRESET" && outgoing.reusedSocket) resolve(call(method, path, body, headers));
        else reject(error);
      });
      outgoing.once("response", (answer) => {
        const chunks = [];
        answer.on("data", (chunk) => chunks.push(chunk));
        answer.once("error", reject).once("end", () => {
          const raw = Buffer.concat(chunks);
          // SIGTERM came before this was begun: as good as no answer
          if (answer.statusCode >= 400 && raw.includes("emulator is stopping"))
            return reject(new Error(`the connection was lost: ${raw}`));
          const isJson = String(answer.headers["content-type"]).includes("json");
          try {
            resolve({
              status: answer.statusCode,
              headers: answer.headers,
              raw,
              body: isJson ? JSON.parse(raw) : String(raw),
            });
          } catch {
            resolve({ status: answer.statusCode, headers: answer.headers, raw, body: String(raw) });
          }
        });
      });
      outgoing.end(bytes);
    });
  return call;
}

/**
 * Starts the built server on a free port of 127.0.0.1.
 * @throws RefusedError when it ends or says nothing in time
 */
export async function startServer(...flags) {
  const { child, said, ended } = spawnServer(...flags);
  const port = await new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new RefusedError(`not ready after ${HANG_MS} ms; ${said.error}`));
    }, HANG_MS);
    child.stdout.on("data", () => {
      if (!said.out.includes("\n")) return;
      clearTimeout(late);
      resolve(Number(new URL(JSON.parse(said.out.split("\n")[0]).url).port));
    });
    void ended.then(({ code, signal }) => {
      clearTimeout(late);
      reject(new RefusedError(`ended with ${code ?? signal}: ${said.error.slice(0, 1000)}`));
    });
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const isAlive = () => child.exitCode === null && child.signalCode === null;
  return {
    port,
    pid: child.pid,
    said,
    ended,
    isAlive,
    bugs: () => bugsIn(said.error),
    call: caller(port, agent),
    rss: () => megabytes(child.pid, "VmRSS"),
    rssPeak: () => megabytes(child.pid, "VmHWM"),
    signal: (name) => child.kill(name),
    /** Ends the process and waits until it has gone; one that does not go is killed, and `code` is null. */
    async stop(name = "SIGTERM") {
      agent.destroy();
      if (isAlive()) child.kill(name);
      const late = setTimeout(() => child.kill("SIGKILL"), HANG_MS);
      const end = await ended;
      clearTimeout(late);
      return end;
    },
  };
}
