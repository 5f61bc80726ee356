// One attack in a process of its own; run.mjs starts it and hears the counts.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Random } from "./random.mjs";
import { Report } from "./report.mjs";
import { startServer } from "./server.mjs";

const [name, seed, budget] = process.argv.slice(2);
const { attack } = await import(`./${name}.mjs`);
const report = new Report(name, seed);
const folder = mkdtempSync(join(tmpdir(), `fireworks-emulator-campaign-${name}-`));
// whoever started it has gone, or has waited for too long: servers go with it
for (const event of ["SIGTERM", "SIGINT", "disconnect"]) process.on(event, () => process.exit(1));

try {
  await attack({ startServer, random: new Random(`${name} ${seed}`), budgetMs: Number(budget), report, folder });
} catch (error) {
  report.fail("wrong", { expected: "an attack that runs to its end", got: error.stack, folder });
}
const { counts, notes, notTried } = report;
if (!report.hasFailed) rmSync(folder, { recursive: true, force: true });
if (process.send) process.send({ counts, notes, notTried }, () => process.exit(0));
else console.log(JSON.stringify({ counts, notes, notTried }));
