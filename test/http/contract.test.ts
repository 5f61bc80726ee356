import { existsSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, test } from "vitest";
import { completionRequest } from "../../src/schema/completion.ts";
import { embeddingRequest, rerankRequest } from "../../src/schema/embedding.ts";
import { messageRequest } from "../../src/schema/message.ts";
import { responseRequest } from "../../src/schema/response.ts";
import { chatRequest } from "../../src/schema/chat.ts";
import { chunksOf } from "../support/fold.ts";
import { closed, folder, official, validator, withoutNulls } from "../support/official.ts";
import { fresh, SERVERLESS, SMALL } from "../support/api.ts";

/**
 * What the service was seen to send although its (closed) schemas do not have it yet: the index of a tool call, and
 * how many tokens went into reasoning (inference §3.4).
 */
const newer = new Set(["completion_tokens_details", "output_tokens_details"]);
const withoutNewer = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, function (this: { function?: unknown }, key, inner: unknown) {
      return newer.has(key) || (key === "index" && this.function !== undefined) ? undefined : inner;
    }),
  );

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

  test("completions and chat, whole and in chunks, with nothing that the official schemas do not know", async () => {
    const { call } = await fresh();
    const document = official("text-completion-0.1.0.json");
    const messages = [{ role: "user", content: "What is the weather in Paris?" }];
    const told = {
      logprobs: true,
      top_logprobs: 2,
      return_token_ids: true,
      raw_output: true,
      perf_metrics_in_response: true,
    };
    const tools = [{ type: "function", function: { name: "get_weather" } }];
    const model = "accounts/fireworks/models/qwen3-8b";
    const chats = [
      {},
      { logprobs: 2 },
      told,
      { tools },
      { tools, ...told },
      { model },
      { model, ...told, n: 2 },
      { max_tokens: 0 },
    ];
    const completions = [
      {},
      { logprobs: 3, echo: true },
      told,
      { n: 2, max_tokens: 4 },
      { response_format: { type: "json_object" } },
    ];
    const cases = [
      ...completions.map((more) => ["/v1/completions", { prompt: "hi", ...more }, "Completion"] as const),
      ...chats.map((more) => ["/v1/chat/completions", { messages, ...more }, "ChatCompletion"] as const),
    ];
    for (const [path, body, name] of cases) {
      const whole = (await call("POST", path, { model: SERVERLESS, ...body })).body;
      expect(validator(document, `${name}Response`)(withoutNewer(whole)), JSON.stringify(body)).toEqual([]);
      for (const stream_options of [undefined, { include_usage: true }]) {
        const { text } = await call("POST", path, { model: SERVERLESS, ...body, stream: true, stream_options });
        const check = validator(document, `${name}StreamResponse`);
        for (const chunk of chunksOf(text)) expect(check(withoutNewer(chunk)), JSON.stringify(body)).toEqual([]);
      }
    }
  });

  test("Messages, whole and in events, with nothing that the official schemas do not know", async () => {
    const { call } = await fresh();
    const document = closed(official("anthropic-messages-1.0.0.json"));
    const [message, event] = ["AnthropicMessage", "AnthropicMessageStreamEvent"].map((name) =>
      validator(document, name),
    );
    const tools = [{ name: "get_weather", input_schema: { type: "object", properties: {} } }];
    const model = "accounts/fireworks/models/qwen3-8b";
    for (const more of [
      {},
      { model },
      { tools },
      { tools, model, tool_choice: { type: "any" } },
      { raw_output: true },
    ]) {
      const messages = [{ role: "user", content: "What is the weather in Paris?" }];
      const body = { model: SERVERLESS, max_tokens: 100, messages, ...more };
      // the service tells usage, which its schema leaves out (inference §5.5)
      const { usage: _, ...whole } = (await call("POST", "/v1/messages", body)).body;
      expect(message!(whole)).toEqual([]);
      const { text } = await call("POST", "/v1/messages", { ...body, stream: true });
      for (const frame of text.split("\n\n").slice(0, -1)) {
        const data = JSON.parse(frame.slice(frame.indexOf("data: ") + 6));
        if (data.message) delete data.message.usage;
        if (data.usage) data.usage = { output_tokens: data.usage.output_tokens };
        expect(event!(data), frame).toEqual([]);
      }
    }
    const refused = (await call("POST", "/v1/messages", { model, messages: [] })).body;
    expect(validator(document, "AnthropicErrorResponse")(refused)).toEqual([]);
  });

  test("Responses, whole, in events, stored and listed, with nothing that the official schemas do not know", async () => {
    const { call } = await fresh();
    const document = closed(official("responses-0.6.1.json"));
    const [response, list, deleted] = ["Response", "ResponseList", "DeleteResponse"].map((name) =>
      validator(document, name),
    );
    // newer than the schemas: reasoning items, annotations and logprobs of a text (inference §5.2)
    const known = (body: any): any => ({
      ...body,
      output: body.output
        .filter(({ type }: any) => type !== "reasoning")
        .map((item: any) => ({
          ...item,
          ...(item.content ? { content: item.content.map(({ type, text }: any) => ({ type, text })) } : {}),
        })),
    });
    const tools = [{ type: "function", name: "get_weather" }];
    const model = "accounts/fireworks/models/qwen3-8b";
    for (const more of [{}, { model }, { tools }, { max_output_tokens: 2 }, { background: true }]) {
      const body = { model: SERVERLESS, input: "What is the weather in Paris?", ...more };
      const whole = (await call("POST", "/v1/responses", body)).body;
      expect(response!(known(whole)), JSON.stringify(more)).toEqual([]);
      expect(response!(known((await call("GET", `/v1/responses/${whole.id}`)).body))).toEqual([]);
      if ("background" in more) continue;
      const { text } = await call("POST", "/v1/responses", { ...body, stream: true });
      for (const frame of text.split("\n\n").slice(0, -2)) {
        const data = JSON.parse(frame.slice(frame.indexOf("data: ") + 6));
        if (data.response) expect(response!(known(data.response)), frame).toEqual([]);
      }
    }
    const all = (await call("GET", "/v1/responses")).body;
    expect(all.data.length).toBe(9);
    expect(list!({ ...all, data: all.data.map(known) })).toEqual([]);
    expect(deleted!((await call("DELETE", `/v1/responses/${all.first_id}`)).body)).toEqual([]);
  });

  test("every official request field is accepted", () => {
    const asked = official("responses-0.6.1.json").components.schemas["CreateResponse"]!.properties;
    expect(Object.keys(responseRequest.shape)).toEqual(expect.arrayContaining(Object.keys(asked)));
    const { schemas } = official("text-completion-0.1.0.json").components;
    expect(Object.keys(completionRequest.shape)).toEqual(
      expect.arrayContaining(Object.keys(schemas["CompletionRequest"]!.properties)),
    );
    expect(Object.keys(chatRequest.shape)).toEqual(
      expect.arrayContaining(Object.keys(schemas["ChatCompletionRequest"]!.properties)),
    );
    expect(Object.keys(embeddingRequest.shape)).toEqual(
      expect.arrayContaining(Object.keys(schemas["EmbeddingRequest"]!.properties)),
    );
    expect(Object.keys(rerankRequest.shape)).toEqual(
      expect.arrayContaining(Object.keys(schemas["RerankRequestBody"]!.properties)),
    );
    const messages = official("anthropic-messages-1.0.0.json").components.schemas["AnthropicCreateMessageParams"]!;
    expect(Object.keys(messageRequest.shape)).toEqual(expect.arrayContaining(Object.keys(messages.properties)));
  });
});
