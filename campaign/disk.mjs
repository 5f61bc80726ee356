import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, statSync, truncateSync, writeSync } from "node:fs";
import { join } from "node:path";
import { RefusedError, sleep } from "./server.mjs";

const SIZE = "12m";
const USERS = "/v1/accounts/local/users";
const FULL = /database|disk|space|full/i;

/** A file that takes what is left of the disk, but for some pages. */
function fill(disk, pages = 0) {
  const filler = join(disk, "filler");
  const fd = openSync(filler, "w");
  try {
    for (let block = Buffer.alloc(65_536, 1); block.length >= 512;) {
      try {
        writeSync(fd, block);
      } catch {
        block = block.subarray(0, Math.floor(block.length / 2));
      }
    }
  } finally {
    closeSync(fd);
  }
  truncateSync(filler, Math.max(0, statSync(filler).size - 4096 * pages));
}

const free = (disk) => rmSync(join(disk, "filler"), { force: true });

const makeUser = (id) => ["POST", `${USERS}?userId=${id}`, { role: "user", displayName: "x".repeat(2000) }];

/** Writes until the disk refuses. @returns those that were answered, and the refusal */
async function writeUntilRefused(call, prefix) {
  const answered = [];
  for (let n = 0; n < 20_000; n += 1) {
    const { status, raw } = await call(...makeUser(`${prefix}-${n}`));
    if (status !== 200) return { answered, status, text: String(raw) };
    answered.push(`${prefix}-${n}`);
  }
  return { answered, status: 200, text: "never refused" };
}

async function demandAll(call, answered, fail) {
  for (const id of answered) {
    const { status } = await call("GET", `${USERS}/${id}`);
    if (status !== 200) fail("lost", `user ${id}`, status);
  }
}

/** Full while it runs; freed; full again, and killed. */
async function running({ startServer, random, report, fail }, disk) {
  const flags = ["--db", join(disk, "world.db"), "--clock", "manual"];
  let server = await startServer(...flags);
  await server.call("POST", "/sandboxes", { name: "before", clock: "manual" });
  fill(disk, random.below(60));
  const first = await writeUntilRefused(server.call, "a");
  report.tried(first.answered.length + 1);
  if (first.status !== 503 || !FULL.test(first.text))
    fail("wrong", "503 with a reason", `${first.status} ${first.text}`);
  const health = await server.call("GET", "/health");
  if (health.status !== 200) fail("wrong", "200 from /health on a full disk", health.status);
  const sandbox = await server.call("POST", "/sandboxes", { name: "born-full", clock: "manual" });
  if (sandbox.status !== 503) fail("wrong", "503 for a sandbox on a full disk", `${sandbox.status} ${sandbox.raw}`);
  free(disk);
  await sleep(200);
  const again = {
    "a user": makeUser("after"),
    "a sandbox": ["POST", "/sandboxes", { name: "born-full", clock: "manual" }],
  };
  for (const [what, request] of Object.entries(again)) {
    const { status, raw } = await server.call(...request);
    if (status !== 200) fail("wrong", `${what} on a disk that has room again`, `${status} ${raw}`);
  }
  fill(disk, random.below(60));
  const second = await writeUntilRefused(server.call, "b");
  report.tried(second.answered.length + 1);
  await sleep(random.between(0, 120));
  await server.stop(random.chance(0.7) ? "SIGKILL" : "SIGTERM");
  free(disk);
  server = await startServer(...flags);
  await demandAll(server.call, [...first.answered, "after", ...second.answered], fail);
  const { status } = await server.call(...makeUser("last"));
  if (status !== 200) fail("wrong", "a write after the restart", status);
  const { code } = await server.stop();
  if (code !== 0) fail("wrong", "an end with code 0", `${code}: ${server.said.error}`);
}

/** A database that cannot be made says so, and is made once there is room. */
async function birth({ startServer, random, report, fail }, disk) {
  const pages = random.chance(0.3) ? 0 : 1 + random.below(40);
  fill(disk, pages);
  const path = join(disk, "world.db");
  report.tried();
  try {
    const server = await startServer("--db", path);
    await server.stop();
    if (pages === 0) fail("wrong", "no start on a full disk", "it started");
  } catch (error) {
    if (!(error instanceof RefusedError) || !FULL.test(error.message) || /\n\s+at /.test(error.message))
      fail("wrong", "an end that says that the disk is full", error.message);
  }
  free(disk);
  const server = await startServer("--db", path);
  const { status, raw } = await server.call(...makeUser("first"));
  if (status !== 200) fail("wrong", "a write to a database that was born late", `${status} ${raw}`);
  await server.stop();
}

/** A disk that is full: refused with a reason, and all is well once there is room. */
export async function attack({ startServer, random, budgetMs, report, folder }) {
  const until = performance.now() + budgetMs;
  const disk = join(folder, "disk");
  mkdirSync(disk);
  const mount = () => spawnSync("mount", ["-t", "tmpfs", "-o", `size=${SIZE}`, "tmpfs", disk]).status === 0;
  if (!mount()) {
    report.notTried = "needs root";
    return;
  }
  const unmount = () => spawnSync("umount", ["-l", disk]);
  process.on("exit", unmount);
  for (let number = 0; performance.now() < until; number += 1) {
    const fail = (how, expected, got) =>
      report.fail(how, { expected, got, folder: `${disk} (round ${number}; it was in memory)` });
    try {
      await (random.chance(0.5) ? running : birth)({ startServer, random, report, fail }, disk);
    } catch (error) {
      fail(error instanceof RefusedError ? "refused" : "wrong", "a server that starts and answers", error.stack);
    }
    unmount();
    if (!mount()) throw new Error("the disk cannot be mounted again");
  }
  unmount();
}
