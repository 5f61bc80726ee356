import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { EmulatorOptions } from "../../src/index.ts";
import { createEmulator } from "../../src/index.ts";
import { caller, fresh, SERVERLESS, SMALL } from "../support/api.ts";
import { inFolder } from "../support/dump.ts";

const ACCOUNT = "/v1/accounts/local";
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

async function withUser(role: string, options: EmulatorOptions = { auth: "known" }) {
  const { emulator, call } = await fresh(options);
  await call("POST", `${ACCOUNT}/users?userId=ann`, { role, email: "ann@acme.example" });
  const { body } = await call("POST", `${ACCOUNT}/users/ann/apiKeys`, { apiKey: { displayName: "ci" } });
  return { emulator, call, key: body.key as string, made: body };
}

describe("users", () => {
  test("are made, read, listed, filtered and changed; the owner is there from the start", async () => {
    const { call } = await fresh();
    const made = await call("POST", `${ACCOUNT}/users?userId=ann`, { role: "contributor", email: "ann@acme.example" });
    expect(made.status).toBe(200);
    expect(made.body).toMatchObject({
      name: "accounts/local/users/ann",
      role: "contributor",
      state: "READY",
      serviceAccount: false,
      createTime: "2026-01-01T00:00:00Z",
    });
    expect((await call("GET", `${ACCOUNT}/users/ann`)).body).toEqual(made.body);
    const list = (await call("GET", `${ACCOUNT}/users`)).body;
    expect(list.users.map(({ name }: any) => name)).toEqual(["accounts/local/users/ann", "accounts/local/users/owner"]);
    expect((await call("GET", `${ACCOUNT}/users?filter=role="admin"`)).body.totalSize).toBe(1);
    const changed = await call("PATCH", `${ACCOUNT}/users/ann?updateMask=role`, { role: "user", displayName: "no" });
    expect(changed.body).toMatchObject({ role: "user", displayName: "" });
    const generated = (await call("POST", `${ACCOUNT}/users`, { role: "user" })).body.name;
    expect(generated).toMatch(/^accounts\/local\/users\/[a-z0-9]{8}$/);
  });

  test.each([
    ["POST", "users?userId=ann", { role: "boss" }, 400, "invalid user: role must be one of admin, user,"],
    ["POST", "users?userId=Ann", { role: "user" }, 400, 'invalid user ID "Ann"'],
    ["POST", "users?userId=owner", { role: "user" }, 409, "user ID already exists"],
    ["PATCH", "users/owner", { email: "new@acme.example" }, 400, "invalid user: email is immutable"],
    ["PATCH", "users/none", { role: "user" }, 404, "resource not found"],
    ["POST", "users/none/apiKeys", { apiKey: {} }, 404, "resource not found"],
    [
      "POST",
      "users/owner/apiKeys",
      { apiKey: { expireTime: "2020-01-01T00:00:00Z" } },
      400,
      "expire_time must be in the future",
    ],
    ["POST", "users/owner/apiKeys:delete", { keyId: "none" }, 404, "resource not found"],
  ])("%s %s %j is %d", async (method, path, body, status, message) => {
    const { call } = await fresh();
    const refused = await call(method, `${ACCOUNT}/${path}`, body);
    expect(refused.status).toBe(status);
    expect(refused.body.message).toContain(message);
  });
});

describe("keys", () => {
  test("work, are told once, are kept as a hash alone, expire and can be deleted", () =>
    inFolder(async (folder) => {
      const database = `${folder}/world.db`;
      let key: string;
      {
        const emulator = await createEmulator({ clock: "manual", auth: "known", database });
        const call = caller(emulator);
        const made = await call("POST", `${ACCOUNT}/users/owner/apiKeys`, {
          apiKey: { displayName: "ci", expireTime: "2026-01-02T00:00:00Z" },
        });
        key = made.body.key;
        expect(key).toMatch(/^fw_[a-z0-9]{24}$/);
        expect(made.body).toMatchObject({ prefix: key.slice(0, 6), email: "owner@local.example", displayName: "ci" });
        const [listed] = (await call("GET", `${ACCOUNT}/users/owner/apiKeys`)).body.apiKeys;
        expect(listed).toEqual({ ...made.body, key: "" });
        await emulator.close();
      }
      const bytes = readFileSync(database).toString("latin1");
      expect(bytes).toContain("apiKeys");
      expect(bytes).not.toContain(key);
      await using emulator = await createEmulator({ clock: "manual", auth: "known", database });
      const call = caller(emulator);
      const ask = () => call("POST", "/v1/completions", { model: SERVERLESS, prompt: "hi" }, bearer(key));
      expect((await ask()).status).toBe(200);
      await emulator.clock.advance("25h");
      expect((await ask()).status).toBe(401);
      const { keyId } = (await call("GET", `${ACCOUNT}/users/owner/apiKeys`)).body.apiKeys[0];
      expect((await call("POST", `${ACCOUNT}/users/owner/apiKeys:delete`, { keyId })).body).toEqual({});
      expect((await call("GET", `${ACCOUNT}/users/owner/apiKeys`)).body.apiKeys).toEqual([]);
    }));
});

describe("roles", () => {
  const deployment = { baseModel: SMALL };

  test("an inference user infers, and sees whose key it is and the catalogue; nothing else", async () => {
    const { call, key } = await withUser("inference-user");
    const own = bearer(key);
    expect((await call("POST", "/v1/completions", { model: SERVERLESS, prompt: "hi" }, own)).status).toBe(200);
    for (const path of ["/v1/accounts", ACCOUNT, "/v1/accounts/fireworks/models"])
      expect((await call("GET", path, undefined, own)).status, path).toBe(200);
    for (const path of ["deployments", "models", "users", "users/ann", "billingUsage", "metrics"])
      expect((await call("GET", `${ACCOUNT}/${path}`, undefined, own)).status, path).toBe(403);
    const refused = await call("POST", `${ACCOUNT}/deployments`, deployment, own);
    expect([refused.status, refused.body.code]).toEqual([403, 7]);
  });

  test("a contributor creates deployments, and manages no one but itself", async () => {
    const { call, key } = await withUser("contributor");
    const own = bearer(key);
    expect((await call("POST", `${ACCOUNT}/deployments`, deployment, own)).status).toBe(200);
    expect((await call("POST", `${ACCOUNT}/users`, { role: "admin" }, own)).status).toBe(403);
    expect((await call("POST", `${ACCOUNT}/secrets`, { name: "s", keyName: "K", value: "v" }, own)).status).toBe(403);
    expect((await call("PATCH", `${ACCOUNT}/quotas/global--h100-count`, { value: "1" }, own)).status).toBe(403);
    expect((await call("POST", `${ACCOUNT}/users/owner/apiKeys`, { apiKey: {} }, own)).status).toBe(403);
    expect((await call("POST", `${ACCOUNT}/users/ann/apiKeys`, { apiKey: {} }, own)).status).toBe(200);
  });

  test("what belongs to another account is 403 with the empty text that was seen; the public one can be read", async () => {
    const { call, emulator } = await fresh({ auth: "known" });
    await call("POST", "/__emulator/accounts", { id: "acme" });
    await call("POST", `${ACCOUNT}/deployments?deploymentId=d`, deployment);
    const acme = bearer("fw_acme");
    for (const [method, path] of [
      ["GET", `${ACCOUNT}/deployments/d`],
      ["DELETE", `${ACCOUNT}/deployments/d`],
      ["POST", "/v1/accounts/fireworks/users"],
      ["GET", `${ACCOUNT}/deployments/d/shards`],
      ["GET", `${ACCOUNT}/deployments/d:metrics`],
      ["GET", `${ACCOUNT}/billing/summary?startTime=2026-01-01T00:00:00Z&endTime=2026-01-02T00:00:00Z`],
    ]) {
      const { status, body } = await call(method!, path!, method === "POST" ? { role: "user" } : undefined, acme);
      expect([status, body]).toEqual([403, { code: 7, message: "", details: [] }]);
    }
    expect((await call("GET", "/v1/accounts/fireworks/models?pageSize=1", undefined, acme)).status).toBe(200);
    expect(emulator.url).toBeTruthy();
  });
});

describe("accounts", () => {
  test("a suspended one gets 412 everywhere, but 404 for what is not there", async () => {
    const { call } = await fresh();
    await call("PATCH", "/__emulator/accounts/local", { suspendState: "FAILED_PAYMENTS" });
    const text = "Account local is suspended, possibly due to reaching the monthly spending limit";
    for (const [method, path, body] of [
      ["POST", "/v1/chat/completions", { model: SERVERLESS, messages: [{ role: "user", content: "x" }] }],
      ["POST", "/v1/embeddings", { model: "nomic-ai/nomic-embed-text-v1.5", input: "x" }],
      ["GET", "/inference/v1/models", undefined],
    ] as const) {
      const refused = await call(method, path, body);
      expect([refused.status, refused.body.error.code]).toEqual([412, "PRECONDITION_FAILED"]);
      expect(refused.body.error.message).toContain(text);
    }
    const control = await call("GET", `${ACCOUNT}/deployments`);
    expect(control.status).toBe(412);
    expect((await call("POST", "/v1/completions", { model: "none", prompt: "x" })).status).toBe(404);
    await call("PATCH", "/__emulator/accounts/local", { suspendState: "UNSUSPENDED" });
    expect((await call("GET", `${ACCOUNT}/deployments`)).status).toBe(200);
  });

  test("lists go over all accounts with a dash", async () => {
    const { call } = await fresh();
    for (const account of ["one", "two"])
      await call("POST", `/v1/accounts/${account}/deployments?deploymentId=d`, { baseModel: SMALL });
    const { body } = await call("GET", "/v1/accounts/-/deployments?orderBy=name");
    expect(body.deployments.map(({ name }: any) => name)).toEqual([
      "accounts/one/deployments/d",
      "accounts/two/deployments/d",
    ]);
  });
});

describe("secrets", () => {
  test("have no value that anybody could read, not even in the journal", async () => {
    const { call, emulator } = await fresh();
    const sent = { name: "accounts/local/secrets/token", keyName: "TOKEN", value: 'hush "quoted" hush' };
    const told = { name: sent.name, keyName: "TOKEN", value: "" };
    expect((await call("POST", `${ACCOUNT}/secrets`, sent)).body).toEqual(told);
    expect((await call("PATCH", `${ACCOUNT}/secrets/token`, { keyName: "NEW", value: "hush 2" })).body.keyName).toBe(
      "NEW",
    );
    expect((await call("GET", `${ACCOUNT}/secrets`)).body.secrets).toEqual([{ ...told, keyName: "NEW" }]);
    expect((await call("POST", `${ACCOUNT}/secrets`, sent)).status).toBe(409);
    expect(JSON.stringify(await emulator.requests.list())).not.toContain("hush");
    expect((await call("DELETE", `${ACCOUNT}/secrets/token`)).body).toEqual({});
    expect((await call("DELETE", `${ACCOUNT}/secrets/token`)).status).toBe(404);
  });

  test("of any length: the journal keeps not even the beginning", async () => {
    const { call, emulator } = await fresh();
    for (const [name, value] of [
      ["plain", "hush".repeat(2_500_000)],
      ["escaped", `${"hush\n".repeat(2_000_000)}"`],
    ])
      expect((await call("POST", `${ACCOUNT}/secrets`, { name, keyName: "T", value })).status).toBe(200);
    const bodies = (await emulator.requests.list()).map(({ requestBody }) => requestBody);
    expect(bodies).toEqual(["escaped", "plain"].map((name) => expect.stringContaining(`"name":"${name}"`)));
    expect(bodies.join("")).toContain('"value":"[redacted]"');
    expect(bodies.join("")).not.toContain("hush");
  });
});

describe("the audit log", () => {
  test("tells who changed what, newest first, ten at a time", async () => {
    const { call, key } = await withUser("contributor");
    await call("POST", `${ACCOUNT}/deployments?deploymentId=d`, { baseModel: SMALL }, bearer(key));
    await call("PATCH", `${ACCOUNT}/deployments/d:scale`, { replicaCount: 1 });
    await call("GET", `${ACCOUNT}/deployments/d`);
    const { auditLogs } = (await call("GET", `${ACCOUNT}/auditLogs`)).body;
    expect(auditLogs.map(({ method, principal }: any) => [method, principal])).toEqual([
      ["ScaleDeployment", "owner@local.example"],
      ["CreateDeployment", "ann@acme.example"],
      ["CreateApiKey", "owner@local.example"],
      ["CreateUser", "owner@local.example"],
    ]);
    expect(auditLogs[1]).toMatchObject({
      resource: "accounts/local/deployments",
      payload: { baseModel: SMALL },
      status: { code: "OK" },
    });
    expect(auditLogs[1].apiKeyId).not.toBe("");
    const filtered = await call("GET", `${ACCOUNT}/auditLogs?email=ann@acme.example&pageSize=5`);
    expect(filtered.body.totalSize).toBe(1);
  });
});
