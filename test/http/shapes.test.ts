import { describe, expect, test } from "vitest";
import { fresh, SMALL } from "../support/api.ts";

const SHAPES = "/v1/accounts/fireworks/deploymentShapes";
const LARGE = "accounts/fireworks/models/llama-v3p3-70b-instruct";

describe("deployment shapes", () => {
  test("come with each model in three presets, each with a validated version", async () => {
    const { call } = await fresh();
    const { body } = await call("GET", `${SHAPES}?targetModel=${LARGE}`);
    expect(body.deploymentShapes.map(({ presetType }: any) => presetType).sort()).toEqual([
      "FAST",
      "MINIMAL",
      "THROUGHPUT",
    ]);
    const minimal = (await call("GET", `${SHAPES}/llama-v3p3-70b-instruct-minimal`)).body;
    expect(minimal).toMatchObject({ baseModel: LARGE, modelType: "llama", presetType: "MINIMAL" });
    const filter = encodeURIComponent(`snapshot.base_model="${LARGE}" AND latest_validated=true`);
    const versions = (await call("GET", `/v1/accounts/-/deploymentShapes/-/versions?filter=${filter}`)).body;
    expect(versions.deploymentShapeVersions).toHaveLength(3);
    const [version] = (await call("GET", `${SHAPES}/llama-v3p3-70b-instruct-minimal/versions`)).body
      .deploymentShapeVersions;
    expect(version.name).toMatch(/\/versions\/[a-z0-9]{8}$/);
    expect((await call("GET", `/v1/${version.name}`)).body).toEqual(version);
    expect(version.snapshot).toEqual(minimal);
    expect((await call("GET", `${SHAPES}/none`)).status).toBe(404);
  });

  test("a deployment takes its hardware from a shape, by shorthand, name or version, and shows the version", async () => {
    const { call } = await fresh({ gpuQuota: Infinity });
    const shape = (await call("GET", `${SHAPES}/llama-v3p3-70b-instruct-fast`)).body;
    const [version] = (await call("GET", `${SHAPES}/llama-v3p3-70b-instruct-fast/versions`)).body
      .deploymentShapeVersions;
    for (const deploymentShape of ["fast", shape.name, version.name]) {
      const { status, body } = await call("POST", "/v1/accounts/local/deployments", {
        baseModel: LARGE,
        deploymentShape,
      });
      expect(status).toBe(200);
      expect(body).toMatchObject({
        deploymentShape: version.name,
        acceleratorType: shape.acceleratorType,
        acceleratorCount: shape.acceleratorCount,
        precision: shape.precision,
      });
    }
  });

  test.each([
    [{ deploymentShape: "none" }, 404, "deployment shape none not found"],
    [{ deploymentShape: "accounts/fireworks/deploymentShapes/llama-v3p3-70b-instruct-fast" }, 400, "is for base model"],
    [
      { deploymentShape: "fast", acceleratorType: "NVIDIA_H100_80GB" },
      400,
      "accelerator_type cannot be set together with",
    ],
  ])("refuses %j", async (more, status, message) => {
    const { call } = await fresh();
    const refused = await call("POST", "/v1/accounts/local/deployments", { baseModel: SMALL, ...more });
    expect(refused.status).toBe(status);
    expect(refused.body.message).toContain(message);
  });
});
