// Many paced streams at once: how far the gaps between tokens are from the plan, beside bare node:http. Asserts nothing.
import { spawn } from "node:child_process";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const STREAMS = Number(process.env.BENCH_STREAMS ?? 2000);
/** The shared service makes 120 tokens a second of world time; this many host seconds are one of the world's. */
const SLOWER = Number(process.env.BENCH_SLOWER ?? 8);
const GAP_MS = (1000 / 120) * SLOWER;
const TOKENS = 100;
const OFF_MS = 20;

const servers = {
  emulator: [
    [here("../dist/cli/main.js"), "start", "--json", "--port", "0", "--memory"],
    ["--profile", "realistic", "--rate", String(1 / SLOWER), "--rate-limits", "off"],
  ].flat(),
  bare: [here("bare-streams.mjs"), String(GAP_MS), String(TOKENS)],
};

const MARK = Buffer.from('"content":');
/** One for all sockets: what was read is looked at before anything else is. */
const READ = Buffer.alloc(64 * 1024);

/** Reads one stream; resolves with when each token came. */
function read(port, n) {
  const body = JSON.stringify({
    model: "accounts/fireworks/models/llama-v3p1-8b-instruct",
    messages: [{ role: "user", content: `Tell me about rivers, ${n}` }],
    max_tokens: TOKENS,
    ignore_eos: true,
    stream: true,
  });
  return new Promise((resolve, reject) => {
    const times = new Float64Array(TOKENS);
    let count = 0;
    const onread = {
      buffer: READ,
      callback(length, bytes) {
        const now = performance.now();
        for (let at = bytes.indexOf(MARK); at >= 0 && at < length; at = bytes.indexOf(MARK, at + 1)) {
          times[count] = now;
          count += 1;
        }
        return true;
      },
    };
    const socket = connect({ port, host: "127.0.0.1", onread }, () =>
      socket.write(
        `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer k\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      ),
    );
    socket.on("error", reject);
    socket.on("close", () => resolve(times.subarray(0, count)));
  });
}

async function measure(args) {
  const server = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const { url } = await new Promise((resolve) => {
    server.stdout.once("data", (chunk) => resolve(JSON.parse(String(chunk).split("\n")[0])));
  });
  // opened one a millisecond: a rush of requests is another question than many streams
  const all = await Promise.all(
    Array.from({ length: STREAMS }, async (_, n) => {
      await new Promise((resolve) => setTimeout(resolve, n));
      return read(Number(new URL(url).port), n);
    }),
  );
  server.kill("SIGTERM");
  const off = [];
  for (const times of all)
    for (let at = 1; at < times.length; at += 1) off.push(Math.abs(times[at] - times[at - 1] - GAP_MS));
  if (off.length !== STREAMS * (TOKENS - 1)) throw new Error(`${off.length} gaps were seen`);
  return off.sort((a, b) => a - b);
}

const shareOf = (off) => (off.filter((value) => value <= OFF_MS).length / off.length) * 100;
const emulator = await measure(servers.emulator);
const bare = await measure(servers.bare);
const at = (share) => emulator[Math.floor(emulator.length * share)].toFixed(1);
console.log(
  `${STREAMS} paced streams, a token every ${GAP_MS.toFixed(0)} ms`.padEnd(58),
  `${shareOf(emulator).toFixed(1)} % of gaps within ${OFF_MS} ms of plan (bare node:http ${shareOf(bare).toFixed(1)} %; median ${at(0.5)} ms, 99 % ${at(0.99)} ms off)`,
);
