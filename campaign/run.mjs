// Attacks the built server on 127.0.0.1, for a bounded time: node campaign/run.mjs [--minutes 10] [--seed N] [--only NAME]
// Choices come from the seed. When exactly a signal arrives does not: a failure that needs an instant may need more runs.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Two lanes side by side, each one attack after the other; `share` is of the lane's time. */
const lanes = [
  [
    { name: "kills", share: 0.5, what: "kill -9 among all kinds of writes" },
    { name: "births", share: 0.25, what: "kill -9 while a database is made" },
    { name: "migrations", share: 0.1, what: "kill -9 while an older database is migrated" },
    { name: "checkpoints", share: 0.15, what: "kill -9 among large writes, and while closing" },
  ],
  [
    { name: "fuzz", share: 0.5, what: "broken and mutated requests on raw sockets" },
    { name: "clients", share: 0.15, what: "slow, silent and vanishing clients" },
    { name: "years", share: 0.2, what: "simulated years with schedules, sliced and restarted" },
    { name: "disk", share: 0.15, what: "a disk that is full" },
  ],
];

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1e9)) },
    only: { type: "string" },
  },
});
const totalMs = Number(values.minutes) * 60_000;
if (!(totalMs > 0)) throw new TypeError(`--minutes: expected a number above 0, got "${values.minutes}"`);
const names = lanes.flat().map(({ name }) => name);
if (values.only !== undefined && !names.includes(values.only))
  throw new TypeError(`--only: expected one of ${names.join(", ")}, got "${values.only}"`);

/** An attack that is so late has hung. */
const GRACE_MS = 120_000;

/** Runs an attack in a process of its own, so that it has a core for itself and its fall is a finding. */
function attack({ name }, budgetMs) {
  const child = fork(here("attack.mjs"), [name, values.seed, String(Math.round(budgetMs))]);
  const late = setTimeout(() => child.kill("SIGTERM"), budgetMs + GRACE_MS);
  let result;
  child.on("message", (message) => (result = message));
  return new Promise((resolve) => {
    child.on("close", (code, signal) => {
      clearTimeout(late);
      const gone = {
        counts: { tried: 0, lost: 0, wrong: 1, refused: 0 },
        notes: [`ended with ${signal ?? code}`],
        notTried: "",
      };
      resolve({ name, ...(result ?? gone) });
    });
  });
}

async function runLane(lane) {
  const chosen = lane.filter(({ name }) => values.only === undefined || name === values.only);
  const shares = chosen.reduce((sum, { share }) => sum + share, 0);
  const results = [];
  for (const each of chosen) {
    console.error(`${each.name}: ${each.what}`);
    results.push(await attack(each, (totalMs * each.share) / shares));
  }
  return results;
}

function print(results) {
  const row = (cells) =>
    cells.map((cell, index) => (index === 0 ? String(cell).padEnd(12) : String(cell).padStart(8))).join(" ");
  console.log(`${row(["attack", "tried", "lost", "wrong", "refused"])}   seed ${values.seed}`);
  for (const { name, counts, notes, notTried } of results) {
    if (notTried) console.log(`${name.padEnd(12)} not tried: ${notTried}`);
    else console.log(`${row([name, counts.tried, counts.lost, counts.wrong, counts.refused])}   ${notes.join("; ")}`);
  }
}

const results = (await Promise.all(lanes.map(runLane))).flat();
print(results);
const isClean = results.every(({ counts: { lost, wrong, refused } }) => lost + wrong + refused === 0);
process.exitCode = isClean ? 0 : 1;
