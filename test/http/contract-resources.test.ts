import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { fresh, SMALL } from "../support/api.ts";
import { closed, folder, official, validator, withoutNulls } from "../support/official.ts";
import { addonFiles, addonOf, baseFiles, baseModel, readyModel } from "../support/upload.ts";

const ACCOUNT = "/v1/accounts/local";
const D = "accounts/local/deployments/d";

/** A world in which there is one of every kind. */
async function filled() {
  const { emulator, call } = await fresh({ gpuQuota: Infinity });
  await readyModel(emulator, call, "mine", baseModel, baseFiles());
  await readyModel(emulator, call, "lora", addonOf(SMALL), addonFiles());
  await call("POST", `${ACCOUNT}/deployments?deploymentId=d`, { baseModel: SMALL, enableAddons: true });
  await call("POST", `${ACCOUNT}/deployedModels`, { model: "accounts/local/models/lora", deployment: D });
  await call("POST", `${ACCOUNT}/routers?routerId=r`, { deployments: [D] });
  await call("POST", `${ACCOUNT}/secrets`, { name: "s", keyName: "K", value: "v" });
  await call("POST", `${ACCOUNT}/users/owner/apiKeys`, { apiKey: {} });
  await emulator.clock.advance({ until: "settled" });
  return { emulator, call };
}

describe.runIf(existsSync(folder))("the gateway's schemas, closed, accept every resource and every list of", () => {
  test.each([
    ["users", "gatewayUser", "gatewayListUsersResponse", ACCOUNT],
    ["apiKeys", "gatewayApiKey", "gatewayListApiKeysResponse", `${ACCOUNT}/users/owner`],
    ["secrets", "gatewaySecret", "gatewayListSecretsResponse", ACCOUNT],
    ["models", "gatewayModel", "gatewayListModelsResponse", ACCOUNT],
    ["deployedModels", "gatewayDeployedModel", "gatewayListDeployedModelsResponse", ACCOUNT],
    ["routers", "gatewayRouter", "gatewayListRoutersResponse", ACCOUNT],
    ["auditLogs", "gatewayAuditLogEntry", "gatewayListAuditLogsResponse", ACCOUNT],
    ["deploymentShapes", "gatewayDeploymentShape", "gatewayListDeploymentShapesResponse", "/v1/accounts/fireworks"],
    [
      "versions",
      "gatewayDeploymentShapeVersion",
      "gatewayListDeploymentShapeVersionsResponse",
      "/v1/accounts/-/deploymentShapes/-",
    ],
  ])("%s", async (collection, schema, listSchema, parent) => {
    const { call } = await filled();
    const gateway = closed(official("gateway-4.259.0.json"));
    const { status, body } = await call("GET", `${parent}/${collection}?pageSize=200`);
    expect(status).toBe(200);
    const key = collection === "versions" ? "deploymentShapeVersions" : collection;
    expect(body[key].length).toBeGreaterThan(0);
    for (const item of body[key]) expect(validator(gateway, schema)(withoutNulls(item))).toEqual([]);
    if (gateway.components.schemas[listSchema]) {
      expect(validator(gateway, listSchema)(withoutNulls(body))).toEqual([]);
    }
    const name: string | undefined = body[key][0].name;
    if (!name || collection === "auditLogs") return;
    // a model shows where it is deployed only by itself
    expect((await call("GET", `/v1/${name}`)).body).toMatchObject({
      ...body[key][0],
      ...(collection === "models" ? { deployedModelRefs: expect.any(Array) } : {}),
    });
    const masked = await call("GET", `/v1/${name}?readMask=name`);
    expect(masked.body).toEqual({ name });
  });

  test("what uploads answer", async () => {
    const { call } = await filled();
    const gateway = closed(official("gateway-4.259.0.json"));
    await call("POST", `${ACCOUNT}/models`, { modelId: "new", model: baseModel });
    const endpoint = await call("POST", `${ACCOUNT}/models/new:getUploadEndpoint`, { filenameToSize: { a: "1" } });
    expect(validator(gateway, "gatewayGetModelUploadEndpointResponse")(endpoint.body)).toEqual([]);
    const download = await call("GET", `${ACCOUNT}/models/mine:getDownloadEndpoint`);
    expect(validator(gateway, "gatewayGetModelDownloadEndpointResponse")(download.body)).toEqual([]);
    const validated = await call("GET", `${ACCOUNT}/models/mine:validateUpload`);
    expect(validator(gateway, "gatewayValidateModelUploadResponse")(validated.body)).toEqual([]);
  });
});
