import type { Dirent } from "node:fs";
import { readdirSync, realpathSync, statSync } from "node:fs";
import { join, sep } from "node:path";
import { ApiError, invalid } from "../core/error.ts";
import type { Json } from "../core/list/field.ts";
import { textOf } from "../core/list/field.ts";
import { checkFiles } from "../core/model/upload.ts";
import { runOperation } from "./operations.ts";
import { isReady } from "./models.ts";
import { demandResource, putResource } from "./resources.ts";
import { validateUpload } from "./uploads.ts";
import type { World } from "./world.ts";

const leadsOut = (what: string): ApiError => invalid(`invalid import: ${what} leads out of the bucket`);

/** Where a path leads after all links; undefined when nothing is there. */
function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** The same, below the folder of all buckets: links may lead from one place in it to another. @throws ApiError */
function realPathIn(root: string, path: string, shown: string): string | undefined {
  const real = realPath(path);
  if (real !== undefined && !real.startsWith(root + sep)) throw leadsOut(shown);
  return real;
}

/** The folder of all buckets, and the one in it that a source means. @throws ApiError */
function folderOf(world: World, body: Json): { root: string; folder: string } {
  const { buckets } = world.parts.config;
  if (buckets === undefined)
    throw new ApiError(
      "FAILED_PRECONDITION",
      "no folder stands in for buckets here; start the emulator with --buckets",
    );
  const [s3, azure] = [body["awsS3Source"] as Json | undefined, body["azureBlobSource"] as Json | undefined];
  if (!s3 === !azure) throw invalid("invalid import: set one of aws_s3_source and azure_blob_source");
  const parts = s3
    ? [textOf(s3, "s3Bucket"), textOf(s3, "s3Path")]
    : [textOf(azure!, "storageAccount"), textOf(azure!, "container"), textOf(azure!, "path")];
  if (parts.some((part) => part.split(/[/\\]/).includes(".."))) throw leadsOut("the path");
  const root = realPath(buckets);
  const folder = root === undefined ? undefined : realPathIn(root, join(root, ...parts), "the path");
  if (root === undefined || folder === undefined || !statSync(folder).isDirectory())
    throw new ApiError("NOT_FOUND", `bucket path ${parts.join("/")} not found`);
  return { root, folder };
}

interface Found {
  /** Below the bucket's folder, with slashes. */
  name: string;
  /** Where its bytes are, after all links. */
  path: string;
  size: number;
}

/** All files below a folder. @throws ApiError for a link that leads out of the buckets, and for one to a folder, which may go round */
function filesIn(root: string, folder: string, prefix = ""): Found[] {
  const find = (entry: Dirent): Found[] => {
    const name = prefix + entry.name;
    const path = realPathIn(root, join(folder, entry.name), name);
    if (path === undefined) return [];
    const stats = statSync(path);
    if (stats.isFile()) return [{ name, path, size: stats.size }];
    if (!stats.isDirectory()) return [];
    if (entry.isSymbolicLink()) throw invalid(`invalid import: ${name} is a link to a folder`);
    return filesIn(root, path, `${name}/`);
  };
  return readdirSync(folder, { withFileTypes: true }).flatMap(find);
}

/** Takes a model's files from a bucket, and looks at them as after an upload. @throws ApiError for a source that is none */
export function importModel(world: World, name: string, account: string, body: Json): Json {
  const { root, folder } = folderOf(world, body);
  const found = filesIn(root, folder);
  const sizes = checkFiles(Object.fromEntries(found.map((file) => [file.name, String(file.size)])));
  return world.change(() => {
    const stored = demandResource(world, "models", name);
    if (isReady(stored.value)) throw new ApiError("FAILED_PRECONDITION", "model has been uploaded already");
    for (const file of found) world.parts.files.copy(name, file.name, file.path);
    putResource(world, { ...stored, hidden: { ...stored.hidden, files: sizes } });
    return runOperation(world, account, () => validateUpload(world, name, {}));
  });
}
