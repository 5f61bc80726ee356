import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { describe, expect, test } from "vitest";
import { completionRequest } from "../../src/schema/completion.ts";
import { chatRequest } from "../../src/schema/chat.ts";
import { fresh, SERVERLESS, SMALL } from "../support/api.ts";

/** The official schemas lie beside the project where it is developed; a clone elsewhere does without these tests. */
const folder = fileURLToPath(new URL("../../../shared/reference/openapi/", import.meta.url));
const official = (name: string): { components: { schemas: Record<string, { properties: object }> } } =>
  JSON.parse(readFileSync(`${folder}${name}`, "utf8"));

function validator(document: ReturnType<typeof official>, name: string): (value: unknown) => unknown {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv, ["date-time"]);
  for (const format of ["int32", "int64", "float", "double"]) ajv.addFormat(format, true);
  ajv.addSchema(document, "official");
  const check = ajv.getSchema(`official#/components/schemas/${name}`)!;
  return (value) => (check(value) ? [] : check.errors);
}

/** Unset messages and times are null on the wire, which the official document does not say. */
const withoutNulls = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, inner: unknown) => (inner === null ? undefined : inner)));

test("openapi.json is a valid OpenAPI 3.1 document and names every route", async () => {
  const { call } = await fresh();
  const { body } = await call("GET", "/__emulator/openapi.json");
  const { valid, errors } = await new Validator().validate(structuredClone(body));
  expect(errors ?? []).toEqual([]);
  expect(valid).toBe(true);
  expect(Object.keys(body.paths)).toEqual(
    expect.arrayContaining([
      "/v1/accounts/{account_id}/deployments/{deployment_id}:scale",
      "/inference/v1/chat/completions",
      "/__emulator/clock:advance",
      "/__emulator/openapi.json",
    ]),
  );
});

describe.runIf(existsSync(folder))("the official schemas accept what we answer", () => {
  test("deployments, models, accounts", async () => {
    const { call, emulator } = await fresh();
    const gateway = official("gateway-4.259.0.json");
    const [deployment, model, account] = ["gatewayDeployment", "gatewayModel", "gatewayAccount"].map((name) =>
      validator(gateway, name),
    );
    await call("POST", "/v1/accounts/acme/deployments?deploymentId=d", { baseModel: SMALL });
    for (const until of ["1s", "3s", "2h"]) {
      await emulator.clock.advance(until);
      expect(deployment!(withoutNulls((await call("GET", "/v1/accounts/acme/deployments/d")).body))).toEqual([]);
    }
    for (const item of (await call("GET", "/v1/accounts/fireworks/models?pageSize=200")).body.models)
      expect(model!(withoutNulls(item))).toEqual([]);
    expect(account!(withoutNulls((await call("GET", "/v1/accounts/local")).body))).toEqual([]);
  });

  test("bills, quotas, reservations, shards and metrics", async () => {
    const { call, emulator } = await fresh();
    const gateway = official("gateway-4.259.0.json");
    await call("POST", "/v1/accounts/acme/deployments?deploymentId=d", { baseModel: SMALL });
    await call("POST", "/v1/completions", { model: SERVERLESS, prompt: "hi" });
    await emulator.reservations.create({
      account: "acme",
      acceleratorType: "NVIDIA_H100_80GB",
      multiRegion: "US",
      reservedCount: 80,
    });
    await emulator.clock.advance("2h");
    const span = "startTime=2026-01-01T00:00:00Z&endTime=2026-01-02T00:00:00Z";
    for (const [path, name] of [
      [`billingUsage?${span}`, "gatewayAccountUsage"],
      [`billing/summary?${span}`, "gatewayGetBillingSummaryResponse"],
      ["quotas", "gatewayListQuotasResponse"],
      ["quotas/global--h100-count", "gatewayQuota"],
      ["reservations", "gatewayListReservationsResponse"],
      ["deployments/d/shards", "gatewayListDeploymentShardsResponse"],
      ["deployments/d:metrics", "gatewayGetDeploymentMetricsResponse"],
    ] as const) {
      const { status, body } = await call("GET", `/v1/accounts/acme/${path}`);
      expect([status, validator(gateway, name)(withoutNulls(body))], path).toEqual([200, []]);
      // the official schemas are open: fields of ours that they do not have would pass
      const known = Object.keys(gateway.components.schemas[name]!.properties);
      expect(known, path).toEqual(expect.arrayContaining(Object.keys(body)));
    }
    expect((await call("GET", "/v1/accounts/local/billingUsage?" + span)).body.serverlessCosts).toHaveLength(1);
  });

  test("every official field of a deployment is one of ours", async () => {
    const { call } = await fresh();
    const { body } = await call("POST", "/v1/accounts/acme/deployments", { baseModel: SMALL });
    expect(Object.keys(body)).toEqual(
      expect.arrayContaining(
        Object.keys(official("gateway-4.259.0.json").components.schemas["gatewayDeployment"]!.properties),
      ),
    );
  });

  test("completions and chat, whole and in chunks", async () => {
    const { call } = await fresh();
    const document = official("text-completion-0.1.0.json");
    const cases = [
      ["/v1/completions", { prompt: "hi" }, "CompletionResponse", "CompletionStreamResponse"],
      [
        "/v1/chat/completions",
        { messages: [{ role: "user", content: "hi" }] },
        "ChatCompletionResponse",
        "ChatCompletionStreamResponse",
      ],
    ] as const;
    for (const [path, body, whole, chunk] of cases) {
      expect(validator(document, whole)((await call("POST", path, { model: SERVERLESS, ...body })).body)).toEqual([]);
      const { text } = await call("POST", path, { model: SERVERLESS, ...body, stream: true });
      const check = validator(document, chunk);
      for (const frame of text.split("\n\n").slice(0, -2))
        expect(check(JSON.parse(frame.slice("data: ".length)))).toEqual([]);
    }
  });

  test("every official request field is accepted", () => {
    const { schemas } = official("text-completion-0.1.0.json").components;
    expect(Object.keys(completionRequest.shape)).toEqual(
      expect.arrayContaining(Object.keys(schemas["CompletionRequest"]!.properties)),
    );
    expect(Object.keys(chatRequest.shape)).toEqual(
      expect.arrayContaining(Object.keys(schemas["ChatCompletionRequest"]!.properties)),
    );
  });
});
