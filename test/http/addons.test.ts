import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { EmulatorOptions } from "../../src/index.ts";
import { createEmulator } from "../../src/index.ts";
import { caller, fresh } from "../support/api.ts";
import { inFolder } from "../support/dump.ts";
import { addonFiles, addonOf, readyModel } from "../support/upload.ts";

const BASE = "accounts/fireworks/models/llama-v3p2-3b-instruct";
const LORA = "accounts/local/models/lora";
const D = "accounts/local/deployments/d";
const LOADED = "/v1/accounts/local/deployedModels";
const messages = [{ role: "user", content: "Why is the sea salty?" }];

/** An addon that is READY, and a deployment of its base that serves. */
async function world(deployment: object = { enableAddons: true }, options: EmulatorOptions = {}) {
  const { emulator, call } = await fresh({ gpuQuota: Infinity, ...options });
  await readyModel(emulator, call, "lora", addonOf(BASE), addonFiles());
  await call("POST", "/v1/accounts/local/deployments?deploymentId=d", { baseModel: BASE, ...deployment });
  await emulator.clock.advance({ until: "settled" });
  const ask = async (model: string) => call("POST", "/v1/chat/completions", { model, messages });
  const load = (more: object = {}, query = "") =>
    call("POST", `${LOADED}${query}`, { model: LORA, deployment: D, ...more });
  return { emulator, call, ask, load };
}

describe("an addon", () => {
  test("is DEPLOYING, then DEPLOYED, answers under every name it has, and is UNDEPLOYING before it is gone", async () => {
    const { emulator, call, ask, load } = await world();
    expect((await ask(LORA)).status).toBe(404);
    const { status, body: loaded } = await load();
    expect([status, loaded.state, loaded.default]).toEqual([200, "DEPLOYING", true]);
    expect(loaded.name).toMatch(/^accounts\/local\/deployedModels\/lora-[a-z0-9]{8}$/);
    expect((await ask(`${LORA}#${D}`)).status).toBe(404);
    await emulator.clock.advance("1s");
    expect((await call("GET", `/v1/${loaded.name}`)).body.state).toBe("DEPLOYED");
    const base = (await ask(`${BASE}#${D}`)).body;
    for (const [model, echo] of [
      [`${LORA}#${D}`, LORA],
      ["local/lora#local/d", LORA],
      [LORA, LORA],
      [loaded.name, loaded.name],
    ]) {
      const { status: answered, body } = await ask(model!);
      expect([answered, body.model], model).toEqual([200, echo]);
      expect(body.choices[0].message.content).not.toBe(base.choices[0].message.content);
    }
    const { body: model } = await call("GET", `/v1/${LORA}`);
    expect(model.deployedModelRefs).toEqual([
      { name: loaded.name, deployment: D, state: "DEPLOYED", default: true, public: false },
    ]);
    expect((await call("DELETE", `/v1/${LORA}`)).status).toBe(400);
    expect((await call("DELETE", `/v1/${loaded.name}`)).body).toEqual({});
    expect((await call("GET", `/v1/${loaded.name}`)).body.state).toBe("UNDEPLOYING");
    expect((await ask(LORA)).status).toBe(404);
    await emulator.clock.advance("1s");
    expect((await call("GET", `/v1/${loaded.name}`)).status).toBe(404);
    expect((await call("DELETE", `/v1/${LORA}`)).body).toEqual({});
  });

  test("becomes DEPLOYED in its time when the server was stopped in between", () =>
    inFolder(async (folder) => {
      const database = join(folder, "world.db");
      const { emulator, load } = await world(undefined, { database });
      const { name } = (await load()).body;
      await emulator.close();
      await using again = await createEmulator({ database, clock: "manual" });
      const state = async () => (await caller(again)("GET", `/v1/${name}`)).body.state;
      expect(await state()).toBe("DEPLOYING");
      await again.clock.advance("1s");
      expect(await state()).toBe("DEPLOYED");
    }));

  test.each<[object, object, number, string]>([
    [{}, {}, 400, "addons are not enabled on deployment"],
    [
      { enableAddons: true },
      { deployment: "accounts/local/deployments/none" },
      404,
      "deployment accounts/local/deployments/none not found",
    ],
    [
      { enableAddons: true },
      { model: "accounts/local/models/none" },
      404,
      "model accounts/local/models/none not found",
    ],
    [{ enableAddons: true }, { model: BASE }, 409, "is deployed with its deployments"],
    [{ enableAddons: true }, { model: "" }, 400, "model is required"],
  ])("on %j %j is refused", async (deployment, body, status, message) => {
    const { load } = await world(deployment);
    const refused = await load(body);
    expect([refused.status, refused.body.message]).toEqual([status, expect.stringContaining(message)]);
  });

  test("of another base, not ready, or loaded already is refused", async () => {
    const { emulator, call, load } = await world();
    await readyModel(
      emulator,
      call,
      "other",
      addonOf("accounts/fireworks/models/llama-v3p1-8b-instruct"),
      addonFiles(),
    );
    const other = await load({ model: "accounts/local/models/other" });
    expect([other.status, other.body.message]).toEqual([
      400,
      expect.stringContaining("base model of accounts/local/models/other is"),
    ]);
    await call("POST", "/v1/accounts/local/models", { modelId: "young", model: addonOf(BASE) });
    expect((await load({ model: "accounts/local/models/young" })).body.message).toContain("is not ready");
    await load();
    expect((await load()).status).toBe(409);
  });

  test("goes with its deployment, outlives nothing else, and moves time in skip mode", async () => {
    const { call, load } = await world({ enableAddons: true }, { clock: "skip" });
    const { body } = await load();
    expect((await call("GET", `/v1/${body.name}`)).body.state).toBe("DEPLOYED");
    await call("DELETE", `/v1/${D}?hard=true&ignoreChecks=true`);
    expect((await call("GET", LOADED)).body.deployedModels).toEqual([]);
  });
});

test("the quota of deployed models is enforced, and shows what is used", async () => {
  const { call, load } = await world();
  const quota = "/v1/accounts/local/quotas/deployed-model-count";
  expect((await call("GET", quota)).body).toMatchObject({ value: "100", maxValue: "100", usage: 0 });
  expect((await call("PATCH", quota, { value: "0" })).body).toMatchObject({ value: "0", maxValue: "100" });
  const refused = await load();
  expect([refused.status, refused.body.message]).toEqual([
    429,
    "deployed-model-count for account local, in use: 0, quota: 0, requesting: 1",
  ]);
  await call("PATCH", quota, { value: "1" });
  expect((await load()).status).toBe(200);
  expect((await call("GET", quota)).body.usage).toBe(1);
  expect((await call("PATCH", quota, { value: "101" })).status).toBe(400);
});

describe("hot reload", () => {
  test("one addon is merged, answers under the deployment's name, and is replaced on demand alone", async () => {
    const { emulator, call, ask, load } = await world({ enableHotReloadLatestAddon: true });
    await readyModel(emulator, call, "next", addonOf(BASE), addonFiles());
    const plain = (await ask(D)).body.choices[0].message.content;
    await load();
    await emulator.clock.advance("1s");
    const merged = (await ask(D)).body;
    expect(merged.model).toBe(D);
    const next = { model: "accounts/local/models/next" };
    expect((await load(next)).body.message).toContain("set replace_merged_addon");
    expect((await load({}, "?replaceMergedAddon=true")).status).toBe(409);
    expect((await load(next, "?replaceMergedAddon=true")).status).toBe(200);
    await emulator.clock.advance("1s");
    expect((await ask(LORA)).status).toBe(404);
    expect((await ask(next.model)).status).toBe(200);
    expect(plain.length).toBeGreaterThan(0);
  });
});

describe("live merge", () => {
  test("a deployment of an addon serves it alone; weights of 8 bits do not", async () => {
    const { emulator, call, ask } = await world();
    const made = await call("POST", "/v1/accounts/local/deployments?deploymentId=m", { baseModel: LORA });
    expect([made.status, made.body.baseModel]).toEqual([200, LORA]);
    await emulator.clock.advance({ until: "settled" });
    expect((await ask(`${LORA}#accounts/local/deployments/m`)).status).toBe(200);
    expect((await ask("accounts/local/deployments/m")).status).toBe(200);
    const refused = await call("POST", "/v1/accounts/local/deployments", {
      baseModel: LORA,
      precision: "FP8",
      acceleratorType: "NVIDIA_H100_80GB",
    });
    expect([refused.status, refused.body.message]).toEqual([
      400,
      expect.stringContaining("live merge is not supported"),
    ]);
  });
});

describe("deployed models", () => {
  test("base models are deployed with their deployments; another can be made the default", async () => {
    const { emulator, call, ask } = await world();
    await call("POST", "/v1/accounts/local/deployments?deploymentId=e", { baseModel: BASE });
    await emulator.clock.advance({ until: "settled" });
    const filter = encodeURIComponent(`model="${BASE}"`);
    const list = async () => (await call("GET", `${LOADED}?filter=${filter}`)).body.deployedModels;
    const deployed = async () => (await ask(BASE)).headers.get("fireworks-deployment");
    expect((await list()).map((each: any) => each.default).sort()).toEqual([false, true]);
    expect(await deployed()).toBe(D);
    const second = (await list()).find(({ deployment }: any) => deployment !== D);
    const changed = await call("PATCH", `/v1/${second.name}`, { default: true, displayName: "second" });
    expect(changed.body).toMatchObject({ default: true, displayName: "second" });
    expect(await deployed()).toBe("accounts/local/deployments/e");
    const cleared = await call("PATCH", `/v1/${second.name}?updateMask=default`, { default: false });
    expect([cleared.status, cleared.body.message]).toEqual([400, expect.stringContaining("the default instead")]);
    expect((await call("DELETE", `/v1/${second.name}`)).status).toBe(400);
    expect((await call("PATCH", `${LOADED}/none`, { default: true })).status).toBe(404);
  });
});
