import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { createEmulator } from "../../src/index.ts";
import { caller, fresh, SMALL } from "../support/api.ts";
import { inFolder } from "../support/dump.ts";
import { baseFiles, baseModel, readyModel } from "../support/upload.ts";

const MODELS = "/v1/accounts/local/models";

describe("import", () => {
  const source = { s3Bucket: "weights", s3Path: "llama/mine", accessKeyId: "AKIA123", accessSecret: "very secret" };

  test("takes a model from a folder that stands for a bucket, in one operation; credentials are kept nowhere", () =>
    inFolder(async (folder) => {
      for (const [name, bytes] of Object.entries(baseFiles())) {
        const path = join(folder, "weights/llama/mine", name);
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, bytes);
      }
      await using emulator = await createEmulator({ clock: "manual", buckets: folder });
      const call = caller(emulator);
      await call("POST", MODELS, { modelId: "mine", model: baseModel });
      const { status, body } = await call("POST", `${MODELS}/mine:import`, { awsS3Source: source });
      expect([status, body]).toEqual([
        200,
        {
          name: expect.stringMatching(/^accounts\/local\/operations\/[a-z0-9]{16}$/),
          metadata: null,
          done: true,
          error: null,
          response: { warnings: [] },
        },
      ]);
      expect((await call("GET", `${MODELS}/mine`)).body.state).toBe("READY");
      expect(JSON.stringify(await emulator.requests.list())).not.toMatch(/very secret|AKIA123/);
      await call("POST", MODELS, { modelId: "other", model: baseModel });
      writeFileSync(join(folder, "weights/only.txt"), "x");
      mkdirSync(join(folder, "thin/a"), { recursive: true });
      writeFileSync(join(folder, "thin/a/model.bin"), "x");
      const thin = await call("POST", `${MODELS}/other:import`, { awsS3Source: { s3Bucket: "thin", s3Path: "a" } });
      expect(thin.body).toMatchObject({
        done: true,
        error: { code: 9, message: "model upload is not complete: config.json is missing" },
      });
    }));

  test.each<[object, number, string]>([
    [{}, 400, "set one of aws_s3_source and azure_blob_source"],
    [{ awsS3Source: { s3Bucket: "..", s3Path: ".." } }, 400, "leads out of the bucket"],
    [{ awsS3Source: { s3Bucket: "none" } }, 404, "bucket path none/ not found"],
    [{ azureBlobSource: { storageAccount: "a", container: "b" } }, 404, "bucket path a/b/ not found"],
  ])("refuses %j", (body, status, message) =>
    inFolder(async (folder) => {
      await using emulator = await createEmulator({ clock: "manual", buckets: folder });
      const call = caller(emulator);
      await call("POST", MODELS, { modelId: "mine", model: baseModel });
      const refused = await call("POST", `${MODELS}/mine:import`, body);
      expect([refused.status, refused.body.message]).toEqual([status, expect.stringContaining(message)]);
    }),
  );

  test("without a folder says so", async () => {
    const { call } = await fresh();
    await call("POST", MODELS, { modelId: "mine", model: baseModel });
    const { body } = await call("POST", `${MODELS}/mine:import`, { awsS3Source: source });
    expect(body.message).toContain("--buckets");
  });
});

describe("versions of a model", () => {
  test("are kept, counted, and rolled out by new replicas or in place", async () => {
    const { emulator, call } = await fresh({ gpuQuota: Infinity });
    const model = await readyModel(emulator, call, "mine", baseModel, baseFiles());
    const made = await call("POST", `${MODELS}/mine/versions?versionId=v1`, {});
    expect([made.status, made.body.snapshot.name]).toEqual([200, model]);
    await call("PATCH", `${MODELS}/mine`, { displayName: "Later" });
    await call("POST", `${MODELS}/mine/versions`, {});
    expect((await call("GET", `${MODELS}/mine/versions:count`)).body).toEqual({ count: 2 });
    expect((await call("GET", `${MODELS}/mine/versions/v1`)).body.snapshot.displayName).toBe("");
    await call("POST", "/v1/accounts/local/deployments?deploymentId=d", { baseModel: model });
    await emulator.clock.advance({ until: "settled" });
    const deploy = (rolloutStrategy: string, deployment = "accounts/local/deployments/d") =>
      call("POST", `${MODELS}/mine/versions/v1:deploy`, { deployment, rolloutStrategy });
    const rolled = (await deploy("ROLLOUT_STRATEGY_HOT_RELOAD")).body;
    expect(rolled).toMatchObject({ done: true, error: null, response: { activeModelVersion: `${model}/versions/v1` } });
    expect(rolled.response.state).toBe("READY");
    const restarted = (await deploy("ROLLOUT_STRATEGY_STANDARD")).body;
    expect(restarted.response.state).toBe("UPDATING");
    await call("POST", "/v1/accounts/local/deployments?deploymentId=e", { baseModel: SMALL });
    expect((await deploy("ROLLOUT_STRATEGY_STANDARD", "accounts/local/deployments/e")).body.error.code).toBe(3);
    expect((await call("POST", `${MODELS}/mine/versions?versionId=v1`, {})).status).toBe(409);
    expect((await call("POST", `${MODELS}/mine/versions/none:deploy`, {})).status).toBe(404);
  });
});
