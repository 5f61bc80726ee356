import { describe, expect, test } from "vitest";
import type { EmulatorOptions } from "../../src/index.ts";
import { createEmulator } from "../../src/index.ts";
import { caller, SERVERLESS, SMALL } from "../support/api.ts";

const USERS = "/v1/accounts/local/users";
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

/** An emulator with known keys, and a key for a user called after its role. */
async function withKeys(options: EmulatorOptions = {}) {
  const emulator = await createEmulator({ clock: "manual", auth: "known", ...options });
  const call = caller(emulator);
  const keyOf = async (role: string): Promise<Record<string, string>> => {
    await call("POST", `${USERS}?userId=${role}`, { role, displayName: "before", email: `${role}@acme.example` });
    return bearer((await call("POST", `${USERS}/${role}/apiKeys`, { apiKey: {} })).body.key);
  };
  return { emulator, call, keyOf };
}

describe("users may change of themselves", () => {
  test.each(["user", "contributor", "custom"])("their display name, and nothing else: %s", async (role) => {
    const { call, keyOf } = await withKeys();
    const own = await keyOf(role);
    const patch = (body: object, query = "") => call("PATCH", `${USERS}/${role}${query}`, body, own);
    const before = (await call("GET", `${USERS}/${role}`)).body;
    for (const [body, query] of [
      [{ role: "admin" }],
      [{ role: "admin", displayName: "x" }, "?updateMask=role,displayName"],
      [{ role: "admin" }, "?update_mask=role"],
      [{ role: "admin", displayName: "x" }, "?updateMask=*"],
      [{ role: "boss" }],
      [{ permissionPreset: "everything" }],
      [{ permission_preset: "everything" }],
    ] as [object, string?][]) {
      const { status, body: answer } = await patch(body, query);
      expect([status, answer.code], JSON.stringify(body)).toEqual([403, 7]);
    }
    for (const body of [{ serviceAccount: true }, { email: "owner@local.example" }])
      expect((await patch(body)).status).toBe(400);
    expect((await call("GET", `${USERS}/${role}`)).body).toEqual(before);
    // the whole resource sent back with another name is a change of the name
    const renamed = await patch({ ...before, displayName: "after" });
    expect([renamed.status, renamed.body.displayName, renamed.body.role]).toEqual([200, "after", role]);
    expect((await patch({ role: "admin", displayName: "masked" }, "?updateMask=displayName")).body.role).toBe(role);
    expect((await call("POST", USERS, { role: "user" }, own)).status).toBe(403);
  });

  test("an admin changes roles, and a role counts at once", async () => {
    const { call, keyOf } = await withKeys();
    const own = await keyOf("user");
    expect((await call("POST", USERS, { role: "user" }, own)).status).toBe(403);
    await call("PATCH", `${USERS}/user`, { role: "admin" });
    expect((await call("POST", USERS, { role: "user" }, own)).status).toBe(200);
    await call("PATCH", `${USERS}/user`, { role: "inference-user" });
    expect((await call("GET", USERS, undefined, own)).status).toBe(403);
  });
});

test("users make and delete keys of their own, and of nobody else", async () => {
  const { call, keyOf } = await withKeys();
  const [own, other] = [await keyOf("user"), await keyOf("contributor")];
  const made = await call("POST", `${USERS}/user/apiKeys`, { apiKey: { displayName: "mine" } }, own);
  expect(made.status).toBe(200);
  for (const user of ["contributor", "owner", "-", "none"]) {
    expect((await call("POST", `${USERS}/${user}/apiKeys`, { apiKey: {} }, own)).status, user).toBe(403);
    const { status } = await call("POST", `${USERS}/${user}/apiKeys:delete`, { keyId: made.body.keyId }, own);
    expect(status, user).toBe(403);
  }
  const foreign = await call("POST", `${USERS}/contributor/apiKeys:delete`, { keyId: made.body.keyId }, other);
  expect(foreign.status).toBe(404);
  expect((await call("POST", `${USERS}/user/apiKeys:delete`, { keyId: made.body.keyId }, own)).body).toEqual({});
  expect((await call("GET", "/v1/accounts", undefined, bearer(made.body.key))).status).toBe(403);
});

describe("a key of a deployment's own host", () => {
  const deployment = (key: string) => ({
    baseModel: SMALL,
    minReplicaCount: 1,
    directRouteType: "INTERNET",
    directRouteApiKeys: [key],
    placement: { region: "US_IOWA_1" },
  });

  test("reaches that deployment's answers alone, not the account's", async () => {
    const { call } = await withKeys({ profile: "instant" });
    const home = "/v1/accounts/local/deployments";
    const handle = (await call("POST", `${home}?deploymentId=d`, deployment("direct-key"))).body.directRouteHandle;
    const direct = { ...bearer("direct-key"), host: handle };
    const responses = "/v1/responses";
    const account = (await call("POST", responses, { model: SERVERLESS, input: "secret" })).body.id;
    const own = (await call("POST", responses, { model: "x", input: "mine" }, direct)).body.id;
    const list = await call("GET", responses, undefined, direct);
    expect(list.body.data.map(({ id }: any) => id)).toEqual([own]);
    expect((await call("GET", `${responses}/${own}`, undefined, direct)).status).toBe(200);
    expect((await call("GET", `${responses}/${account}`, undefined, direct)).status).toBe(404);
    expect((await call("DELETE", `${responses}/${account}`, undefined, direct)).status).toBe(404);
    const on = await call("POST", responses, { model: "x", input: "?", previous_response_id: account }, direct);
    expect(on.status).toBe(404);
    expect((await call("GET", responses)).body.data).toHaveLength(2);
    expect((await call("GET", home, undefined, direct)).status).toBe(404);
  });

  test("works although another account's deployment has the same host name", async () => {
    const { call } = await withKeys({ profile: "instant" });
    await call("POST", "/__emulator/accounts", { id: "local-a" });
    const first = await call("POST", "/v1/accounts/local/deployments?deploymentId=a-b", deployment("first"));
    const path = "/v1/accounts/local-a/deployments?deploymentId=b";
    const second = await call("POST", path, deployment("second"), bearer("fw_local-a"));
    const host = first.body.directRouteHandle;
    expect(second.body.directRouteHandle).toBe(host);
    const ask = async (key: string) => {
      const { status, body } = await call(
        "POST",
        "/v1/completions",
        { prompt: "x", model: "x" },
        { ...bearer(key), host },
      );
      return status === 200 ? body.model : status;
    };
    expect(await ask("first")).toBe("accounts/local/deployments/a-b");
    expect(await ask("second")).toBe("accounts/local-a/deployments/b");
    expect(await ask("third")).toBe(401);
  });
});

test("a deployment that is made under the name of a public one is not public", async () => {
  const { call } = await withKeys({ profile: "instant" });
  await call("POST", "/__emulator/accounts", { id: "acme" });
  const make = () =>
    call("POST", "/v1/accounts/local/deployments?deploymentId=d", { baseModel: SMALL, minReplicaCount: 1 });
  const model = "accounts/local/deployments/d";
  const ask = async () => (await call("POST", "/v1/completions", { model, prompt: "x" }, bearer("fw_acme"))).status;
  await make();
  expect(await ask()).toBe(404);
  const [deployed] = (await call("GET", "/v1/accounts/local/deployedModels")).body.deployedModels;
  await call("PATCH", `/v1/${deployed.name}`, { public: true });
  expect(await ask()).toBe(200);
  await call("DELETE", `/v1/${model}?hard=true&ignoreChecks=true`);
  await make();
  expect(await ask()).toBe(404);
});

test("a suspended account gets 412 for its stored responses and for single models, too", async () => {
  const { call } = await withKeys();
  const { id } = (await call("POST", "/v1/responses", { model: SERVERLESS, input: "x" })).body;
  await call("PATCH", "/__emulator/accounts/local", { suspendState: "FAILED_PAYMENTS" });
  for (const [method, path] of [
    ["GET", "/v1/responses"],
    ["GET", `/v1/responses/${id}`],
    ["DELETE", `/v1/responses/${id}`],
    ["POST", `/v1/responses/${id}/cancel`],
    ["GET", `/v1/models/${SERVERLESS}`],
  ])
    expect((await call(method!, path!)).status, path).toBe(412);
  expect((await call("GET", "/v1/models/accounts/fireworks/models/none")).status).toBe(404);
});

test("the audit log has what was done under a name that was written in another way", async () => {
  const { call } = await withKeys();
  await call("POST", "/v1/accounts/loc%61l/secrets", { name: "s", keyName: "K" });
  const { auditLogs } = (await call("GET", "/v1/accounts/local/auditLogs")).body;
  expect(auditLogs[0]).toMatchObject({ method: "CreateSecret", resource: "accounts/local/secrets" });
});
