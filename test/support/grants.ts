import { SERVERLESS, SMALL } from "./api.ts";
import { baseModel } from "./upload.ts";
import type { Ids, TwoAccounts } from "./two-accounts.ts";

/** Who may call a route, by whose account it is about; nobody else may. */
interface Grant {
  own?: readonly string[];
  colleague?: readonly string[];
  other?: readonly string[];
  catalogue?: readonly string[];
  /** Where there is nothing to be found: who may look gets 404. */
  absent?: "own" | "catalogue";
}

const admins = ["owner", "admin"];
const members = [...admins, "user", "contributor", "custom"];
const keys = [...members, "inference-user"];

const READ: Grant = { own: members, colleague: members };
const WRITE: Grant = { own: members };
const SELF: Grant = { own: members, colleague: admins };
const MANAGE: Grant = { own: admins, colleague: admins };
const LIST_SHARED: Grant = { own: members, catalogue: keys };
const INFER: Grant = { own: keys };
/** Inference takes names of other accounts, and finds nothing there. */
const INFER_BY_NAME: Grant = { own: keys, other: [] };

const A = "/v1/accounts/{account_id}";
const I = "/inference/v1";
const USER = `${A}/users/{user_id}`;
const MODEL = `${A}/models/{model_id}`;
const VERSION = `${MODEL}/versions/{version_id}`;
const DEPLOYMENT = `${A}/deployments/{deployment_id}`;
const SHAPE = `${A}/deploymentShapes/{deployment_shape_id}`;

export const grants: Record<string, Grant> = {
  "GET /v1/accounts": { own: keys },
  [`GET ${A}`]: { own: keys, catalogue: keys },
  [`GET ${A}/users`]: READ,
  [`POST ${A}/users`]: MANAGE,
  [`GET ${USER}`]: READ,
  [`PATCH ${USER}`]: SELF,
  [`GET ${USER}/apiKeys`]: READ,
  [`GET ${USER}/apiKeys/{api_key_id}`]: READ,
  [`POST ${USER}/apiKeys`]: SELF,
  [`POST ${USER}/apiKeys:delete`]: SELF,
  [`GET ${A}/secrets`]: READ,
  [`POST ${A}/secrets`]: MANAGE,
  [`GET ${A}/secrets/{secret_id}`]: READ,
  [`PATCH ${A}/secrets/{secret_id}`]: MANAGE,
  [`DELETE ${A}/secrets/{secret_id}`]: MANAGE,
  [`GET ${A}/auditLogs`]: MANAGE,
  [`GET ${A}/models`]: LIST_SHARED,
  [`POST ${A}/models`]: WRITE,
  [`GET ${MODEL}`]: LIST_SHARED,
  [`PATCH ${MODEL}`]: WRITE,
  [`DELETE ${MODEL}`]: WRITE,
  [`POST ${MODEL}:getUploadEndpoint`]: WRITE,
  [`GET ${MODEL}:validateUpload`]: WRITE,
  [`GET ${MODEL}:getDownloadEndpoint`]: READ,
  [`POST ${MODEL}:import`]: WRITE,
  [`POST ${MODEL}:prepare`]: WRITE,
  [`GET ${MODEL}/versions`]: READ,
  [`POST ${MODEL}/versions`]: WRITE,
  [`GET ${MODEL}/versions:count`]: READ,
  [`GET ${VERSION}`]: READ,
  [`POST ${VERSION}:deploy`]: WRITE,
  [`GET ${A}/deployedModels`]: LIST_SHARED,
  [`POST ${A}/deployedModels`]: WRITE,
  [`GET ${A}/deployedModels/{deployed_model_id}`]: { ...LIST_SHARED, absent: "catalogue" },
  [`PATCH ${A}/deployedModels/{deployed_model_id}`]: WRITE,
  [`DELETE ${A}/deployedModels/{deployed_model_id}`]: WRITE,
  [`GET ${A}/deployments`]: READ,
  [`POST ${A}/deployments`]: WRITE,
  [`GET ${DEPLOYMENT}`]: READ,
  [`PATCH ${DEPLOYMENT}`]: WRITE,
  [`DELETE ${DEPLOYMENT}`]: WRITE,
  [`POST ${DEPLOYMENT}:undelete`]: WRITE,
  [`POST ${DEPLOYMENT}:setTags`]: WRITE,
  [`POST ${DEPLOYMENT}:deleteTags`]: WRITE,
  [`PATCH ${DEPLOYMENT}:scale`]: WRITE,
  [`GET ${DEPLOYMENT}/shards`]: READ,
  [`GET ${DEPLOYMENT}/terminationMessage`]: READ,
  [`GET ${DEPLOYMENT}:metrics`]: READ,
  [`GET ${A}/deploymentShapes`]: LIST_SHARED,
  [`GET ${SHAPE}`]: { ...LIST_SHARED, absent: "own" },
  [`GET ${SHAPE}/versions`]: LIST_SHARED,
  [`GET ${SHAPE}/versions/{version_id}`]: { ...LIST_SHARED, absent: "own" },
  [`GET ${A}/routers`]: LIST_SHARED,
  [`POST ${A}/routers`]: WRITE,
  [`GET ${A}/routers/{router_id}`]: { ...LIST_SHARED, absent: "catalogue" },
  [`PATCH ${A}/routers/{router_id}`]: WRITE,
  [`DELETE ${A}/routers/{router_id}`]: WRITE,
  [`GET ${A}/quotas`]: READ,
  [`GET ${A}/quotas/{quota_id}`]: READ,
  [`PATCH ${A}/quotas/{quota_id}`]: MANAGE,
  [`GET ${A}/reservations`]: READ,
  [`GET ${A}/reservations/{reservation_id}`]: READ,
  [`GET ${A}/billingUsage`]: READ,
  [`GET ${A}/billing/summary`]: READ,
  [`GET ${A}/metrics`]: READ,
  [`POST ${I}/completions`]: INFER_BY_NAME,
  [`POST ${I}/chat/completions`]: INFER_BY_NAME,
  [`POST ${I}/messages`]: INFER_BY_NAME,
  [`POST ${I}/embeddings`]: INFER_BY_NAME,
  [`POST ${I}/rerank`]: INFER_BY_NAME,
  [`POST ${I}/systemone`]: INFER_BY_NAME,
  [`POST ${I}/decisions`]: INFER_BY_NAME,
  [`GET ${I}/models`]: INFER,
  [`GET ${I}/models/accounts/{account_id}/models/{model_id}`]: INFER_BY_NAME,
  [`POST ${I}/responses`]: INFER_BY_NAME,
  [`GET ${I}/responses`]: INFER,
  [`GET ${I}/responses/{response_id}`]: INFER_BY_NAME,
  [`DELETE ${I}/responses/{response_id}`]: INFER_BY_NAME,
  [`POST ${I}/responses/{response_id}/cancel`]: INFER_BY_NAME,
};

/** A request of a route that is about to be sent. */
interface Asking extends Pick<TwoAccounts, "demand" | "send"> {
  account: string;
  ids: Ids;
  /** An ID that is new. */
  id: string;
}

interface Prepared {
  ids?: Ids;
  query?: string;
  body?: unknown;
}

/** By the owner, where the account has anything. */
const byOwner = async ({ account, demand }: Asking, method: string, path: string, body?: unknown) =>
  account === "fireworks"
    ? undefined
    : demand(`fw_${account}`, method, path.replace("~", `/v1/accounts/${account}`), body);

const SPAN = "?startTime=2026-01-01T00:00:00Z&endTime=2026-01-02T00:00:00Z";
const deploymentOf = ({ account }: Asking, id: string): string => `accounts/${account}/deployments/${id}`;
const loraOf = (asking: Asking) => ({
  model: `accounts/${asking.account}/models/lora`,
  deployment: deploymentOf(asking, "d"),
});
/** Loads the addon again, if it was unloaded. */
const reload = (asking: Asking) =>
  asking.send(`fw_${asking.account}`, "POST", `/v1/accounts/${asking.account}/deployedModels`, loraOf(asking));

const source = { awsS3Source: { s3Bucket: "bucket", s3Path: "model" } };
const messages = [{ role: "user", content: "hi" }];

/** A model that every key may call, or a deployment of the other account. */
const modelFor = (asking: Asking, own = SERVERLESS): string =>
  asking.account === "local" ? own : deploymentOf(asking, "d");

async function storeResponse({ account, demand }: Asking, more: object = {}): Promise<Prepared> {
  const asked = { model: SERVERLESS, input: "x", ...more };
  return { ids: { response_id: (await demand(`fw_${account}`, "POST", "/v1/responses", asked)).body.id } };
}

/** What a request needs besides the IDs of its account: bodies, and things that it uses up. */
export const preparations: Record<string, (asking: Asking) => Prepared | Promise<Prepared>> = {
  [`POST ${A}/users`]: ({ id }) => ({ query: `?userId=${id}`, body: { role: "user" } }),
  [`PATCH ${USER}`]: ({ id }) => ({ body: { displayName: id } }),
  [`POST ${USER}/apiKeys`]: () => ({ body: { apiKey: { displayName: "x" } } }),
  [`POST ${USER}/apiKeys:delete`]: async (asking) => {
    const made = await byOwner(asking, "POST", `~/users/${asking.ids["user_id"]}/apiKeys`, { apiKey: {} });
    return { body: { keyId: made?.body.keyId ?? "none" } };
  },
  [`GET ${USER}/apiKeys/{api_key_id}`]: async (asking) => {
    const made = await byOwner(asking, "POST", `~/users/${asking.ids["user_id"]}/apiKeys`, { apiKey: {} });
    return { ids: { api_key_id: made?.body.keyId ?? "none" } };
  },
  [`POST ${A}/secrets`]: ({ id }) => ({ body: { name: `accounts/x/secrets/${id}`, keyName: "K", value: "v" } }),
  [`PATCH ${A}/secrets/{secret_id}`]: ({ id }) => ({ body: { keyName: id } }),
  [`DELETE ${A}/secrets/{secret_id}`]: async (asking) => {
    await byOwner(asking, "POST", "~/secrets", { name: `accounts/x/secrets/${asking.id}`, keyName: "K" });
    return { ids: { secret_id: asking.id } };
  },
  [`POST ${A}/models`]: ({ id }) => ({ body: { modelId: id, model: baseModel } }),
  [`PATCH ${MODEL}`]: ({ id }) => ({ body: { displayName: id } }),
  [`DELETE ${MODEL}`]: async (asking) => {
    await byOwner(asking, "POST", "~/models", { modelId: asking.id, model: baseModel });
    return { ids: { model_id: asking.id } };
  },
  [`POST ${MODEL}:getUploadEndpoint`]: () => ({
    ids: { model_id: "raw" },
    body: { filenameToSize: { "config.json": "3" } },
  }),
  [`POST ${MODEL}:import`]: async (asking) => {
    await byOwner(asking, "POST", "~/models", { modelId: asking.id, model: baseModel });
    return { ids: { model_id: asking.id }, body: source };
  },
  [`POST ${MODEL}:prepare`]: () => ({ body: { precision: "FP8" } }),
  [`POST ${MODEL}/versions`]: ({ id }) => ({ query: `?versionId=${id}`, body: {} }),
  [`POST ${VERSION}:deploy`]: (asking) => ({ body: { deployment: deploymentOf(asking, "m") } }),
  [`POST ${A}/deployedModels`]: async (asking) => {
    const { account, ids, send } = asking;
    await send(`fw_${account}`, "DELETE", `/v1/accounts/${account}/deployedModels/${ids["deployed_model_id"]}`);
    return { body: loraOf(asking) };
  },
  [`PATCH ${A}/deployedModels/{deployed_model_id}`]: async (asking) => {
    await reload(asking);
    return { body: { displayName: asking.id } };
  },
  [`DELETE ${A}/deployedModels/{deployed_model_id}`]: async (asking) => {
    await reload(asking);
    return {};
  },
  [`POST ${A}/deployments`]: ({ id }) => ({ query: `?deploymentId=${id}`, body: { baseModel: SMALL } }),
  [`PATCH ${DEPLOYMENT}`]: ({ id }) => ({ body: { displayName: id } }),
  [`DELETE ${DEPLOYMENT}`]: async (asking) => {
    await byOwner(asking, "POST", `~/deployments?deploymentId=${asking.id}`, { baseModel: SMALL });
    return { ids: { deployment_id: asking.id } };
  },
  [`POST ${DEPLOYMENT}:undelete`]: async (asking) => {
    await byOwner(asking, "POST", `~/deployments?deploymentId=${asking.id}`, { baseModel: SMALL });
    await byOwner(asking, "DELETE", `~/deployments/${asking.id}`);
    return { ids: { deployment_id: asking.id } };
  },
  [`POST ${DEPLOYMENT}:setTags`]: ({ id }) => ({ body: { tags: { "custom/x": id } } }),
  [`POST ${DEPLOYMENT}:deleteTags`]: () => ({ body: { keys: ["custom/x"] } }),
  [`PATCH ${DEPLOYMENT}:scale`]: () => ({ body: { replicaCount: 1 } }),
  [`POST ${A}/routers`]: (asking) => ({
    query: `?routerId=${asking.id}`,
    body: { deployments: [deploymentOf(asking, "d")] },
  }),
  [`PATCH ${A}/routers/{router_id}`]: ({ id }) => ({ body: { displayName: id } }),
  [`DELETE ${A}/routers/{router_id}`]: async (asking) => {
    await byOwner(asking, "POST", `~/routers?routerId=${asking.id}`, { deployments: [deploymentOf(asking, "d")] });
    return { ids: { router_id: asking.id } };
  },
  [`PATCH ${A}/quotas/{quota_id}`]: () => ({ body: { value: "8" } }),
  [`GET ${A}/billingUsage`]: () => ({ query: SPAN }),
  [`GET ${A}/billing/summary`]: () => ({ query: SPAN }),
  // six reads a minute
  [`GET ${A}/metrics`]: async ({ demand }) => {
    await demand(undefined, "POST", "/__emulator/clock:advance", { by: "11s" });
    return {};
  },
  [`POST ${I}/completions`]: (asking) => ({ body: { model: modelFor(asking), prompt: "hi" } }),
  [`POST ${I}/chat/completions`]: (asking) => ({ body: { model: modelFor(asking), messages } }),
  [`POST ${I}/messages`]: (asking) => ({ body: { model: modelFor(asking), messages, max_tokens: 9 } }),
  [`POST ${I}/embeddings`]: (asking) => ({
    body: { model: modelFor(asking, "nomic-ai/nomic-embed-text-v1.5"), input: "hi" },
  }),
  [`POST ${I}/rerank`]: (asking) => ({
    body: { model: modelFor(asking, "fireworks/qwen3-reranker-8b"), query: "a", documents: ["b"] },
  }),
  [`POST ${I}/systemone`]: (asking) => ({
    body: { model: modelFor(asking, SYSTEM_ONE), state: "x", questions: { a: { type: "noul", instructions: "b" } } },
  }),
  [`POST ${I}/decisions`]: (asking) => ({
    body: { model: modelFor(asking, SYSTEM_ONE), input: "x", questions: [{ type: "predicate", instructions: "b" }] },
  }),
  [`GET ${I}/models/accounts/{account_id}/models/{model_id}`]: ({ account }) =>
    account === "local" ? { ids: { account_id: "fireworks", model_id: SERVERLESS.split("/").at(-1)! } } : {},
  [`POST ${I}/responses`]: (asking) => ({ body: { model: modelFor(asking), input: "hi" } }),
  [`DELETE ${I}/responses/{response_id}`]: (asking) => storeResponse(asking),
  [`POST ${I}/responses/{response_id}/cancel`]: (asking) => storeResponse(asking, { background: true }),
};

const SYSTEM_ONE = "accounts/fireworks/models/system-one";
