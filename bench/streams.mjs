// Many paced streams at once: how far the gaps between tokens are from the plan. Asserts nothing.
import { spawn } from "node:child_process";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const STREAMS = Number(process.env.BENCH_STREAMS ?? 2000);
/** The shared service makes 120 tokens a second of world time; this many host seconds are one of the world's. */
const SLOWER = Number(process.env.BENCH_SLOWER ?? 8);
const GAP_MS = (1000 / 120) * SLOWER;
const TOKENS = 100;

const server = spawn(
  process.execPath,
  [
    MAIN,
    "start",
    "--json",
    "--port",
    "0",
    "--memory",
    "--profile",
    "realistic",
    "--rate",
    String(1 / SLOWER),
    "--rate-limits",
    "off",
  ],
  { stdio: ["ignore", "pipe", "inherit"] },
);
const { url } = await new Promise((resolve) => {
  server.stdout.once("data", (chunk) => resolve(JSON.parse(String(chunk).split("\n")[0])));
});
const { port } = new URL(url);

const MARK = Buffer.from('"content":');

/** Reads one stream; resolves with when each token came. */
function read(n) {
  const body = JSON.stringify({
    model: "accounts/fireworks/models/llama-v3p1-8b-instruct",
    messages: [{ role: "user", content: `Tell me about rivers, ${n}` }],
    max_tokens: TOKENS,
    ignore_eos: true,
    stream: true,
  });
  return new Promise((resolve, reject) => {
    const times = [];
    const socket = connect(Number(port), "127.0.0.1", () =>
      socket.write(
        `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer k\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      ),
    );
    socket.on("data", (chunk) => {
      const now = performance.now();
      for (let at = chunk.indexOf(MARK); at >= 0; at = chunk.indexOf(MARK, at + 1)) times.push(now);
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(times));
  });
}

const before = performance.now();
// opened one a millisecond: a rush of requests is another question than many streams
const all = await Promise.all(
  Array.from({ length: STREAMS }, async (_, n) => {
    await new Promise((resolve) => setTimeout(resolve, n));
    return read(n);
  }),
);
const seconds = (performance.now() - before) / 1000;
const off = [];
for (const times of all)
  for (let at = 1; at < times.length; at += 1) off.push(Math.abs(times[at] - times[at - 1] - GAP_MS));
off.sort((a, b) => a - b);
const at = (share) => off[Math.floor(off.length * share)].toFixed(1);
const within = (off.filter((value) => value <= 20).length / off.length) * 100;
const tokens = all.reduce((sum, { length }) => sum + length, 0);
console.log(
  `${STREAMS} paced streams, a token every ${GAP_MS.toFixed(0)} ms`.padEnd(58),
  `${within.toFixed(1)} % of gaps within 20 ms of plan (median ${at(0.5)} ms, 99 % ${at(0.99)} ms off; ${(tokens / seconds).toFixed(0)} tokens/s)`,
);
server.kill("SIGTERM");
