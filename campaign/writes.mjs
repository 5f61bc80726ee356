/**
 * Kinds of writes. `writes(id, value, text)` lists what can be asked of a thing whose value is known (undefined: it is not
 * there): method, path, body, and the value afterwards. `read` is where to look, and `seen` what the look says of it.
 */

const ACCOUNT = "/v1/accounts/local";
const SMALL = "accounts/fireworks/models/llama-v3p2-3b-instruct";
const SERVERLESS = "accounts/fireworks/models/qwen3-8b";
/** What a world has from the start, for others to stand on. */
export const BASE = "base";
const BASE_NAME = `accounts/local/deployments/${BASE}`;
export const INNER = "inner";
export const addonId = (worker) => `addon${worker}`;

/** A thing that is made, changed and removed by the same text. */
const simple = ({ make, change, remove, read, seen }) => ({
  read,
  seen,
  writes: (id, value, text) => [
    ...(value === undefined ? [[...make(id, text), text]] : []),
    ...(value !== undefined && change ? [[...change(id, text), text]] : []),
    ...(value !== undefined && remove ? [[...remove(id), undefined, undefined]] : []),
  ],
});

const below = (collection) => (id) => `${ACCOUNT}/${collection}/${id}`;
const byText = (collection, make, field, toBody = (text) => ({ [field]: text }), query = "") =>
  simple({
    make,
    change: (id, text) => ["PATCH", below(collection)(id), toBody(text)],
    remove: (id) => ["DELETE", below(collection)(id) + query],
    read: below(collection),
    seen: (body) => body[field],
  });

const own = (collection, body, seen) =>
  simple({
    make: (id, text) => ["POST", `/__emulator/${collection}`, { id, ...body(text) }],
    remove: (id) => ["DELETE", `/__emulator/${collection}/${id}`],
    read: (id) => `/__emulator/${collection}/${id}`,
    seen,
  });

/** A number from a text, from 1 to `most`. */
const toCount = (text, most) => 1 + ([...text].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % most);
const counted = (kind, most) => ({
  ...kind,
  writes: (id, value, text) => kind.writes(id, value, toCount(text, most)),
});

const users = (prefix = "") =>
  simple({
    make: (id, text) => ["POST", `${prefix}${ACCOUNT}/users?userId=${id}`, { role: "user", displayName: text }],
    change: (id, text) => ["PATCH", `${prefix}${ACCOUNT}/users/${id}`, { displayName: text }],
    read: (id) => `${prefix}${ACCOUNT}/users/${id}`,
    seen: (body) => body.displayName,
  });

const deploymentOf = (more) => ({ baseModel: SMALL, maxReplicaCount: 5, ...more });
const createDeployment = (id, body) => ["POST", `${ACCOUNT}/deployments?deploymentId=${id}`, deploymentOf(body)];
const deployments = below("deployments");

/** Values that stand in for a text where there are few. */
const THERE = "there";
const GONE = "deleted, and could be undeleted";

export const kinds = {
  users: users(),
  inSandbox: { ...users(`/sandboxes/${INNER}`), isElsewhere: true },
  secrets: byText(
    "secrets",
    (id, text) => ["POST", `${ACCOUNT}/secrets`, { name: `accounts/local/secrets/${id}`, keyName: text, value: "v" }],
    "keyName",
  ),
  models: byText(
    "models",
    (id, text) => [
      "POST",
      `${ACCOUNT}/models`,
      { modelId: id, model: { kind: "HF_BASE_MODEL", baseModelDetails: { worldSize: 1 }, displayName: text } },
    ],
    "displayName",
  ),
  deployments: byText(
    "deployments",
    (id, text) => createDeployment(id, { displayName: text }),
    "displayName",
    undefined,
    "?ignoreChecks=true&hard=true",
  ),
  scaled: counted(
    {
      read: deployments,
      seen: (body) => body.minReplicaCount,
      writes: (id, value, count) =>
        value === undefined
          ? [[...createDeployment(id, { minReplicaCount: count }), count]]
          : [
              ["PATCH", deployments(id), { minReplicaCount: count }, count],
              // the bounds stay; the autoscaler goes on from the count
              ["PATCH", `${deployments(id)}:scale`, { replicaCount: count }, value],
            ],
    },
    5,
  ),
  undeletable: {
    read: deployments,
    seen: (body) => (body.deleteTime || body.state === "DELETED" || body.state === "DELETING" ? GONE : THERE),
    writes: (id, value) => [
      value === undefined
        ? [...createDeployment(id, {}), THERE]
        : value === THERE
          ? ["DELETE", `${deployments(id)}?ignoreChecks=true`, undefined, GONE]
          : ["POST", `${deployments(id)}:undelete`, {}, THERE],
    ],
  },
  routers: byText(
    "routers",
    (id, text) => [
      "POST",
      `${ACCOUNT}/routers?routerId=${id}`,
      { displayName: text, deployments: [BASE_NAME], model: SMALL },
    ],
    "displayName",
  ),
  quotas: counted(
    {
      read: below("quotas"),
      seen: (body) => Number(body.value),
      shared: "global--h200-count",
      initial: 1_000_000, // what --gpu-quota none shows
      writes: (id, _, count) => [["PATCH", below("quotas")(id), { value: String(count) }, count]],
    },
    8,
  ),
  reservations: counted(
    own(
      "reservations",
      (count) => ({ acceleratorType: "NVIDIA_H100_80GB", region: "US_IOWA_1", reservedCount: count }),
      (body) => body.reservedCount,
    ),
    3,
  ),
  stockouts: own(
    "stockouts",
    (text) => ({ region: "EU_FRANKFURT_1", takesReplicas: text < "n" }),
    (body) => (body.takesReplicas ? "a" : "z"),
  ),
  traffic: counted(
    own(
      "traffic",
      (count) => ({ deployment: BASE_NAME, requestsPerSecond: count / 100 }),
      (body) => Math.round(body.requestsPerSecond * 100),
    ),
    9,
  ),
  scripts: own(
    "scripts",
    (text) => ({ match: { model: "never" }, respond: { text } }),
    (body) => body.respond.text,
  ),
  faults: own(
    "faults",
    (text) => ({ match: { path: `/never/${text}` }, delay: "1ms" }),
    (body) => body.match.path.slice("/never/".length),
  ),
  sandboxes: counted(
    {
      isElsewhere: true,
      read: (id) => `/sandboxes/${id}`,
      seen: (body) => Number(body.seed),
      writes: (id, value, seed) => [
        value === undefined
          ? ["POST", "/sandboxes", { name: id, seed, clock: "manual" }, seed]
          : // replacing deletes first: while it was not answered, none is there either
            ["POST", "/sandboxes", { name: id, seed, clock: "manual", replace: true }, seed, [undefined]],
        ...(value === undefined ? [] : [["DELETE", `/sandboxes/${id}`, undefined, undefined]]),
      ],
    },
    1000,
  ),
  apiKeys: {
    read: (id, name) => `${ACCOUNT}/users/owner/apiKeys/${name}`,
    seen: (body) => body.displayName,
    nameOf: (body) => body.keyId,
    writes: (id, value, text, name) => [
      value === undefined
        ? ["POST", `${ACCOUNT}/users/owner/apiKeys`, { apiKey: { displayName: text } }, text]
        : ["POST", `${ACCOUNT}/users/owner/apiKeys:delete`, { keyId: name }, undefined],
    ],
  },
  responses: {
    // not the control plane's: saved with the next group
    isGrouped: true,
    read: (id, name) => `/v1/responses/${name}`,
    seen: (body) => body.metadata?.text,
    nameOf: (body) => body.id,
    writes: (id, value, text, name) => [
      value === undefined
        ? ["POST", "/v1/responses", { model: SERVERLESS, input: text, metadata: { text }, max_output_tokens: 16 }, text]
        : ["DELETE", `/v1/responses/${name}`, undefined, undefined],
    ],
  },
  deployedModels: {
    // an addon that is unloading cannot be loaded again yet
    tolerates: [400, 409],
    read: (id, name) => `/v1/${name}`,
    seen: (body) => (body.state === "UNDEPLOYING" ? undefined : THERE),
    nameOf: (body) => body.name,
    isPerWorker: true,
    writes: (id, value, _, name) => [
      value === undefined
        ? ["POST", `${ACCOUNT}/deployedModels`, { model: `accounts/local/models/${id}`, deployment: BASE_NAME }, THERE]
        : ["DELETE", `/v1/${name}`, undefined, undefined],
    ],
  },
};

/** Texts of a stockout are one of two, because it has none of its own. */
kinds.stockouts.writes = (
  (writes) => (id, value, text) =>
    writes(id, value, text < "n" ? "a" : "z")
)(kinds.stockouts.writes);

export { ACCOUNT, SMALL };
