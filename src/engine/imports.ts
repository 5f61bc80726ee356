import { existsSync, readdirSync, statSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import { ApiError, invalid } from "../core/error.ts";
import type { Json } from "../core/list/field.ts";
import { textOf } from "../core/list/field.ts";
import { checkFiles } from "../core/model/upload.ts";
import { runOperation } from "./operations.ts";
import { isReady } from "./models.ts";
import { demandResource, putResource } from "./resources.ts";
import { validateUpload } from "./uploads.ts";
import type { World } from "./world.ts";

/** The folder that a source means, below the one that stands for all buckets. @throws ApiError */
function folderOf(world: World, body: Json): string {
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
  const root = resolve(buckets);
  const folder = resolve(join(root, ...parts));
  if (!folder.startsWith(root + sep)) throw invalid("invalid import: the path leads out of the bucket");
  if (!existsSync(folder) || !statSync(folder).isDirectory())
    throw new ApiError("NOT_FOUND", `bucket path ${parts.join("/")} not found`);
  return folder;
}

/** All files below a folder, with their sizes. */
function filesIn(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => name.replaceAll(sep, "/"));
  const sizes = names.map((name): [string, number | undefined] => {
    const stats = statSync(join(folder, name));
    return [name, stats.isFile() ? stats.size : undefined];
  });
  return Object.fromEntries(sizes.filter(([, size]) => size !== undefined).map(([name, size]) => [name, String(size)]));
}

/** Takes a model's files from a bucket, and looks at them as after an upload. @throws ApiError for a source that is none */
export function importModel(world: World, name: string, account: string, body: Json): Json {
  const folder = folderOf(world, body);
  const sizes = checkFiles(filesIn(folder));
  return world.change(() => {
    const stored = demandResource(world, "models", name);
    if (isReady(stored.value)) throw new ApiError("FAILED_PRECONDITION", "model has been uploaded already");
    for (const file of Object.keys(sizes)) world.parts.files.copy(name, file, join(folder, file));
    putResource(world, { ...stored, hidden: { ...stored.hidden, files: sizes } });
    return runOperation(world, account, () => validateUpload(world, name, {}));
  });
}
