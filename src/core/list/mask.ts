import { invalid } from "../error.ts";
import { toCamel } from "../name.ts";
import type { Json } from "./field.ts";

/** The paths of a field mask in camel case; empty for "all" (control-plane §9). */
export function parseMask(text: string | undefined): string[][] {
  const paths = (text ?? "")
    .split(",")
    .map((path) => path.trim())
    .filter((path) => path !== "");
  if (paths.includes("*")) return [];
  return paths.map((path) => {
    if (!/^\w+(\.[\w-]+)*$/.test(path)) throw invalid(`invalid field mask: "${path}"`);
    return path.split(".").map(toCamel);
  });
}

/** The part of a resource that a mask names; the resource itself for an empty mask. */
export function applyMask(resource: Json, paths: string[][]): Json {
  if (paths.length === 0) return resource;
  const result: Json = {};
  for (const path of paths) copyPath(resource, result, path);
  return result;
}

function copyPath(from: Json, to: Json, [head, ...rest]: string[]): void {
  if (head === undefined || !Object.hasOwn(from, head)) return;
  const value = from[head];
  if (rest.length === 0 || typeof value !== "object" || value === null) {
    to[head] = value;
    return;
  }
  if (!Object.hasOwn(to, head)) to[head] = {};
  copyPath(value as Json, to[head] as Json, rest);
}
