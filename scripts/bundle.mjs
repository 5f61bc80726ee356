// Bundles src into dist: one file instead of some 300 makes the start twice as fast. better-sqlite3 stays outside
// because it is native. Every file lands one folder below dist, so that ../../fixtures is the same place as from src.
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const bundle = await rolldown({
  cwd: dirname(dirname(fileURLToPath(import.meta.url))),
  input: { "cli/main": "src/cli/main.ts", "lib/index": "src/index.ts" },
  platform: "node",
  external: ["better-sqlite3"],
});
await bundle.write({ dir: "dist", format: "esm", entryFileNames: "[name].js", chunkFileNames: "chunks/[name].js" });
await bundle.close();
