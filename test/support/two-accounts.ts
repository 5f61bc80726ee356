import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadCatalog } from "../../src/engine/catalog.ts";
import { defaultConfig } from "../../src/engine/config.ts";
import { Worlds } from "../../src/engine/worlds.ts";
import { allRoutes, createApp } from "../../src/http/app.ts";
import { createGate } from "../../src/http/gate.ts";
import type { Route } from "../../src/http/route.ts";
import type { Answer } from "./api.ts";
import { SERVERLESS, SMALL } from "./api.ts";
import { addonFiles, addonOf, baseFiles, baseModel, sizesOf } from "./upload.ts";

const ORIGIN = "http://emulator";

/** Sends a request with a key, or without one. */
type Send = (
  key: string | undefined,
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Answer>;

/** What an account has, by the parameters of paths. */
export type Ids = Record<string, string>;

export interface TwoAccounts {
  /** Every route that asks for a key. */
  routes: Route[];
  send: Send;
  /** The same, for what has to work. */
  demand: Send;
  /** Of `local` and of `acme`, what each has; of `fireworks`, what the catalogue has. */
  ids: Record<string, Ids>;
  /** Keys of `local`, by who has them: roles, and `expired`. */
  keys: Record<string, string>;
  close(): Promise<void>;
}

/** A world below `base` with keys that are known, and the app that it is in. */
async function openApp(base: string) {
  const buckets = mkdtempSync(join(tmpdir(), "buckets-"));
  mkdirSync(join(buckets, "bucket/model"), { recursive: true });
  for (const [name, bytes] of Object.entries(baseFiles())) writeFileSync(join(buckets, "bucket/model", name), bytes);
  const options = { clock: "manual", auth: "known", profile: "instant", gpuQuota: Infinity, buckets } as const;
  const bugs: unknown[] = [];
  const onBug = (error: unknown): void => void bugs.push(error);
  const worlds = new Worlds({ ...defaultConfig, ...options }, loadCatalog([]), onBug);
  const url = (): string => ORIGIN;
  const gate = createGate({ worlds, isExposed: false, allowedHosts: [], token: undefined });
  const app = createApp({ worlds, maxBodyBytes: 1e6, url, gate, onBug });
  const send: Send = async (key, method, path, body, more = {}) => {
    const headers = key === undefined ? more : { authorization: `Bearer ${key}`, ...more };
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const response = await app.request(`${ORIGIN}${path.startsWith("/sandboxes") ? "" : base}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: text }),
    });
    if (bugs.length > 0) throw bugs[0];
    const answer = await response.text();
    const isJson = response.headers.get("content-type") === "application/json";
    return { status: response.status, headers: response.headers, text: answer, body: isJson ? JSON.parse(answer) : {} };
  };
  if (base !== "") await send(undefined, "POST", "/sandboxes", { name: base.split("/").at(-1) });
  const put = async (signed: string, bytes: Buffer): Promise<void> => {
    const range = { "x-goog-content-length-range": `${bytes.length},${bytes.length}` };
    await app.request(signed, { method: "PUT", headers: range, body: new Uint8Array(bytes) });
  };
  const routes = allRoutes({ worlds, url }).filter(({ plane }) => plane === "control" || plane === "inference");
  const close = async (): Promise<void> => {
    worlds.close();
    rmSync(buckets, { recursive: true });
  };
  return { send, put, routes, close };
}

/** Two accounts that have one of everything; what is called `open` is public. */
export async function twoAccounts(base: string): Promise<TwoAccounts> {
  const { send, put, routes, close } = await openApp(base);
  const demand: Send = async (key, method, path, body) => {
    const answer = await send(key, method, path, body);
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer;
  };
  const furnish = async (account: string): Promise<Ids> => {
    const home = `/v1/accounts/${account}`;
    const own = (method: string, path: string, body?: unknown) => demand(`fw_${account}`, method, home + path, body);
    const addModel = async (modelId: string, model: object, files: Record<string, Buffer>): Promise<void> => {
      await own("POST", "/models", { modelId, model });
      const { body } = await own("POST", `/models/${modelId}:getUploadEndpoint`, { filenameToSize: sizesOf(files) });
      for (const [name, url] of Object.entries<string>(body.filenameToSignedUrls)) await put(url, files[name]!);
      await own("GET", `/models/${modelId}:validateUpload`);
    };
    await addModel("mine", baseModel, baseFiles());
    await addModel("open", { ...baseModel, public: true }, baseFiles());
    await addModel("lora", addonOf(SMALL), addonFiles());
    await own("POST", "/models", { modelId: "raw", model: baseModel });
    await own("POST", "/models/mine/versions?versionId=v");
    await own("POST", "/deployments?deploymentId=d", { baseModel: SMALL, enableAddons: true, minReplicaCount: 1 });
    await own("POST", "/deployments?deploymentId=m", {
      baseModel: `accounts/${account}/models/mine`,
      minReplicaCount: 1,
    });
    const deployment = `accounts/${account}/deployments/d`;
    const addon = await own("POST", "/deployedModels", { model: `accounts/${account}/models/lora`, deployment });
    for (const id of ["r", "open"])
      await own("POST", `/routers?routerId=${id}`, { deployments: [deployment], public: id === "open" });
    await own("POST", "/secrets", { name: `accounts/${account}/secrets/s`, keyName: "K", value: "v" });
    const gpus = { acceleratorType: "NVIDIA_H100_80GB", region: "US_IOWA_1", reservedCount: 1 };
    await demand(undefined, "POST", "/__emulator/reservations", { id: `${account}-gpus`, account, ...gpus });
    const made = await own("POST", "/users/owner/apiKeys", { apiKey: {} });
    const said = await demand(`fw_${account}`, "POST", "/v1/responses", { model: SERVERLESS, input: "x" });
    return {
      account_id: account,
      user_id: "owner",
      api_key_id: made.body.keyId,
      secret_id: "s",
      model_id: "mine",
      version_id: "v",
      deployment_id: "d",
      deployed_model_id: addon.body.name.split("/").at(-1),
      router_id: "r",
      quota_id: "global--h100-count",
      reservation_id: `${account}-gpus`,
      deployment_shape_id: "none",
      response_id: said.body.id,
    };
  };
  await demand(undefined, "POST", "/__emulator/accounts", { id: "acme" });
  const [local, acme] = [await furnish("local"), await furnish("acme")];
  const keys: Record<string, string> = {};
  const addKey = async (user: string, apiKey: object = {}): Promise<string> =>
    (await demand("fw_local", "POST", `/v1/accounts/local/users/${user}/apiKeys`, { apiKey })).body.key;
  for (const role of ["admin", "user", "contributor", "custom", "inference-user"]) {
    await demand("fw_local", "POST", `/v1/accounts/local/users?userId=${role}`, { role });
    keys[role] = await addKey(role);
  }
  keys["expired"] = await addKey("admin", { expireTime: "2026-01-01T00:01:00Z" });
  await demand(undefined, "POST", "/__emulator/clock:advance", { by: "2m" });
  const shapes = "/v1/accounts/fireworks/deploymentShapes";
  const shape = (await demand("fw_local", "GET", `${shapes}?pageSize=1`)).body.deploymentShapes[0].name;
  const version = (await demand("fw_local", "GET", `/v1/${shape}/versions`)).body.deploymentShapeVersions[0].name;
  const fireworks = {
    ...Object.fromEntries(Object.keys(local).map((param) => [param, "none"])),
    account_id: "fireworks",
    model_id: SMALL.split("/").at(-1)!,
    deployment_shape_id: shape.split("/").at(-1),
    version_id: version.split("/").at(-1),
    user_id: "owner",
    quota_id: "global--h100-count",
  };
  return { routes, send, demand, ids: { local, acme, fireworks }, keys, close };
}
