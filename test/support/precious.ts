import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { caller } from "./api.ts";
import { newFolder } from "./dump.ts";
import { baseModel } from "./upload.ts";

export const MODELS = "/v1/accounts/local/models";
export const MINE = "accounts/local/models/mine";
export const NAME = "config.json";
export const BYTES = Buffer.from("0123456789");
export const PRECIOUS = "nobody may read or write this";

/** Where to send one file of ten bytes, of a model that is made for it. */
export async function urlIn(call: ReturnType<typeof caller>, base = "", file = NAME): Promise<string> {
  await call("POST", `${base}${MODELS}`, { modelId: "mine", model: baseModel });
  const { body } = await call("POST", `${base}${MODELS}/mine:getUploadEndpoint`, {
    filenameToSize: { [file]: BYTES.length },
  });
  return body.filenameToSignedUrls[file];
}

/** A database in a folder, beside a file that belongs to somebody else. */
export function place(): { folder: string; database: string; precious: string; files: string } {
  const folder = newFolder();
  const database = join(folder, "world.db");
  const precious = join(folder, "precious.txt");
  writeFileSync(precious, PRECIOUS);
  return { folder, database, precious, files: `${database}.files` };
}
