// The two commands of a fresh clone, `npm start` and `npm test`: install what is missing, build what is stale, go.
// Plain JavaScript and Node's own modules only, because nothing else is there yet.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const at = (...parts) => join(root, ...parts);
const say = (text) => console.error(`fireworks-emulator: ${text}`);

const NATIVE_HELP = [
  "better-sqlite3 could not be built. It needs Python 3, make and a C++ compiler:",
  "  Debian, Ubuntu   apt-get install python3 make g++",
  "  Fedora           dnf install python3 make gcc-c++",
  "  Alpine           apk add python3 make g++",
  "  macOS            xcode-select --install",
  "then run the same command again.",
].join("\n");

function run(command, args, options = {}) {
  return spawnSync(command, args, {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
    ...options,
  });
}

function fail(text) {
  say(text);
  process.exit(1);
}

const mtime = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

function isInstalled() {
  return mtime(at("node_modules", ".package-lock.json")) >= mtime(at("package-lock.json"));
}

/** Kept for as long as the process lives: see src/store/keep.ts. */
let probe;

/** The native part must have been built for this Node. */
function loadsDatabase() {
  try {
    const Database = createRequire(at("package.json"))("better-sqlite3");
    probe = new Database(":memory:");
    probe.close();
    return true;
  } catch {
    return false;
  }
}

function ensureInstalled() {
  if (!isInstalled()) {
    say(
      "installing dependencies; where no prebuilt better-sqlite3 can be had it is compiled, which takes about a minute",
    );
    const { status } = run("npm", ["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"]);
    if (status !== 0) fail(`npm ci failed, see above. If it was better-sqlite3:\n${NATIVE_HELP}`);
    // npm keeps the time of an unchanged lock; ours says "checked now"
    const marker = at("node_modules", ".package-lock.json");
    if (existsSync(marker)) utimesSync(marker, new Date(), new Date());
  }
  if (loadsDatabase()) return;
  say(`building better-sqlite3 for Node ${process.version}; this takes about a minute`);
  run("npm", ["rebuild", "better-sqlite3", "--loglevel=error"]);
  // a fresh process: this one may hold the failed attempt
  if (run(process.execPath, ["-e", 'new (require("better-sqlite3"))(":memory:")']).status !== 0) fail(NATIVE_HELP);
}

function newest(folder) {
  let time = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    time = Math.max(time, statSync(path).mtimeMs, entry.isDirectory() ? newest(path) : 0);
  }
  return time;
}

function ensureBuilt() {
  const marker = at("dist", ".built");
  const source = Math.max(newest(at("src")), newest(at("scripts")), mtime(at("package-lock.json")));
  if (mtime(marker) >= source) return;
  say("building");
  rmSync(at("dist"), { recursive: true, force: true });
  const { status } = run(process.execPath, [at("scripts", "bundle.mjs")]);
  if (status !== 0) fail("the build failed");
  writeFileSync(marker, "");
}

const [task, ...args] = process.argv.slice(2);
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) fail(`Node ${process.version} is too old; 20.19 or newer is needed`);
ensureInstalled();
ensureBuilt();

if (task === "start") {
  process.argv = [process.argv[0], "fireworks-emulator", "start", ...args];
  await import(pathToFileURL(at("dist", "cli", "main.js")).href);
} else if (task === "test") {
  const vitest = at("node_modules", "vitest", "vitest.mjs");
  process.exit(spawnSync(process.execPath, [vitest, "run", ...args], { cwd: root, stdio: "inherit" }).status ?? 1);
}
