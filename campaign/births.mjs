import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RefusedError, sleep, spawnServer } from "./server.mjs";

/** Kills come as late as this after the start, if they do not aim. */
const LATEST_MS = 300;
/** Those that aim come so soon after the first byte of the database. */
const AIMED_MS = 12;
const PAGE = 4096;

/** SQLite's header of a rollback journal for a file that was empty before. */
function hotJournal() {
  const header = Buffer.alloc(512);
  Buffer.from("d9d505f920a163d7", "hex").copy(header);
  header.writeUInt32BE(0, 8); // pages in it
  header.writeUInt32BE(7, 12); // nonce
  header.writeUInt32BE(0, 16); // pages of the file before
  header.writeUInt32BE(512, 20); // sector
  header.writeUInt32BE(PAGE, 24);
  return header;
}

/** The first page of a database that SQLite has just turned to its log. */
function firstPage() {
  const page = Buffer.alloc(PAGE);
  page.write("SQLite format 3\0");
  page.writeUInt16BE(PAGE, 16);
  page.set([2, 2, 0, 64, 32, 32], 18);
  page.writeUInt32BE(1, 24);
  page.writeUInt32BE(1, 28);
  page.set([0x0d, 0, 0, 0, 0, 0x10, 0, 0], 100);
  return page;
}

/** What a process that dies while it makes a database can leave. */
const leftovers = {
  "an empty file": { "": Buffer.alloc(0) },
  "a first page and a hot journal": { "": firstPage(), "-journal": hotJournal() },
  "a page of zeros and a hot journal": { "": Buffer.alloc(PAGE), "-journal": hotJournal() },
  "an empty file and a hot journal": { "": Buffer.alloc(0), "-journal": hotJournal() },
  "a first page and an empty journal": { "": firstPage(), "-journal": Buffer.alloc(0) },
  "a first page and an empty log": { "": firstPage(), "-wal": Buffer.alloc(0) },
  "a first page alone": { "": firstPage() },
};

function describe(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files
    .map((entry) => `${entry.name} ${statSync(join(entry.parentPath ?? entry.path, entry.name)).size}`)
    .join(", ");
}

/** A copy of a folder's files, so that what was found stays as it was. */
function keepFiles(folder) {
  const kept = join(folder, "before");
  mkdirSync(kept);
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isFile()) copyFileSync(join(folder, entry.name), join(kept, entry.name));
}

/** A database that was half made holds no answered write: it must open, and be a world. */
async function demandOpens({ startServer, report }, folder, path, how) {
  const before = describe(folder);
  keepFiles(folder);
  try {
    const server = await startServer("--db", path);
    const { status, raw } = await server.call("GET", "/v1/accounts/local/users/owner");
    if (status !== 200) report.fail("wrong", { expected: "the account's owner", got: `${status} ${raw}`, folder });
    const { code } = await server.stop();
    if (code !== 0)
      report.fail("wrong", { expected: "an end with code 0", got: `${code}: ${server.said.error}`, folder });
  } catch (error) {
    const kind = error instanceof RefusedError ? "refused" : "wrong";
    report.fail(kind, { expected: `${how} to open (${before})`, got: error.message, folder });
  }
}

/** Kills at any moment of a start, or right after the first file appears. */
async function birth(context, folder) {
  const { random } = context;
  mkdirSync(folder);
  const path = join(folder, "world.db");
  const { child, ended } = spawnServer("--db", path);
  const isAimed = random.chance(0.7);
  if (isAimed) await firstFile(folder, ended);
  // timers know milliseconds; what is left of one is spun
  const at = performance.now() + random.between(0, isAimed ? AIMED_MS : LATEST_MS);
  await sleep(Math.max(0, at - performance.now() - 1));
  while (performance.now() < at);
  child.kill("SIGKILL");
  await ended;
  await demandOpens(context, folder, path, "a half-made database");
}

function firstFile(folder, ended) {
  return new Promise((resolve) => {
    const watcher = watch(folder, () => {
      watcher.close();
      resolve();
    });
    void ended.then(resolve);
  });
}

/** Kills while sandboxes are made; those that were answered must be there. */
async function sandboxBirths(context, folder) {
  const { startServer, random, report } = context;
  mkdirSync(folder);
  const path = join(folder, "world.db");
  const server = await startServer("--db", path);
  const answered = [];
  const making = (async () => {
    for (let n = 0; n < 50; n += 1) {
      const { status } = await server.call("POST", "/sandboxes", { name: `s${n}`, clock: "manual", seed: n });
      if (status === 200) answered.push(`s${n}`);
    }
  })().catch(() => undefined);
  await sleep(random.between(0, 60));
  await server.stop("SIGKILL");
  await making;
  try {
    const again = await startServer("--db", path);
    for (const name of answered) {
      const { status, raw } = await again.call("GET", `/sandboxes/${name}`);
      if (status !== 200) report.fail("lost", { expected: `sandbox ${name}`, got: `${status} ${raw}`, folder });
    }
    await again.stop();
  } catch (error) {
    report.fail("refused", { expected: "a server that starts", got: error.message, folder });
  }
}

/** kill -9 while a database is made for the first time. */
export async function attack(context) {
  const { random, budgetMs, report, folder } = context;
  const until = performance.now() + budgetMs;
  const states = new Map();
  for (const [name, files] of Object.entries(leftovers)) {
    const own = join(folder, name.replaceAll(" ", "-"));
    mkdirSync(own);
    for (const [end, bytes] of Object.entries(files)) writeFileSync(join(own, `world.db${end}`), bytes);
    await demandOpens(context, own, join(own, "world.db"), name);
    report.tried();
  }
  for (let number = 0; performance.now() < until; number += 1) {
    const own = join(folder, String(number));
    if (random.chance(0.15)) await sandboxBirths(context, own);
    else {
      await birth(context, own);
      const left = readdirSync(join(own, "before")).map((name) => name.slice("world.db".length) || "db");
      const state = existsSync(join(own, "before", "world.db")) ? left.sort().join(" + ") : "nothing";
      states.set(state, (states.get(state) ?? 0) + 1);
    }
    report.tried();
  }
  report.note(`left behind: ${[...states].map(([state, count]) => `${state} ${count}x`).join(", ")}`);
}
