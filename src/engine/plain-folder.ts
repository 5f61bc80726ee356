import { closeSync, constants, fstatSync, lstatSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { ApiError } from "../core/error.ts";

/*
 * Folders and files below a root, reached without following a link. Node cannot open a file relative to an open folder,
 * so a process that swaps a folder for a link between the check and the opening is not noticed.
 */

const isFolder = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** @returns the path of a folder below a root; undefined when it is missing, or something on the way is no plain folder */
export function findFolder(root: string, names: readonly string[]): string | undefined {
  let path = root;
  for (const name of names) {
    path = join(path, name);
    if (!isFolder(path)) return undefined;
  }
  return path;
}

/** Makes a folder below a root, with those on the way. @throws ApiError FAILED_PRECONDITION for a link or a file in its place */
export function makeFolder(root: string, names: readonly string[]): string {
  mkdirSync(root, { recursive: true });
  let path = root;
  for (const name of names) {
    path = join(path, name);
    if (!lstatSync(path, { throwIfNoEntry: false })) mkdirSync(path);
    if (!isFolder(path)) throw new ApiError("FAILED_PRECONDITION", `${names.join("/")} is not a folder of its own`);
  }
  return path;
}

/** Bytes of a plain file; undefined for a link, a folder, or nothing. */
export function plainSize(path: string): number | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats?.isFile() ? stats.size : undefined;
}

/** Never through a link, and without waiting for whoever may write to a pipe. */
export const NO_LINK = constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Opens a plain file to be read. */
export function openPlain(path: string): { fd: number; size: number } | undefined {
  if (plainSize(path) === undefined) return undefined;
  const fd = openSync(path, constants.O_RDONLY | NO_LINK);
  const stats = fstatSync(fd);
  if (stats.isFile()) return { fd, size: stats.size };
  closeSync(fd);
  return undefined;
}
