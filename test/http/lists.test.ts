import { describe, expect, test } from "vitest";
import { fresh, SMALL } from "../support/api.ts";

const PATH = "/v1/accounts/acme/deployments";
const MODELS = "/v1/accounts/fireworks/models";

describe("lists", () => {
  test("filters: the ones seen in the wild and all operators", async () => {
    const { call } = await fresh();
    const count = async (filter: string): Promise<number> =>
      (await call("GET", `${MODELS}?filter=${encodeURIComponent(filter)}`)).body.totalSize;
    const all = (await call("GET", MODELS)).body.totalSize as number;
    expect(all).toBeGreaterThanOrEqual(25);
    const serverless = await count("supports_serverless=true");
    expect(serverless).toBeGreaterThan(0);
    expect(await count("supportsServerless=true")).toBe(serverless);
    expect(await count("NOT supports_serverless=true")).toBe(all - serverless);
    expect(await count('display_name="Llama 3.1 8B Instruct" AND kind="HF_BASE_MODEL"')).toBe(1);
    expect(await count('name="*/qwen3-*"')).toBeGreaterThan(5);
    expect(await count("context_length>=1000000")).toBeGreaterThan(0);
    expect(await count("base_model_details.moe=true AND context_length < 40000")).toBe(1);
    expect(await count('create_time > "2026-01-01T00:00:00Z"')).toBe(3);
    expect(await count("display_name:coder OR display_name:kimi")).toBe(5);
    expect(await count("(kind=EMBEDDING_MODEL OR supports_image_input=true) AND -supports_tools=true")).toBeGreaterThan(
      3,
    );
  });

  test.each(["name=", "(name=x", "name x", "=x", 'name="a', "name=x)"])(
    "a bad filter is a 400 that says why: %s",
    async (filter) => {
      const { call } = await fresh();
      const { status, body } = await call("GET", `${MODELS}?filter=${encodeURIComponent(filter)}`);
      expect([status, body.code]).toEqual([400, 3]);
      expect(body.message).toMatch(/^invalid filter: /);
    },
  );

  test("pages survive inserts and deletes, and refuse a changed query", async () => {
    const { call } = await fresh();
    const create = (id: string) => call("POST", `${PATH}?deploymentId=${id}`, { baseModel: SMALL, maxReplicaCount: 0 });
    for (const id of ["b", "d", "f", "h"]) await create(id);
    const first = (await call("GET", `${PATH}?pageSize=2&orderBy=name`)).body;
    expect(first.deployments.map((item: { name: string }) => item.name.at(-1))).toEqual(["b", "d"]);
    expect(first.totalSize).toBe(4);
    await create("a");
    await create("e");
    await call("DELETE", `${PATH}/d?hard=true`);
    const second = (await call("GET", `${PATH}?pageSize=2&orderBy=name&pageToken=${first.nextPageToken}`)).body;
    expect(second.deployments.map((item: { name: string }) => item.name.at(-1))).toEqual(["e", "f"]);
    const last = (await call("GET", `${PATH}?page_size=2&order_by=name&page_token=${second.nextPageToken}`)).body;
    expect(last.deployments.map((item: { name: string }) => item.name.at(-1))).toEqual(["h"]);
    expect(last.nextPageToken).toBe("");
    const changed = await call("GET", `${PATH}?pageSize=2&orderBy=create_time&pageToken=${first.nextPageToken}`);
    expect([changed.status, changed.body.code]).toEqual([400, 3]);
    expect((await call("GET", `${PATH}?pageToken=nonsense`)).status).toBe(400);
  });

  test("order, page size and masks", async () => {
    const { call } = await fresh();
    const names = async (query: string): Promise<string[]> =>
      (await call("GET", `${MODELS}?${query}`)).body.models.map((item: { name: string }) => item.name);
    const up = await names("orderBy=name&pageSize=500");
    expect(up).toEqual([...up].sort());
    expect(await names("orderBy=name%20desc&pageSize=200")).toEqual([...up].reverse());
    expect((await names("")).length).toBe(Math.min(50, up.length));
    expect((await call("GET", `${MODELS}?pageSize=-1`)).status).toBe(400);
    expect((await call("GET", `${MODELS}?pageSize=many`)).status).toBe(400);
    expect((await call("GET", `${MODELS}?orderBy=name%20sideways`)).status).toBe(400);
    const masked = (await call("GET", `${MODELS}/deepseek-v3?readMask=name,base_model_details.moe`)).body;
    expect(masked).toEqual({ name: "accounts/fireworks/models/deepseek-v3", baseModelDetails: { moe: true } });
    expect((await call("GET", `${MODELS}?readMask=name&pageSize=1`)).body.models).toEqual([{ name: up[0] }]);
  });

  test("accounts: the caller's own in the list, any that exists by name", async () => {
    const { call } = await fresh();
    const { body } = await call("GET", "/v1/accounts?pageSize=2");
    expect(body.accounts.map((item: { name: string }) => item.name)).toEqual(["accounts/local"]);
    expect((await call("GET", "/v1/accounts/fireworks")).body.state).toBe("READY");
    expect((await call("GET", "/v1/accounts/nobody")).status).toBe(404);
  });
});
