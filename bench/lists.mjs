// Prints what a page of a long list costs: a filter that looks at every one, in one run on one machine. Asserts nothing.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const COUNT = 100_000;
const ROUNDS = 20;
const folder = mkdtempSync(join(tmpdir(), "fireworks-emulator-lists-"));
const models = Array.from({ length: COUNT }, (_, n) => ({
  id: `model-${String((n * 7919) % COUNT).padStart(6, "0")}`,
  displayName: `Model ${n}`,
  maker: "acme",
  modelType: n % 3 === 0 ? "llama" : "qwen3",
  parametersB: 1,
  contextLength: 1024 * (1 + (n % 64)),
  createTime: "2026-01-01T00:00:00Z",
}));
mkdirSync(join(folder, "catalog"));
writeFileSync(join(folder, "catalog", "models.json"), JSON.stringify({ models }));

const child = spawn(process.execPath, [MAIN, "start", "--json", "--port", "0", "--memory", "--fixtures", folder], {
  stdio: ["ignore", "pipe", "inherit"],
});
const url = await new Promise((resolve) =>
  child.stdout.once("data", (chunk) => resolve(JSON.parse(String(chunk).split("\n")[0]).url)),
);
const list = async (query) => {
  const started = performance.now();
  const response = await fetch(`${url}/v1/accounts/fireworks/models?${query}`, {
    headers: { authorization: "Bearer fw_local" },
  });
  const { totalSize, nextPageToken } = await response.json();
  return { elapsed: performance.now() - started, totalSize, nextPageToken };
};
const filter = `filter=${encodeURIComponent('context_length>32000 AND base_model_details.model_type="llama"')}`;
await list("pageSize=1&filter=create_time%3E%222027-01-01T00:00:00Z%22");
const { nextPageToken, elapsed: first } = await list(filter);
console.log(`${`${COUNT} models, a filter, the very first time`.padEnd(58)} ${first.toFixed(1)} ms`);
for (const [what, query] of [
  ["a filter, the first page", filter],
  ["a filter, a later page", `${filter}&pageToken=${nextPageToken}`],
  ["a filter, ordered by another field", `${filter}&orderBy=context_length%20desc`],
]) {
  const rounds = [];
  let total = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const { elapsed, totalSize } = await list(query);
    rounds.push(elapsed);
    total = totalSize;
  }
  const median = rounds.sort((a, b) => a - b)[ROUNDS / 2];
  console.log(`${`${COUNT} models, ${what}`.padEnd(58)} ${median.toFixed(1)} ms  (${total} found)`);
}
child.kill("SIGTERM");
rmSync(folder, { recursive: true, force: true });
