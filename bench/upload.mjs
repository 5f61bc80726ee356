// Prints what the upload of a large model does to memory, in one run on one machine. Asserts nothing.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const BYTES = Number(process.env.BENCH_UPLOAD ?? 2_000_000_000);
const PIECE = Buffer.alloc(1_000_000);
const folder = mkdtempSync(join(tmpdir(), "fireworks-emulator-upload-"));
const child = spawn(process.execPath, [MAIN, "start", "--json", "--port", "0", "--db", join(folder, "world.db")], {
  stdio: ["ignore", "pipe", "inherit"],
});
const url = await new Promise((resolve) =>
  child.stdout.once("data", (chunk) => resolve(JSON.parse(String(chunk).split("\n")[0]).url)),
);
const headers = { authorization: "Bearer fw_local" };
const post = async (path, body) =>
  (
    await fetch(`${url}/v1/accounts/local/models${path}`, { method: "POST", headers, body: JSON.stringify(body) })
  ).json();
const megabytes = () =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1] ?? 0) / 1024;

await post("", {
  modelId: "large",
  model: { kind: "HF_BASE_MODEL", baseModelDetails: { checkpointFormat: "HUGGINGFACE" } },
});
const { filenameToSignedUrls } = await post("/large:getUploadEndpoint", { filenameToSize: { "model.bin": BYTES } });

const before = megabytes();
let most = before;
const watch = setInterval(() => (most = Math.max(most, megabytes())), 20);
const started = performance.now();
const status = await new Promise((resolve, reject) => {
  const outgoing = request(
    filenameToSignedUrls["model.bin"],
    { method: "PUT", headers: { "content-length": BYTES, "x-goog-content-length-range": `${BYTES},${BYTES}` } },
    (answer) => answer.resume().once("end", () => resolve(answer.statusCode)),
  );
  outgoing.once("error", reject);
  let left = BYTES;
  const write = () => {
    while (left > 0) {
      const piece = left < PIECE.length ? PIECE.subarray(0, left) : PIECE;
      left -= piece.length;
      if (outgoing.write(piece)) continue;
      outgoing.once("drain", write);
      return;
    }
    outgoing.end();
  };
  write();
});
clearInterval(watch);
const seconds = (performance.now() - started) / 1000;
console.log(
  `${`upload of ${BYTES / 1e9} GB: HTTP ${status}, ${(BYTES / 1e6 / seconds).toFixed(0)} MB/s`.padEnd(58)} RSS ${before.toFixed(0)} MB before, ${most.toFixed(0)} MB at most`,
);
child.kill("SIGTERM");
await new Promise((resolve) => child.once("close", resolve));
rmSync(folder, { recursive: true, force: true });
