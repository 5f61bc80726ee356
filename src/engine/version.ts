import { readFileSync } from "node:fs";

/** The package's version; the file lies two folders up from `src/engine` and `dist/engine` alike. */
export const VERSION: string = (
  JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string }
).version;

/** The value of the `x-emulator` header. */
export const PRODUCT = `fireworks-emulator/${VERSION}`;
