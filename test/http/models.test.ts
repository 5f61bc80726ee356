import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createEmulator } from "../../src/index.ts";
import { caller, fresh } from "../support/api.ts";
import { inFolder } from "../support/dump.ts";
import {
  addonFiles,
  addonOf,
  baseFiles,
  baseModel,
  config,
  readyModel,
  safetensors,
  upload,
} from "../support/upload.ts";

const MODELS = "/v1/accounts/local/models";
const MINE = "accounts/local/models/mine";
const BASE = "accounts/fireworks/models/llama-v3p2-3b-instruct";

describe("a custom model", () => {
  test("is made, uploaded, validated, deployed and asked; its numbers come from its files", async () => {
    const { emulator, call } = await fresh();
    const created = await call("POST", MODELS, { modelId: "mine", model: baseModel });
    expect([created.status, created.body.state, created.body.kind]).toEqual([200, "UPLOADING", "HF_BASE_MODEL"]);
    expect((await call("POST", "/v1/accounts/local/deployments", { baseModel: MINE })).body.message).toContain(
      "is not ready",
    );
    await upload(emulator, call, MINE, baseFiles());
    expect((await call("GET", `${MODELS}/mine:validateUpload`)).body).toEqual({ warnings: [] });
    const { body: model } = await call("GET", `${MODELS}/mine`);
    expect(model).toMatchObject({
      state: "READY",
      contextLength: 2048,
      baseModelDetails: { parameterCount: "128000", modelType: "llama", defaultPrecision: "BF16", moe: false },
    });
    const deployed = await call("POST", "/v1/accounts/local/deployments?deploymentId=d", { baseModel: MINE });
    expect(deployed.status).toBe(200);
    await emulator.clock.advance({ until: "settled" });
    const { status, body } = await call("POST", "/v1/chat/completions", {
      model: MINE,
      messages: [{ role: "user", content: "Say hello" }],
    });
    expect([status, body.model, body.choices[0].message.content]).toEqual([200, MINE, "Hello."]);
    const long = await call("POST", "/v1/completions", { model: MINE, prompt: "word ".repeat(3000) });
    expect(long.body.error.message).toContain("model maximum context length: 2048");
    const refused = await call("DELETE", `${MODELS}/mine`);
    expect([refused.status, refused.body.message]).toEqual([400, `model ${MINE} has active deployments`]);
    await call("DELETE", "/v1/accounts/local/deployments/d?ignoreChecks=true&hard=true");
    expect((await call("DELETE", `${MODELS}/mine`)).body).toEqual({});
    expect((await call("GET", `${MODELS}/mine`)).status).toBe(404);
  });

  test("comes back byte for byte", async () => {
    const { emulator, call } = await fresh();
    const files = baseFiles();
    await readyModel(emulator, call, "mine", baseModel, files);
    const { body } = await call("GET", `${MODELS}/mine:getDownloadEndpoint`);
    for (const [name, url] of Object.entries<string>(body.filenameToSignedUrls)) {
      const response = await emulator.fetch(url);
      expect(Buffer.from(await response.arrayBuffer()).equals(files[name]!)).toBe(true);
    }
    expect((await call("GET", `/v1/${BASE}:getDownloadEndpoint`)).status).toBe(400);
  });

  test("is listed with the others of its account, filtered, changed; prepared in another precision", async () => {
    const { emulator, call } = await fresh();
    await readyModel(emulator, call, "mine", baseModel, baseFiles());
    await call("POST", MODELS, { modelId: "other", model: baseModel });
    const list = (await call("GET", `${MODELS}?filter=state=READY`)).body;
    expect(list.models.map(({ name }: any) => name)).toEqual([MINE]);
    const changed = await call("PATCH", `${MODELS}/mine`, { displayName: "Mine", public: true });
    expect(changed.body).toMatchObject({ displayName: "Mine", public: true, state: "READY" });
    const immutable = await call("PATCH", `${MODELS}/mine`, { kind: "HF_PEFT_ADDON" });
    expect([immutable.status, immutable.body.message]).toEqual([400, "invalid model: kind is immutable"]);
    expect((await call("POST", `${MODELS}/mine:prepare`, { precision: "FP8" })).body).toEqual({});
    expect((await call("POST", `${MODELS}/other:prepare`, { precision: "FP8" })).status).toBe(400);
  });

  test("with its files outlives a restart, and a reset takes them away", () =>
    inFolder(async (folder) => {
      const database = `${folder}/world.db`;
      {
        await using emulator = await createEmulator({ clock: "manual", database });
        await readyModel(emulator, caller(emulator), "mine", baseModel, baseFiles());
      }
      await using emulator = await createEmulator({ clock: "manual", database });
      const call = caller(emulator);
      expect((await call("POST", "/v1/accounts/local/deployments", { baseModel: MINE })).status).toBe(200);
      const { body } = await call("GET", `${MODELS}/mine:getDownloadEndpoint`);
      expect((await emulator.fetch(body.filenameToSignedUrls["config.json"])).status).toBe(200);
      expect(existsSync(`${database}.files/${MINE}/config.json`)).toBe(true);
      await emulator.reset();
      expect(existsSync(`${database}.files`)).toBe(false);
    }));
});

describe("validation", () => {
  const without = (...names: string[]) => {
    const files: Record<string, Buffer> = baseFiles();
    for (const name of names) delete files[name];
    return files;
  };
  const withConfig = (more: object) => ({
    ...baseFiles(),
    "config.json": Buffer.from(JSON.stringify({ ...config, ...more })),
  });
  const broken = Buffer.concat([safetensors({ w: [10] }), Buffer.alloc(1)]);

  test.each<[string, Record<string, Buffer>, string]>([
    ["no config", without("config.json"), "config.json is missing"],
    ["no weights", without("model.safetensors"), "there are no weights"],
    ["no tokenizer", without("tokenizer.json", "tokenizer_config.json"), "the tokenizer is missing"],
    ["no index", { ...baseFiles(), "more.safetensors": safetensors({ w: [1] }) }, "need an index"],
    [
      "a config that is no JSON",
      { ...baseFiles(), "config.json": Buffer.from("{") },
      "config.json is not a JSON object",
    ],
    ["quantised weights", withConfig({ quantization_config: { bits: 4 } }), "must not have a quantization_config"],
    ["an unknown architecture", withConfig({ architectures: ["Strange"] }), "unsupported architecture Strange"],
    ["no architecture", withConfig({ architectures: [] }), "does not name its architectures"],
    [
      "weights that are none",
      { ...baseFiles(), "model.safetensors": Buffer.alloc(64, 255) },
      "its header is longer than it",
    ],
    [
      "weights with bytes left over",
      { ...baseFiles(), "model.safetensors": broken },
      "is not a safetensors file: its weights have",
    ],
  ])("refuses %s", async (_, files, message) => {
    const { emulator, call } = await fresh();
    await call("POST", MODELS, { modelId: "mine", model: baseModel });
    await upload(emulator, call, MINE, files);
    const { status, body } = await call("GET", `${MODELS}/mine:validateUpload`);
    expect([status, body.message]).toEqual([400, expect.stringContaining(message)]);
    expect((await call("GET", `${MODELS}/mine`)).body.state).toBe("UPLOADING");
  });

  test("warns of a model that cannot chat; skips what it is told to; looks at the config alone", async () => {
    const { emulator, call } = await fresh();
    await call("POST", MODELS, { modelId: "mine", model: baseModel });
    const files = { ...withConfig({ architectures: ["Strange"] }), "tokenizer_config.json": Buffer.from("{}") };
    await upload(emulator, call, MINE, files);
    expect((await call("GET", `${MODELS}/mine:validateUpload?configOnly=true`)).status).toBe(400);
    const skipping = `${MODELS}/mine:validateUpload?skipHfConfigValidation=true`;
    expect((await call("GET", `${skipping}&configOnly=true`)).body).toEqual({ warnings: [] });
    expect((await call("GET", `${MODELS}/mine`)).body.state).toBe("UPLOADING");
    const { warnings } = (await call("GET", skipping)).body;
    expect(warnings).toEqual(["tokenizer_config.json has no chat_template: the model cannot chat"]);
    expect((await call("GET", `${MODELS}/mine`)).body.state).toBe("READY");
  });

  test("an addon's weights have to be of its modules", async () => {
    const { emulator, call } = await fresh();
    await call("POST", MODELS, { modelId: "lora", model: addonOf(BASE) });
    await upload(
      emulator,
      call,
      "accounts/local/models/lora",
      addonFiles("base_model.model.layers.0.strange.lora_A.weight"),
    );
    const { status, body } = await call("GET", `${MODELS}/lora:validateUpload`);
    expect([status, body.message]).toEqual([
      400,
      "LoRA validation failed: LoRA keys reference non-existent base model parameters: base_model.model.layers.0.strange.lora_A.weight",
    ]);
  });

  test.each<[object, number, string]>([
    [{ modelId: "Mine" }, 400, 'invalid model ID "Mine"'],
    [{}, 400, "invalid model: model_id is required"],
    [{ modelId: "m" }, 400, "peft_details.base_model is required"],
    [
      { modelId: "m", model: { peftDetails: { baseModel: "x", r: 8, targetModules: ["q_proj"] } } },
      400,
      "create_model: invalid base model name",
    ],
    [
      { modelId: "m", model: addonOf("accounts/a/models/none") },
      404,
      "create_model: Model accounts/a/models/none not found",
    ],
    [
      { modelId: "m", model: { peftDetails: { baseModel: BASE, r: 128, targetModules: ["q_proj"] } } },
      400,
      "peft_details.r must be between 4 and 64",
    ],
    [
      { modelId: "m", model: { peftDetails: { baseModel: BASE, r: 8, targetModules: ["embed"] } } },
      400,
      "unsupported target modules: embed",
    ],
    [{ modelId: "m", model: { ...baseModel, defaultDraftModel: "x" } }, 400, "default_draft_token_count is required"],
  ])("refuses to make %j", async (body, status, message) => {
    const { call } = await fresh();
    const refused = await call("POST", MODELS, body);
    expect([refused.status, refused.body.message]).toEqual([status, expect.stringContaining(message)]);
  });
});
