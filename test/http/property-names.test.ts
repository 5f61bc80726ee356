import { describe, expect, test } from "vitest";
import { createEmulator } from "../../src/index.ts";
import { fresh, SERVERLESS, SMALL } from "../support/api.ts";

/** Names of what every object has; as keys of users they are names like any other. */
const names = ["constructor", "__proto__", "toString", "hasOwnProperty", "__defineGetter__"];
/** An object with this key as its own, as JSON makes it. */
const keyed = (name: string, value: unknown): any => JSON.parse(`{${JSON.stringify(name)}:${JSON.stringify(value)}}`);

const CHAT = "/v1/chat/completions";
const said = (more: object = {}) => ({ model: SERVERLESS, messages: [{ role: "user", content: "hi" }], ...more });
const DEPLOYMENTS = "/v1/accounts/local/deployments";
const key = { authorization: "Bearer k" };

describe.each(names)("%s", (name) => {
  test("as a header or a field of a search in the journal matches what has it", async () => {
    const { call } = await fresh();
    await call("POST", CHAT, said());
    await call("POST", CHAT, said({ metadata: keyed(name, "mine") }));
    const count = async (match: object) => {
      const { status, body } = await call("POST", "/__emulator/requests:count", { match });
      return status === 200 ? body.count : body.message;
    };
    const none = (field: string) => (name === "__proto__" ? `match.${field}: __proto__ cannot be looked for` : 0);
    expect(await count({ header: keyed(name, "") })).toBe(none("header"));
    expect(await count({ header: keyed(name, { regex: "" }) })).toBe(none("header"));
    expect(await count({ json: keyed(name, {}) })).toBe(none("json"));
    expect(await count({ json: { metadata: keyed(name, "mine") } })).toBe(1);
    expect(await count({ json: { metadata: keyed(name, {}) } })).toBe(0);
    expect(
      (await call("POST", "/__emulator/requests:verify", { match: { json: { a: keyed(name, 1) } }, times: 9 })).status,
    ).toBe(417);
  });

  test("as a header that a script asks for is one that was not sent", async () => {
    await using emulator = await createEmulator({ clock: "manual", port: 0 });
    const script = { match: { header: keyed(name, { regex: "^$" }) }, respond: { text: "without" } };
    const made = fetch(`${emulator.url}/__emulator/scripts`, { method: "POST", body: JSON.stringify(script) });
    expect((await made).status).toBe(name === "__proto__" ? 400 : 200);
    if (name === "__proto__") return;
    const ask = async (headers: object): Promise<any> => {
      const init = { method: "POST", headers: { ...key, ...headers }, body: JSON.stringify(said()) };
      const response = await fetch(`${emulator.url}${CHAT}`, init);
      return [response.status, ((await response.json()) as any).choices?.[0].message.content];
    };
    expect(await ask({})).toEqual([200, "without"]);
  });

  test("as a field of lists and masks is a field that nothing has", async () => {
    const { call } = await fresh();
    const made = await call("POST", DEPLOYMENTS, { baseModel: SMALL, acceleratorType: "NVIDIA_H100_80GB" });
    expect(made.status).toBe(200);
    const list = async (query: string) => {
      const { status, body } = await call("GET", `${DEPLOYMENTS}?${query}`);
      return [status, body.deployments?.length];
    };
    expect(await list(`filter=${name}%3D1`)).toEqual([200, 0]);
    expect(await list(`filter=${name}:*`)).toEqual([200, 0]);
    expect(await list(`filter=annotations.${name}:*`)).toEqual([200, 0]);
    expect(await list(`filter=${name}.${name}%3D1`)).toEqual([200, 0]);
    expect(await list(`filter=annotations:${name}`)).toEqual([200, 0]);
    expect(await list(`orderBy=${name}%20desc,${name}.${name}`)).toEqual([200, 1]);
    for (const mask of [name, `${name}.${name}`, `annotations.${name}`]) {
      const { status, body } = await call("GET", `/v1/${made.body.name}?readMask=${mask}`);
      expect([status, Object.keys(body)]).toEqual([200, mask.startsWith("annotations") ? ["annotations"] : []]);
    }
    const changed = await call("PATCH", `/v1/${made.body.name}?updateMask=${name},displayName`, { displayName: "x" });
    expect([changed.status, changed.body.displayName]).toEqual([200, "x"]);
    expect(Object.keys((await call("GET", `/v1/${made.body.name}`)).body).sort()).toEqual(
      Object.keys(made.body).sort(),
    );
  });

  test("as a schedule, an annotation, a load target, a group of a bill is a name like any other", async () => {
    const { call, emulator } = await fresh();
    const schedule = { schedule: "0 8 * * *", duration: "3600s", timezone: "UTC", minReplicaCount: 1 };
    const deployment = { baseModel: SMALL, acceleratorType: "NVIDIA_H100_80GB", maxReplicaCount: 2 };
    const make = (more: object) => call("POST", DEPLOYMENTS, { ...deployment, ...more });
    expect((await make({})).status).toBe(200);
    // only tags may be set
    expect((await make({ annotations: keyed(name, "mine") })).status).toBe(403);
    const scheduled = await make({ autoscalingPolicy: { scalingSchedules: keyed(name, schedule) } });
    expect([200, 400]).toContain(scheduled.status);
    expect((await make({ autoscalingPolicy: { loadTargets: keyed(name, 1) } })).status).toBe(400);
    expect((await make({ placement: keyed(name, "US") })).status).toBe(400);
    expect((await make(keyed(name, 1))).status).toBe(400);
    await emulator.clock.advance("1h");
    const usage = await call(
      "GET",
      `/v1/accounts/local/billingUsage?startTime=2026-01-01T00:00:00Z&endTime=2026-01-02T00:00:00Z&groupBy=annotations.${name}`,
    );
    expect(usage.status).toBeLessThan(500);
    expect(usage.text).not.toContain("native code");
  });

  test("in a schema of an answer is a property like any other", async () => {
    const { call } = await fresh();
    const answer = async (schema: object) => {
      const response = await call("POST", CHAT, said({ response_format: { type: "json_object", schema } }));
      expect(response.status).toBe(200);
      return JSON.parse(response.body.choices[0].message.content);
    };
    const one = keyed(name, { type: "integer", minimum: 3 });
    const other = keyed(name, { maximum: 3 });
    const both = await answer({
      allOf: [{ type: "object", properties: one, required: [name] }, { properties: other }],
    });
    expect(JSON.stringify(both)).toBe(JSON.stringify(keyed(name, 3)));
    expect(await answer({ type: "string", format: name })).toEqual(expect.any(String));
    expect(await answer({ type: "integer", allOf: [keyed(name, 1), keyed(name, 2)] })).toEqual(expect.any(Number));
  });

  test("in the template of an embedding stands for nothing", async () => {
    const { call } = await fresh();
    const embed = async (prompt_template: string) => {
      const body = { model: "accounts/fireworks/models/qwen3-embedding-8b", input: [{ a: "x" }], prompt_template };
      const answer = await call("POST", "/v1/embeddings", body);
      expect(answer.status).toBe(200);
      return [answer.body.data[0].embedding, answer.body.usage];
    };
    expect(await embed(`{{a}} {{${name}}}`)).toEqual(await embed("{{a}} {{nobody}}"));
  });

  test("in a body, a fault, a script makes no error of ours", async () => {
    const { call } = await fresh();
    const requests: [string, string, unknown][] = [
      ["POST", CHAT, keyed(name, 1)],
      ["POST", CHAT, said({ logit_bias: keyed(name, 1) })],
      ["POST", CHAT, said({ tools: [{ type: "function", function: { name, parameters: keyed(name, 1) } }] })],
      ["POST", CHAT, said({ response_format: { type: name } })],
      ["POST", CHAT, said({ tool_choice: { type: "function", function: { name } } })],
      ["POST", "/v1/completions", { model: name, prompt: "x", ...keyed(name, "x") }],
      ["POST", "/__emulator/faults", { respond: { code: name }, match: { path: "/never" } }],
      ["POST", "/__emulator/scripts", { respond: { error: { code: name } } }],
      ["POST", "/__emulator/scripts", { match: keyed(name, 1), respond: { text: "x" } }],
      ["POST", `/__emulator/reset?part=${name}`, {}],
      ["GET", `/v1/accounts/local/quotas/${name}`, undefined],
      ["GET", `/v1/accounts/${name}/deployments`, undefined],
      ["GET", `/v1/accounts/local/${name}`, undefined],
      ["GET", `${DEPLOYMENTS}/${name}`, undefined],
      ["PATCH", `/v1/accounts/local/quotas/${name}`, { value: 1 }],
      ["PATCH", "/__emulator/fleet", { pools: [{ region: name, acceleratorType: name, total: 1 }] }],
      ["POST", "/sandboxes", { name, ...keyed(name, 1) }],
      ["GET", `/sandboxes/${name}/health`, undefined],
      ["GET", `/v1/models/${name}`, undefined],
    ];
    for (const [method, path, body] of requests) {
      const answer = await call(method, path, body);
      expect(answer.status, `${method} ${path} ${JSON.stringify(body)}: ${answer.text}`).toBeLessThan(500);
    }
    const own = await call("POST", CHAT, said(), { ...key, "x-emulator-fault": name });
    expect([own.status, own.body.error.code]).toEqual([500, name]);
  });
});
