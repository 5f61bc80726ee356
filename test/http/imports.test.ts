import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createEmulator } from "../../src/index.ts";
import { caller } from "../support/api.ts";
import { newFolder } from "../support/dump.ts";
import { baseFiles, baseModel } from "../support/upload.ts";

const MODELS = "/v1/accounts/local/models";
const SECRET = "nobody may read this";

/** A folder of buckets beside one that belongs to somebody else, and what an import of `weights/mine` says. */
async function imported(plant: (buckets: string, outside: string) => void, source: object = {}) {
  const folder = newFolder();
  const [buckets, outside, database] = ["buckets", "outside", "world.db"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const [name, bytes] of Object.entries(baseFiles())) {
    const path = join(buckets, "weights/mine", name);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, bytes);
  }
  mkdirSync(outside);
  writeFileSync(join(outside, "secret.txt"), SECRET);
  plant(buckets, outside);
  await using emulator = await createEmulator({ clock: "manual", buckets, database });
  const call = caller(emulator);
  await call("POST", MODELS, { modelId: "mine", model: baseModel });
  const awsS3Source = { s3Bucket: "weights", s3Path: "mine", ...source };
  const { status, body } = await call("POST", `${MODELS}/mine:import`, { awsS3Source });
  const read = (name: string): string =>
    readFileSync(join(`${database}.files`, "accounts/local/models/mine", name), "utf8");
  return { status, body, read };
}

test.each<[string, (buckets: string, outside: string) => void, string]>([
  [
    "a file",
    (buckets, outside) => symlinkSync(join(outside, "secret.txt"), join(buckets, "weights/mine/notes.txt")),
    "notes.txt leads out of the bucket",
  ],
  [
    "a file, by a relative path",
    (buckets) => symlinkSync("../../../outside/secret.txt", join(buckets, "weights/mine/notes.txt")),
    "notes.txt leads out of the bucket",
  ],
  [
    "a folder",
    (buckets, outside) => symlinkSync(outside, join(buckets, "weights/mine/more")),
    "more leads out of the bucket",
  ],
  [
    "a file in a folder",
    (buckets, outside) => {
      mkdirSync(join(buckets, "weights/mine/more"));
      symlinkSync(join(outside, "secret.txt"), join(buckets, "weights/mine/more/notes.txt"));
    },
    "more/notes.txt leads out of the bucket",
  ],
  [
    "the folder that it is in",
    (buckets) => symlinkSync(".", join(buckets, "weights/mine/again")),
    "again is a link to a folder",
  ],
])("a link to %s is refused, and nothing is imported", async (_, plant, message) => {
  const { status, body, read } = await imported(plant);
  expect([status, body.message]).toEqual([400, `invalid import: ${message}`]);
  expect(() => read("config.json")).toThrow("ENOENT");
});

test("a link that leads from bucket to bucket is followed, as one in a cache of Hugging Face is", async () => {
  const { status, body, read } = await imported((buckets) => {
    mkdirSync(join(buckets, "blobs"));
    writeFileSync(join(buckets, "blobs/1"), "shared");
    symlinkSync("../../blobs/1", join(buckets, "weights/mine/notes.txt"));
    symlinkSync("nowhere", join(buckets, "weights/mine/dangling.txt"));
  });
  expect([status, body.error]).toEqual([200, null]);
  expect(read("notes.txt")).toBe("shared");
});

test("a bucket that is a link to a folder elsewhere is refused", async () => {
  const { status, body } = await imported((buckets, outside) => symlinkSync(outside, join(buckets, "elsewhere")), {
    s3Bucket: "elsewhere",
    s3Path: "",
  });
  expect([status, body.message]).toEqual([400, "invalid import: the path leads out of the bucket"]);
});

test.each([
  [{ s3Path: "../../outside" }, 400],
  [{ s3Path: "mine/../../../outside" }, 400],
  [{ s3Path: "..\\outside" }, 400],
  [{ s3Bucket: "../outside", s3Path: "" }, 400],
  [{ s3Bucket: "other", s3Path: "../weights/mine" }, 400],
  [{ s3Bucket: "", s3Path: "" }, 400],
  [{ s3Bucket: ".", s3Path: "." }, 400],
  [{ s3Path: "mine\u0000" }, 404],
  [{ s3Bucket: "/etc", s3Path: "" }, 404],
  [{ s3Path: "mine/config.json" }, 404],
])("%j leads nowhere", async (source, status) => {
  const { status: got, read } = await imported(() => undefined, source);
  expect(got).toBe(status);
  expect(() => read("config.json")).toThrow("ENOENT");
});
