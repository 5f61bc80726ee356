import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // nothing that a file leaves behind matters to another: loading everything anew for each took a third of the time
    isolate: false,
    reporters: ["default"],
    // left to itself vitest leaves one core idle, which on two is half of them
    maxWorkers: availableParallelism(),
  },
});
