import type { Json } from "./api.ts";
import { asText } from "./api.ts";
import { printGoDuration } from "./go-duration.ts";

/** Fields that are shown though they are zero (control-plane §2.1, "Z"). */
const shownAtZero = new Set([
  "minReplicaCount",
  "maxReplicaCount",
  "desiredReplicaCount",
  "replicaCount",
  "enableAddons",
]);

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isZero = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  value === "" ||
  value === 0 ||
  value === false ||
  value === "0" ||
  (typeof value === "string" && value.endsWith("_UNSPECIFIED")) ||
  (Array.isArray(value) && value.length === 0) ||
  (isObject(value) && Object.values(value).every(isZero));

/** `scaleUpWindow` -> `Scale Up Window`. */
const toTitle = (name: string): string =>
  name.replace(/([A-Z])/g, " $1").replace(/^./, (letter) => letter.toUpperCase());

/** `2026-07-24T18:03:11.123Z` -> `2026-07-24 18:03:11`. */
const toTime = (text: string): string => text.replace("T", " ").replace(/(?:\.\d+)?Z$/, "");

function toText(name: string, value: unknown): string {
  if (typeof value !== "string") return asText(value);
  if (/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)) return toTime(value);
  return /(?:Window|duration|Duration)$/.test(name) && /^-?\d+(?:\.\d+)?s$/.test(value)
    ? printGoDuration(Number(value.slice(0, -1)))
    : value;
}

/** `status` is a word, with its message where there is one. */
const toStatus = ({ code, message }: { code?: string; message?: string }): string =>
  message ? `${code}: ${message}` : String(code);

/** Maps: their keys are the client's own words. */
const maps = new Set(["loadTargets", "annotations", "scalingSchedules", "defaultSamplingParams"]);

/** A resource as `Key Words: value` lines, nested messages indented (control-plane §11.6). */
export function toLines(resource: Json, indent = "", isMap = false): string[] {
  return Object.entries(resource).flatMap(([name, value]): string[] => {
    if (isZero(value) && !shownAtZero.has(name)) return [];
    const key = indent + (isMap ? name : toTitle(name));
    if (name === "status" && isObject(value)) return [`${key}: ${toStatus(value)}`];
    if (isObject(value)) return [`${key}:`, ...toLines(value, `${indent}  `, maps.has(name))];
    if (Array.isArray(value) && value.some(isObject))
      return [
        `${key}:`,
        ...value.flatMap((item) =>
          isObject(item) ? ["", ...toLines(item, `${indent}  `)].slice(1) : [`${indent}  ${String(item)}`],
        ),
      ];
    return [`${key}: ${Array.isArray(value) ? value.map(String).join(", ") : toText(name, value)}`];
  });
}

/** camelCase keys as the JSON of firectl has them. */
export function toSnake(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toSnake);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      /^[a-z][A-Za-z]*$/.test(key) ? key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : key,
      toSnake(inner),
    ]),
  );
}

/** A resource as flags that would make it again. */
export const toFlags = (resource: Json): string =>
  Object.entries(resource)
    .filter(([, value]) => !isZero(value) && !isObject(value) && !Array.isArray(value))
    .map(
      ([name, value]) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}=${JSON.stringify(value)}`,
    )
    .join(" ");

const idOf = (name: unknown): string => asText(name).split("/").at(-1)!;

/** How a resource is called in a list: its title with its ID, or its ID alone. */
const toLabel = ({ name, displayName, keyId }: Json): string => {
  const id = keyId === undefined ? idOf(name) : asText(keyId);
  return displayName ? `${asText(displayName)} (${id})` : id;
};

export type Column = [header: string, field: string];

function cell(resource: Json, field: string): string {
  if (field === "") return toLabel(resource);
  const value = field
    .split(".")
    .reduce<unknown>((inner, part) => (isObject(inner) ? inner[part] : undefined), resource);
  return value === null || value === undefined ? "" : toText(field, value);
}

/** A table with aligned columns, and where one is in the list (control-plane §11.7). */
export function toTable(
  resources: readonly Json[],
  columns: readonly Column[],
  page: string,
  totalSize: number,
): string {
  const rows = [
    columns.map(([header]) => header),
    ...resources.map((resource) => columns.map(([, field]) => cell(resource, field))),
  ];
  const widths = columns.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  const lines = rows.map((row) =>
    row
      .map((text, at) => text.padEnd(widths[at]!))
      .join("  ")
      .trimEnd(),
  );
  return [...lines, "", page, `Total size: ${totalSize}`].join("\n");
}
