import { copyFileSync, mkdirSync, watch } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { all, openFile, prepare } from "./database.mjs";
import { sleep, spawnServer } from "./server.mjs";

const SOURCE = fileURLToPath(new URL("../src/store/migrations.ts", import.meta.url));
/** Rows of the older database: enough that a migration takes some time. */
const EVENTS = 20_000;
const OCCURRENCES = 30_000;
const DAYS = 500;

/** Kills come so soon after the first change beside the database: it is being opened. */
const LATEST_MS = 80;

/** Resolves when something changes in a folder. */
const firstChange = (folder) => new Promise((resolve) => watch(folder, { persistent: false }, resolve));

/** The steps of every format, from the source itself. */
async function readMigrations() {
  const bundle = await rolldown({ input: SOURCE });
  const { output } = await bundle.generate({ format: "esm" });
  return import(`data:text/javascript,${encodeURIComponent(output[0].code)}`);
}

/** A database as it was when there were so many formats. */
function makeOld({ migrations, APPLICATION_ID }, path, version) {
  const connection = openFile(path);
  connection.pragma("journal_mode = WAL");
  for (const sql of migrations.slice(0, version)) connection.exec(sql);
  connection.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${version}`);
  const insert = (table, values, rows) => {
    const add = prepare(
      connection,
      `INSERT INTO ${table} VALUES (${values(0)
        .map(() => "?")
        .join(", ")})`,
    );
    for (let n = 0; n < rows; n += 1) add.run(...values(n));
  };
  connection.transaction(() => {
    insert(
      "meta",
      (n) =>
        [
          ["seed", "7"],
          ["startTime", "1767225600000"],
          ["now", "1767225700000"],
        ][n],
      3,
    );
    const event = (n) => [n + 1, 1767225600000 + n, "accounts/local/deployments/d", "state", "A", "B", "because"];
    insert("events", (n) => [...event(n), ...(version > 1 ? [""] : [])], EVENTS);
    if (version > 3) insert("occurrences", (n) => [n + 1, `content ${n}`, n + 1], OCCURRENCES);
    else insert("occurrences", (n) => [`content ${n}`, n + 1], OCCURRENCES);
    const day = (n) => new Date(1767225600000 - n * 86_400_000).toISOString().slice(0, 10);
    const bill = (n) => ["accounts/local/deployments/d", day(n), "NVIDIA_A100_80GB"];
    insert(
      "usage",
      (n) => [...bill(n), ...(version > 1 ? ["REGION_UNSPECIFIED", ""] : []), 1000 + n, ...(version > 1 ? [0] : [])],
      DAYS,
    );
  })();
  connection.close();
}

/** What a migration must not lose. */
function count(path) {
  const connection = openFile(path, { readonly: true });
  const sums = all(
    connection,
    "SELECT (SELECT count(*) FROM events) AS events, (SELECT count(*) FROM occurrences) AS occurrences, (SELECT sum(count) FROM occurrences) AS counts, (SELECT sum(gpuMs) FROM usage) AS gpuMs, (SELECT value FROM meta WHERE key = 'seed') AS seed",
  );
  connection.close();
  return JSON.stringify(sums[0]);
}

/** kill -9 while an older database is brought up to the present format, once or several times. */
export async function attack({ startServer, random, budgetMs, report, folder }) {
  const until = performance.now() + budgetMs;
  const known = await readMigrations();
  const newest = known.migrations.length;
  const olds = known.migrations.slice(1).map((_, index) => {
    const path = join(folder, `format-${index + 1}.db`);
    makeOld(known, path, index + 1);
    return path;
  });
  /** Kills that found the migration half way. */
  let halfway = 0;
  for (let number = 0; performance.now() < until; number += 1) {
    const own = join(folder, String(number));
    mkdirSync(own);
    const path = join(own, "world.db");
    const version = 1 + random.below(newest - 1);
    copyFileSync(olds[version - 1], path);
    const before = count(path);
    for (let kills = 1 + random.below(3); kills > 0; kills -= 1) {
      const { child, ended } = spawnServer("--db", path);
      await Promise.race([firstChange(own), ended]);
      await sleep(random.between(0, LATEST_MS));
      child.kill("SIGKILL");
      await ended;
      report.tried();
      const connection = openFile(path);
      const reached = connection.pragma("user_version", { simple: true });
      connection.close();
      if (reached > version && reached < newest) halfway += 1;
    }
    try {
      const server = await startServer("--db", path);
      await server.stop();
      const after = count(path);
      if (after !== before) report.fail("lost", { expected: `format ${version}: ${before}`, got: after, folder: own });
    } catch (error) {
      report.fail("refused", { expected: `a database of format ${version} to open`, got: error.message, folder: own });
    }
  }
  report.note(`${halfway} between two formats`);
}
