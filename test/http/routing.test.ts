import { describe, expect, test } from "vitest";
import { fresh, SMALL } from "../support/api.ts";

const COMPLETIONS = "/inference/v1/completions";

describe("model identifiers (control-plane §8)", () => {
  const D = "accounts/local/deployments/d";
  test.each([
    [`${SMALL}#${D}`, SMALL],
    ["fireworks/llama-v3p2-3b-instruct#local/d", SMALL],
    ["llama-v3p2-3b-instruct#d", SMALL],
    [D, D],
    ["local/d", D],
    ["d", D],
    ["accounts/local/routers/d", "accounts/local/routers/d"],
    [SMALL, SMALL],
    ["fireworks/llama-v3p2-3b-instruct", SMALL],
    ["llama-v3p2-3b-instruct", SMALL],
  ])("%s", async (model, echo) => {
    const { call, emulator } = await fresh();
    await call("POST", "/v1/accounts/local/deployments?deploymentId=d", { baseModel: SMALL });
    await emulator.clock.advance({ until: "settled" });
    const { status, body, headers } = await call("POST", COMPLETIONS, { model, prompt: "hi" });
    expect([status, body.model, headers.get("fireworks-deployment")]).toEqual([200, echo, D]);
  });

  test("the deployed model that the model names; a deployment told not to is no default", async () => {
    const { call, emulator } = await fresh();
    await call("POST", "/v1/accounts/local/deployments?deploymentId=quiet&disableAutoDeploy=true", {
      baseModel: SMALL,
    });
    await call("POST", "/v1/accounts/local/deployments?deploymentId=d", { baseModel: SMALL });
    await emulator.clock.advance({ until: "settled" });
    const [ref, ...rest] = (await call("GET", `/v1/${SMALL}`)).body.deployedModelRefs;
    expect(rest).toEqual([]);
    expect(ref).toMatchObject({ deployment: D, state: "DEPLOYED", default: true });
    const { headers } = await call("POST", COMPLETIONS, { model: ref.name, prompt: "hi" });
    expect(headers.get("fireworks-deployment")).toBe(D);
    expect((await call("POST", COMPLETIONS, { model: SMALL, prompt: "hi" })).headers.get("fireworks-deployment")).toBe(
      D,
    );
  });

  test("GET /models lists what can be called", async () => {
    const { call } = await fresh();
    const { body } = await call("GET", "/v1/models");
    expect(body.data.find((model: { id: string }) => model.id === "accounts/fireworks/models/glm-5")).toEqual({
      id: "accounts/fireworks/models/glm-5",
      object: "model",
      owned_by: "fireworks",
      created: 1770826344,
      kind: "HF_BASE_MODEL",
      supports_chat: true,
      supports_image_input: false,
      supports_tools: true,
      context_length: 202752,
    });
    expect((await call("GET", "/inference/v1/models/accounts/fireworks/models/glm-5")).body.id).toBe(
      "accounts/fireworks/models/glm-5",
    );
  });
});
