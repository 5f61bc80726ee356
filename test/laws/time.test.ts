import { join } from "node:path";
import { describe, expect } from "vitest";
import { parseSpan } from "../../src/core/time.ts";
import type { Random } from "../../src/core/random.ts";
import type { EmulatorOptions } from "../../src/index.ts";
import { createEmulator } from "../../src/index.ts";
import { dump, inFolder } from "../support/dump.ts";
import { property } from "../support/random.ts";
import type { Step } from "../support/script.ts";
import { isAdvance, perform, randomScript, shrinkFleet } from "../support/script.ts";

type Play = (options: EmulatorOptions, script: Step[]) => Promise<string[]>;

/** Plays a script straight through. */
const straight: Play = async (options, script) => {
  await using emulator = await createEmulator(options);
  await shrinkFleet(emulator);
  const answers: string[] = [];
  for (const step of script) answers.push(await perform(emulator, step));
  return answers.filter((_, index) => !isAdvance(script[index]!));
};

/** Plays it with every advance cut into slices. */
const sliced =
  (random: Random): Play =>
  async (options, script) => {
    await using emulator = await createEmulator(options);
    await shrinkFleet(emulator);
    const answers: string[] = [];
    for (const step of script) {
      if (!isAdvance(step)) {
        answers.push(await perform(emulator, step));
        continue;
      }
      let left = parseSpan((step.body as { by: string }).by)!;
      while (left > 0) {
        const slice = Math.min(left, 1 + random.below(left));
        await emulator.clock.advance(`${slice}ms`);
        left -= slice;
      }
    }
    return answers;
  };

/** Plays it with the emulator closed and opened again between steps. */
const restarted =
  (random: Random): Play =>
  async (options, script) => {
    let emulator = await createEmulator(options);
    await shrinkFleet(emulator);
    const answers: string[] = [];
    for (const step of script) {
      if (random.chance(0.3)) {
        await emulator.close();
        emulator = await createEmulator(options);
      }
      const answer = await perform(emulator, step);
      if (!isAdvance(step)) answers.push(answer);
    }
    await emulator.close();
    return answers;
  };

async function expectSame(
  random: Random,
  seed: number,
  other: Play,
  profile: "instant" | "fast" | "realistic",
): Promise<void> {
  const script = randomScript(random, 30);
  await inFolder(async (folder) => {
    const options = (name: string): EmulatorOptions => ({
      database: join(folder, name),
      clock: "manual",
      seed,
      profile,
      gpuQuota: seed % 3 === 0 ? 12 : Infinity,
    });
    const one = await straight(options("one.db"), script);
    const two = await other(options("two.db"), script);
    expect(two).toEqual(one);
    expect(dump(join(folder, "two.db"))).toEqual(dump(join(folder, "one.db")));
  });
}

const profileOf = (random: Random): "instant" | "fast" | "realistic" => random.pick(["instant", "fast", "realistic"]);

describe("laws of time", () => {
  property("slicing: advance(a); advance(b) is advance(a+b), in answers, events and database", (random, seed) =>
    expectSame(random, seed, sliced(random), profileOf(random)),
  );
  property("restart: closing and opening again at any instant changes nothing that follows", (random, seed) =>
    expectSame(random, seed, restarted(random), profileOf(random)),
  );
});
