import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ["default"],
    // left to itself vitest leaves one core idle, which on two is half of them
    maxWorkers: availableParallelism(),
  },
});
