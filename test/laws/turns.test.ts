import { join } from "node:path";
import { describe, expect } from "vitest";
import type { EmulatorOptions } from "../../src/index.ts";
import { createEmulator } from "../../src/index.ts";
import { dump, inFolder } from "../support/dump.ts";
import { property } from "../support/random.ts";
import type { Step } from "../support/script.ts";
import { isAdvance, perform, randomScript, shrinkFleet } from "../support/script.ts";

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Plays a script; what follows an advance is sent while the advance is still going on, or has just begun. */
async function play(options: EmulatorOptions, script: Step[]): Promise<string[]> {
  await using emulator = await createEmulator(options);
  await shrinkFleet(emulator);
  const answers: Promise<string>[] = [];
  for (const step of script) {
    answers.push(perform(emulator, step));
    if (isAdvance(step)) await nextTurn();
    else await Promise.all(answers);
  }
  return await Promise.all(answers);
}

describe("an advance that gives way", () => {
  property(
    "after every event, with requests waiting, gives the answers and the database of one that does not",
    async (random, seed) => {
      const script = randomScript(random, 30);
      await inFolder(async (folder) => {
        const options = (name: string, turnMs: number): EmulatorOptions => ({
          database: join(folder, name),
          clock: "manual",
          seed,
          profile: seed % 2 === 0 ? "realistic" : "fast",
          gpuQuota: Infinity,
          turnMs,
        });
        const one = await play(options("one.db", Infinity), script);
        const two = await play(options("two.db", 0), script);
        expect(two).toEqual(one);
        expect(dump(join(folder, "two.db"))).toEqual(dump(join(folder, "one.db")));
      });
    },
    0.2,
  );
});
