import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEmulator } from "../../src/index.ts";
import { caller, fresh, SERVERLESS, SMALL } from "../support/api.ts";
import { inFolder } from "../support/dump.ts";
import type { TwoAccounts } from "../support/two-accounts.ts";
import { twoAccounts } from "../support/two-accounts.ts";

/** With known keys: what one account can see and name of another. */

let world: TwoAccounts;
beforeAll(async () => {
  world = await twoAccounts("");
});
afterAll(() => world.close());

const SPAN = "?startTime=2026-01-01T00:00:00Z&endTime=2026-01-02T00:00:00Z";
const LOCAL = "/v1/accounts/local";
const ACME = "/v1/accounts/acme";
const acme = (kind: string, id: string): string => `accounts/acme/${kind}/${id}`;
const local = (kind: string, id: string): string => `accounts/local/${kind}/${id}`;
const NO_MODEL = "Model not found, inaccessible, and/or not deployed";

describe("lists over all accounts", () => {
  const lists = (): string[] => {
    const paths = world.routes
      .filter(
        ({ method, path }) => method === "GET" && path.includes("{account_id}") && path.startsWith("/v1/accounts"),
      )
      .map(({ path }) => path.replaceAll(/\{\w+\}/g, "-"));
    return [...new Set(paths)].map((path) => path + (path.includes("billing") ? SPAN : ""));
  };

  test("show of another account what is public alone, whatever is asked of them", async () => {
    expect(lists().length).toBeGreaterThan(25);
    for (const path of lists())
      for (const query of ["", "pageSize=200", "orderBy=name desc", 'filter=name:"acme"']) {
        await world.demand(undefined, "POST", "/__emulator/clock:advance", { by: "11s" });
        const mark = path.includes("?") ? "&" : "?";
        const { status, text, body } = await world.send("fw_local", "GET", `${path}${mark}${query}`);
        expect(status, path).toSatisfy((each) => each === 200 || each === 404 || each === 400);
        const items = Object.values<any>(body).find(Array.isArray) ?? [];
        const foreign = items.filter((item: any) => JSON.stringify(item).includes("acme"));
        for (const { name } of foreign) expect(name, path).toMatch(/^accounts\/acme\/(models|routers)\/open$/);
        // neither in what is beside the items: sums, tokens, texts of Prometheus
        if (foreign.length === 0) expect(text, path).not.toContain("acme");
      }
  });

  test("count and page what is seen, and nothing else", async () => {
    const names = async (key: string, path: string) => {
      const { body } = await world.demand(key, "GET", path);
      const items: any[] = Object.values<any>(body).find(Array.isArray)!;
      return [body.totalSize, items.map((item) => item.name)];
    };
    const own = (id: string) => local("deployments", id);
    expect(await names("fw_local", "/v1/accounts/-/deployments?orderBy=name")).toEqual([2, [own("d"), own("m")]]);
    const routers = ["d", "m", "open", "r"].map((id) => local("routers", id));
    expect(await names("fw_local", "/v1/accounts/-/routers")).toEqual([5, [acme("routers", "open"), ...routers]]);
    const filter = 'filter=kind!="EMBEDDING_MODEL" AND supports_serverless=false AND name:"/models/open"';
    const models = [acme("models", "open"), local("models", "open")];
    expect(await names("fw_local", `/v1/accounts/-/models?${filter}`)).toEqual([2, models]);
    const users = (await world.demand("fw_acme", "GET", "/v1/accounts/-/users")).body.users;
    expect(users.map(({ name }: any) => name)).toEqual([acme("users", "owner")]);
    expect((await world.demand("fw_acme", "GET", "/v1/accounts/-/users/-/apiKeys")).body.totalSize).toBe(1);
    expect((await world.demand("fw_acme", "GET", "/v1/accounts/-/models/-/versions:count")).body.count).toBe(1);
    const shapes = await world.demand("fw_acme", "GET", "/v1/accounts/-/deploymentShapes/-/versions?pageSize=1");
    expect(shapes.body.deploymentShapeVersions[0].name).toMatch(/^accounts\/fireworks\//);
  });

  test("accounts: the list is the caller's own; of the others the catalogue's can be looked at", async () => {
    const { body } = await world.demand("fw_local", "GET", "/v1/accounts?pageSize=2");
    expect(body.accounts.map(({ name }: any) => name)).toEqual(["accounts/local"]);
    expect((await world.send("fw_local", "GET", "/v1/accounts/fireworks")).status).toBe(200);
    for (const path of [ACME, "/v1/accounts/none", "/v1/accounts/fireworks/users", "/v1/accounts/fireworks/metrics"])
      expect((await world.send("fw_local", "GET", path)).body, path).toEqual({ code: 7, message: "", details: [] });
  });
});

test("by their full names: what is public can be read, the rest is refused like what is not there", async () => {
  const see = async (name: string) => (await world.send("fw_local", "GET", `/v1/${name}`)).status;
  expect(await see(acme("models", "open"))).toBe(200);
  expect(await see(acme("routers", "open"))).toBe(200);
  expect(await see("accounts/fireworks/models/none")).toBe(404);
  for (const name of [acme("models", "mine"), acme("models", "none"), acme("routers", "r"), acme("deployments", "d")]) {
    const { status, body } = await world.send("fw_local", "GET", `/v1/${name}`);
    expect([status, body], name).toEqual([403, { code: 7, message: "", details: [] }]);
  }
  // a model of the catalogue names the caller's deployments of it
  const refs = async (key: string) =>
    (await world.demand(key, "GET", `/v1/${SMALL}`)).body.deployedModelRefs.map(({ deployment }: any) => deployment);
  expect(await refs("fw_local")).toEqual([local("deployments", "d")]);
  expect(await refs("fw_acme")).toEqual([acme("deployments", "d")]);
});

describe("names of another account in a body are not found, whether they are there or not", () => {
  const model = { baseModelDetails: { checkpointFormat: "HUGGINGFACE" }, kind: "HF_BASE_MODEL" };
  const addon = (baseModel: string) => ({
    modelId: "a",
    model: { kind: "HF_PEFT_ADDON", peftDetails: { baseModel, r: 8, targetModules: ["q_proj"] } },
  });
  test.each<[string, string, (id: string) => object]>([
    ["POST", "/deployments?validateOnly=true", (id) => ({ baseModel: acme("models", id) })],
    ["POST", "/deployments?validateOnly=true", (id) => ({ baseModel: SMALL, draftModel: acme("models", id) })],
    [
      "POST",
      "/deployments?validateOnly=true",
      (id) => ({ baseModel: SMALL, deploymentShape: acme("deploymentShapes", id) }),
    ],
    [
      "POST",
      "/deployments?validateOnly=true",
      (id) => ({ baseModel: SMALL, targetModelVersion: `${acme("models", id)}/versions/v` }),
    ],
    ["PATCH", "/deployments/d", (id) => ({ draftModel: acme("models", id) })],
    ["POST", "/models", (id) => addon(acme("models", id))],
    [
      "POST",
      "/models",
      (id) => ({
        modelId: "b",
        model: { ...model, defaultDraftModel: acme("models", id), defaultDraftTokenCount: 1 },
      }),
    ],
    ["PATCH", "/models/mine", (id) => ({ defaultDraftModel: acme("models", id), defaultDraftTokenCount: 1 })],
    [
      "POST",
      "/deployedModels",
      (id) => ({ model: local("models", "lora"), deployment: acme("deployments", id.replace("mine", "d")) }),
    ],
    [
      "POST",
      "/deployedModels",
      (id) => ({ model: acme("models", id.replace("mine", "lora")), deployment: local("deployments", "d") }),
    ],
    ["POST", "/routers", (id) => ({ deployments: [acme("deployments", id.replace("mine", "d"))] })],
    ["PATCH", "/routers/r", (id) => ({ deployments: [acme("deployments", id.replace("mine", "d"))] })],
    ["PATCH", "/routers/r", (id) => ({ model: acme("models", id) })],
  ])("%s %s %s", async (method, path, body) => {
    const [there, missing] = [
      await world.send("fw_local", method, LOCAL + path, body("mine")),
      await world.send("fw_local", method, LOCAL + path, body("zz")),
    ];
    expect([there.status, there.body.code]).toEqual([404, 5]);
    const same = (text: string): string => text.replaceAll(/acme\/\w+\/\w+/g, "X");
    expect(same(there.text)).toBe(same(missing.text));
  });

  test("but public models can be used", async () => {
    const body = { baseModel: acme("models", "open"), acceleratorType: "NVIDIA_H100_80GB" };
    await world.demand("fw_local", "POST", `${LOCAL}/deployments?validateOnly=true`, body);
  });

  test("a version goes out to deployments of one's own alone", async () => {
    // a deployment of acme's with a model of local's, as it may be with a public one
    await world.demand("fw_local", "PATCH", `${LOCAL}/models/mine`, { public: true });
    const body = { baseModel: local("models", "mine"), acceleratorType: "NVIDIA_H100_80GB" };
    await world.demand("fw_acme", "POST", `${ACME}/deployments?deploymentId=guest`, body);
    const roll = { deployment: acme("deployments", "guest"), rolloutStrategy: "ROLLOUT_STRATEGY_HOT_RELOAD" };
    const { body: done } = await world.demand("fw_local", "POST", `${LOCAL}/models/mine/versions/v:deploy`, roll);
    expect(done).toMatchObject({ response: null, error: { code: 5, message: "resource not found" } });
    const after = (await world.demand("fw_acme", "GET", `${ACME}/deployments/guest`)).body;
    expect(after.activeModelVersion).toBe("");
    await world.demand("fw_acme", "DELETE", `${ACME}/deployments/guest?hard=true&ignoreChecks=true`);
    await world.demand("fw_local", "PATCH", `${LOCAL}/models/mine`, { public: false });
  });
});

describe("inference", () => {
  const ask = async (model: string, key = "fw_local") => {
    const { status, body } = await world.send(key, "POST", "/v1/completions", { model, prompt: "hi" });
    return status === 200 ? 200 : [status, body.error.message];
  };
  const forms = [
    acme("deployments", "d"),
    "acme/d",
    `${SMALL}#${acme("deployments", "d")}`,
    "fireworks/llama-v3p2-3b-instruct#acme/d",
    `${acme("models", "lora")}#${acme("deployments", "d")}`,
    `${acme("models", "mine")}#acme/m`,
    acme("models", "mine"),
    "acme/mine",
    acme("models", "lora"),
    acme("routers", "r"),
    acme("routers", "d"),
  ];

  test.each(forms)("%s is its own account's", async (model) => {
    expect(await ask(model)).toEqual([404, NO_MODEL]);
    expect(await ask(model, "fw_acme")).toBe(200);
  });

  test("deployed models, too, until they are public; then on their deployment under every name", async () => {
    const name = acme("deployedModels", world.ids["acme"]!["deployed_model_id"]!);
    const named = [name, `${acme("models", "lora")}#${acme("deployments", "d")}`, "acme/lora#acme/d"];
    for (const model of named) expect(await ask(model), model).toEqual([404, NO_MODEL]);
    await world.demand("fw_acme", "PATCH", `/v1/${name}`, { public: true });
    for (const model of named) expect(await ask(model), model).toBe(200);
    expect((await world.send("fw_local", "GET", `/v1/${name}`)).status).toBe(200);
    // the base model beside it is not public
    expect(await ask(acme("deployments", "d"))).toEqual([404, NO_MODEL]);
    await world.demand("fw_acme", "PATCH", `/v1/${name}`, { public: false });
    expect(await ask(name)).toEqual([404, NO_MODEL]);
  });

  test("a public router is everybody's", async () => {
    expect(await ask(acme("routers", "open"))).toBe(200);
    expect(await ask(acme("routers", "open"), world.keys["inference-user"])).toBe(200);
  });

  test.each(["x-fireworks-account-id", "fireworks-deployment", "fireworks-model"])(
    "the header %s leads nowhere else",
    async (header) => {
      const named = header.endsWith("id") ? "acme" : acme("deployments", "d");
      const asked = { model: acme("deployments", "d"), prompt: "hi" };
      const { status } = await world.send("fw_local", "POST", "/v1/completions", asked, { [header]: named });
      expect(status).toBe(404);
      const list = await world.send("fw_local", "GET", "/v1/responses", undefined, { [header]: named });
      expect(list.text).not.toContain(world.ids["acme"]!["response_id"]);
    },
  );

  test("a guest's prompts are remembered apart from the owner's", async () => {
    const prompt = "one two three four five six seven eight nine ten ".repeat(200);
    const cached = async (key: string): Promise<number> => {
      const asked = { model: acme("routers", "open"), prompt, max_tokens: 1 };
      const { body } = await world.demand(key, "POST", "/v1/completions", asked);
      return body.usage.prompt_tokens_details.cached_tokens;
    };
    expect(await cached("fw_acme")).toBe(0);
    expect(await cached("fw_acme")).toBeGreaterThan(0);
    expect(await cached("fw_local")).toBe(0);
    expect(await cached("fw_local")).toBeGreaterThan(0);
  });
});

describe("stored responses", () => {
  test("of another account are not there to look at, to go on from, to cancel or to delete", async () => {
    const id = world.ids["acme"]!["response_id"]!;
    for (const [method, path] of [
      ["GET", `/${id}`],
      ["DELETE", `/${id}`],
      ["POST", `/${id}/cancel`],
      ["GET", `?after=${id}`],
      ["GET", `?before=${id}`],
    ])
      expect((await world.send("fw_local", method!, `/v1/responses${path}`)).status, `${method} ${path}`).toBe(404);
    const asked = { model: SERVERLESS, input: "and?", previous_response_id: id };
    const { status, body } = await world.send("fw_local", "POST", "/v1/responses", asked);
    expect([status, body]).toEqual([404, { detail: "Previous response not found" }]);
    expect((await world.send("fw_local", "GET", "/v1/responses")).text).not.toContain(id);
  });
});

test("where any key works, accounts are open, as they are without known keys", async () => {
  const { call } = await fresh({ profile: "instant" });
  await call("POST", "/v1/accounts/acme/deployments?deploymentId=d", { baseModel: SMALL, minReplicaCount: 1 });
  await call("POST", `${LOCAL}/routers?routerId=r`, { deployments: [acme("deployments", "d")] });
  for (const model of [acme("deployments", "d"), local("routers", "r"), acme("routers", "d")])
    expect((await call("POST", "/v1/completions", { model, prompt: "hi" })).status, model).toBe(200);
  expect((await call("GET", `${ACME}/deployments/d`)).status).toBe(200);
  expect((await call("GET", "/v1/accounts/-/deployments")).body.totalSize).toBe(1);
});

test("a router that took in another account's deployment goes on without it once keys are known", () =>
  inFolder(async (folder) => {
    const options = { clock: "manual", profile: "instant", database: `${folder}/world.db` } as const;
    {
      await using emulator = await createEmulator(options);
      const call = caller(emulator);
      await call("POST", `${ACME}/deployments?deploymentId=d`, { baseModel: SMALL, minReplicaCount: 1 });
      await call("POST", `${LOCAL}/routers?routerId=r`, { deployments: [acme("deployments", "d")] });
    }
    await using emulator = await createEmulator({ ...options, auth: "known" });
    const model = local("routers", "r");
    expect((await caller(emulator)("POST", "/v1/completions", { model, prompt: "hi" })).status).toBe(404);
  }));
