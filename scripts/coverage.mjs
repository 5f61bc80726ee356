// Writes the README's coverage table: what the router answers of the official SDK's methods and documented paths.
// The reference lies beside the project where it is developed: ../shared/reference.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const REFERENCE = at("../shared/reference/");
const [BEGIN, END] = ["<!-- coverage: made by scripts/coverage.mjs -->", "<!-- /coverage -->"];

export const hasReference = () => existsSync(REFERENCE);

/** Paths are the same when they differ in the names of their parameters alone. */
const shape = (method, path) => `${method.toUpperCase()} ${path.replace(/\{[^}]+\}/g, "{}")}`;

/** Every operation that is documented: the SDK's by its name, the others by their path. */
function documented() {
  const { endpoints } = JSON.parse(readFileSync(`${REFERENCE}fireworks-api.json`, "utf8"));
  const known = new Map(endpoints.map(({ sdk, method, path }) => [shape(method, path), sdk]));
  for (const file of ["text-completion-0.1.0", "responses-0.6.1", "anthropic-messages-1.0.0"]) {
    const { paths } = JSON.parse(readFileSync(`${REFERENCE}openapi/${file}.json`, "utf8"));
    for (const [path, operations] of Object.entries(paths)) {
      for (const method of Object.keys(operations)) {
        const name = path
          .replace(/^\/v1\//, "")
          .replace(/\/\{[^}]+\}/g, "")
          .replaceAll("/", ".");
        if (!known.has(shape(method, path))) known.set(shape(method, path), `${name}.${method}`);
      }
    }
  }
  return known;
}

/** @param openapi the emulator's own document @returns the table as Markdown */
export function coverageTable(openapi) {
  const answered = new Set(
    Object.entries(openapi.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => shape(method, path)),
    ),
  );
  const rows = new Map();
  let count = 0;
  const all = documented();
  for (const [key, name] of all) {
    const [resource, verb] = [name.slice(0, name.lastIndexOf(".")), name.slice(name.lastIndexOf(".") + 1)];
    if (!rows.has(resource)) rows.set(resource, { yes: [], no: [] });
    const isAnswered = answered.has(key);
    rows.get(resource)[isAnswered ? "yes" : "no"].push(verb);
    count += Number(isAnswered);
  }
  const lines = [...rows]
    .sort(([, a], [, b]) => b.yes.length - a.yes.length)
    .map(([resource, { yes, no }]) => `| ${resource} | ${yes.join(", ") || "-"} | ${no.join(", ") || "-"} |`);
  return [
    `${count} of ${all.size} documented operations.`,
    "",
    "| resource | answered | not yet |",
    "| --- | --- | --- |",
    ...lines,
  ].join("\n");
}

/** @param commands the table of firectl's commands */
function firectlTable(commands) {
  const rows = commands.map(({ name, old, flags }) => {
    const spellings = old.map((words) => `\`${words.join(" ")}\``).join(", ");
    return `| \`${name.join(" ")}\` | ${spellings || "-"} | ${flags.map(({ flag }) => `\`--${flag}\``).join(" ") || "-"} |`;
  });
  return ["firectl:", "", "| command | older spelling | flags |", "| --- | --- | --- |", ...rows].join("\n");
}

/** @returns the README with the tables in their place */
export function withCoverage(readme, openapi) {
  const [start, end] = [readme.indexOf(BEGIN) + BEGIN.length, readme.indexOf(END)];
  const output = execFileSync(process.execPath, [at("dist/cli/main.js"), "firectl", "__commands"], {
    encoding: "utf8",
  });
  const tables = [coverageTable(openapi), firectlTable(JSON.parse(output))];
  return `${readme.slice(0, start)}\n\n${tables.join("\n\n")}\n\n${readme.slice(end)}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { createEmulator } = await import("../dist/lib/index.js");
  const emulator = await createEmulator();
  const openapi = await (await emulator.fetch(`${emulator.url}/__emulator/openapi.json`)).json();
  await emulator.close();
  writeFileSync(at("README.md"), withCoverage(readFileSync(at("README.md"), "utf8"), openapi));
}
