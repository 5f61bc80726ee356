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
process.on("SIGTERM", () => process.exit(1));

try {
  await attack({ startServer, random: new Random(`${name} ${seed}`), budgetMs: Number(budget), report, folder });
} catch (error) {
  report.fail("wrong", { expected: "an attack that runs to its end", got: error.stack, folder });
}
const { counts, notes, notTried } = report;
if (process.send) process.send({ counts, notes, notTried });
else console.log(JSON.stringify({ counts, notes, notTried }));
if (!report.hasFailed) rmSync(folder, { recursive: true, force: true });
process.disconnect?.();
process.exit(0);
