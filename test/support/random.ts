import { expect, test } from "vitest";
import { digest, Random } from "../../src/core/random.ts";

/** Seeds of one property; `SEEDS=2000 npm test` looks wider, `SEED=17` looks at one. */
const COUNT = Number(process.env["SEEDS"] ?? 120);

/**
 * A property over many seeds; a failure names the seed that repeats it.
 * @param share of the seeds, for properties that take long
 */
export function property(name: string, check: (random: Random, seed: number) => Promise<void> | void, share = 1): void {
  const count = Math.ceil(COUNT * share);
  test(`${name} (${count} seeds)`, { timeout: 3_600_000 }, async () => {
    const only = process.env["SEED"];
    const seeds = only === undefined ? Array.from({ length: count }, (_, seed) => seed) : [Number(only)];
    for (const seed of seeds) {
      try {
        await check(new Random(digest("property", seed)), seed);
      } catch (error) {
        throw new Error(`seed ${seed} (repeat with SEED=${seed}): ${(error as Error).message}`, { cause: error });
      }
    }
    expect(seeds.length).toBeGreaterThan(0);
  });
}
