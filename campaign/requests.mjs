import { fillPath, mutateBody } from "./mutate.mjs";

const SMALL = "accounts/fireworks/models/llama-v3p2-3b-instruct";
const SERVERLESS = "accounts/fireworks/models/qwen3-8b";
const messages = [{ role: "user", content: "hi" }];
const tool = {
  type: "function",
  function: { name: "f", parameters: { type: "object", properties: { a: { type: "integer" } } } },
};

/** Good bodies, by the end of the path. None makes a failure on purpose: a 500 is always a finding. */
const bodies = [
  [/users$/, { role: "user", displayName: "n", email: "a@b.example" }],
  [/apiKeys$/, { apiKey: { displayName: "k", expireTime: "2030-01-01T00:00:00Z" } }],
  [/apiKeys:delete$/, { keyId: "k" }],
  [/secrets/, { name: "accounts/local/secrets/s", keyName: "K", value: "v" }],
  [/getUploadEndpoint$/, { filenameToSize: { "config.json": 10, "model.bin": "100" }, enableResumableUpload: true }],
  [/models$/, { modelId: "m", model: { kind: "HF_BASE_MODEL", baseModelDetails: { worldSize: 1 }, displayName: "m" } }],
  [/:import$/, { modelVersion: { sourceUri: "s3://b/path" } }],
  [/deployedModels/, { model: "accounts/local/models/m", deployment: "accounts/local/deployments/d" }],
  [/:scale$/, { replicaCount: 2 }],
  [/:setTags$/, { tags: { a: "b" } }],
  [/:deleteTags$/, { keys: ["a"] }],
  [
    /deployments/,
    {
      baseModel: SMALL,
      displayName: "d",
      minReplicaCount: 0,
      maxReplicaCount: 2,
      acceleratorType: "NVIDIA_A100_80GB",
      placement: { region: "US_IOWA_1" },
      autoscalingPolicy: {
        scaleUpWindow: "30s",
        loadTargets: { default: 0.5 },
        scalingSchedules: {
          day: { minReplicaCount: 1, schedule: "0 8 * * *", duration: "300s", timezone: "Asia/Tokyo" },
        },
      },
    },
  ],
  [/routers/, { deployments: ["accounts/local/deployments/d"], model: SMALL, displayName: "r" }],
  [/quotas/, { value: "4" }],
  [
    /chat\/completions$/,
    { model: SERVERLESS, messages, max_tokens: 8, tools: [tool], stream: true, logprobs: true, top_logprobs: 2 },
  ],
  [
    /completions$/,
    { model: SERVERLESS, prompt: "hi", max_tokens: 8, n: 2, stop: ["x"], response_format: { type: "json_object" } },
  ],
  [
    /messages$/,
    {
      model: SERVERLESS,
      messages,
      max_tokens: 8,
      system: "s",
      tools: [{ name: "f", input_schema: { type: "object" } }],
    },
  ],
  [/responses$/, { model: SERVERLESS, input: "hi", max_output_tokens: 16, metadata: { a: "b" } }],
  [/embeddings$/, { model: "nomic-ai/nomic-embed-text-v1.5", input: ["a", "b"] }],
  [/rerank$/, { model: "accounts/fireworks/models/qwen3-reranker-8b", query: "q", documents: ["a", "b"], top_n: 1 }],
  [/systemone$|decisions$/, { model: SERVERLESS, messages, options: ["a", "b"] }],
  [/clock$/, { rate: 2 }],
  [/clock:advance$/, { by: "10s" }],
  [
    /requests:(count|verify)$/,
    { match: { path: "chat/completions", json: { temperature: 0 }, status: 200 }, times: 2 },
  ],
  [/__emulator\/accounts/, { id: "acme", displayName: "a", email: "a@b.example" }],
  [/fleet$/, { pools: [{ region: "US_IOWA_1", acceleratorType: "NVIDIA_A100_80GB", total: 4 }] }],
  [
    /scripts$/,
    {
      match: { endpoint: "chat", lastUserMessage: { regex: "never (?<a>b)" }, tools: ["f"] },
      respond: { text: "x {{a}}" },
    },
  ],
  [/faults$/, { match: { path: "/nowhere", method: "GET" }, corruptChunk: 5, times: 1 }],
  [/stockouts$/, { region: "US_IOWA_1", startsIn: "1s", duration: "10s" }],
  [/reservations$/, { acceleratorType: "NVIDIA_A100_80GB", region: "US_IOWA_1", reservedCount: 1, duration: "10s" }],
  [/traffic$/, { deployment: "accounts/local/deployments/d", requestsPerSecond: 1, duration: "60s", shape: "ramp" }],
  [/sandboxes$/, { name: "s", clock: "manual", seed: 1, replace: true }],
];

const ids = {
  account_id: ["local", "acme", "fireworks"],
  deployment_id: ["d"],
  model_id: ["m", "llama-v3p2-3b-instruct"],
  user_id: ["owner"],
  part: ["journal", "scripts", "faults", "clock"],
  name: ["s"],
  id: ["acme", "x"],
  quota_id: ["global--h100-count"],
};

/** Every method and path that the OpenAPI document names. */
export const routesOf = (document) =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
  );

const contentTypes = [
  "application/json",
  "application/json; charset=utf-16",
  "text/plain",
  "multipart/form-data",
  "",
  "application/json, text/html",
  "\u00e9",
];
const encodings = ["identity", "gzip", "br", "deflate, gzip", "x"];
const oddMethods = ["HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "PATCH", "PROPFIND", "M-SEARCH", "PURGE"];

/** Framed as HTTP/1.1 has it: what is in it may be anything. */
export function framed(random, routes) {
  const { method, path } = random.pick(routes);
  const isOdd = random.chance(0.05);
  const seed = bodies.find(([pattern]) => pattern.test(path))?.[1];
  const body = isOdd || method === "GET" ? Buffer.alloc(0) : mutateBody(random, seed);
  // HEAD has an answer without a body, which a simple reader of answers cannot tell
  const verb = isOdd ? random.pick(oddMethods.slice(1)) : method;
  const isChunked = body.length > 0 && random.chance(0.2);
  const lines = [
    `${verb} ${random.chance(0.03) ? "/sandboxes/s" : ""}${fillPath(random, path, ids)} HTTP/1.1`,
    "host: 127.0.0.1",
    `authorization: ${random.chance(0.97) ? "Bearer fw_local" : random.pick(["Bearer", "Basic eDp5", "Bearer \u00ff", ""])}`,
    ...(body.length > 0 ? [`content-type: ${random.chance(0.9) ? contentTypes[0] : random.pick(contentTypes)}`] : []),
    ...(random.chance(0.03) ? [`content-encoding: ${random.pick(encodings)}`] : []),
    ...(random.chance(0.02) ? [`x-request-id: ${random.pick(["\u00e9", "a".repeat(5000), ""])}`] : []),
    isChunked ? "transfer-encoding: chunked" : `content-length: ${body.length}`,
  ];
  const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  return Buffer.concat([head, isChunked ? toChunks(random, body) : body]);
}

function toChunks(random, body) {
  const parts = [];
  for (let at = 0; at < body.length;) {
    const length = Math.min(1 + random.below(200), body.length - at);
    parts.push(
      Buffer.from(`${length.toString(16)}${random.chance(0.05) ? ";ext=1" : ""}\r\n`),
      body.subarray(at, at + length),
      Buffer.from("\r\n"),
    );
    at += length;
  }
  return Buffer.concat([...parts, Buffer.from("0\r\n\r\n")]);
}

const post = "POST /v1/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer k\r\n";
const json = JSON.stringify({ model: SERVERLESS, prompt: "hi", max_tokens: 2 });

/** Broken on purpose: what HTTP/1.1 does not allow, or hardly. */
const breakers = [
  (random) => random.bytes(4 * (1 + random.below(300))),
  () => "\r\n\r\n\r\n",
  () => "GET /health\r\n\r\n",
  () => "GET  /health HTTP/1.1\r\n\r\n",
  () => "GET /health HTTP/9.9\r\nhost: localhost\r\n\r\n",
  () => "GET http://[::1/health HTTP/1.1\r\nhost: localhost\r\n\r\n",
  () => "GET //evil.example/health HTTP/1.1\r\nhost: localhost\r\n\r\n",
  () => "GET * HTTP/1.1\r\nhost: localhost\r\n\r\n",
  () => "OPTIONS * HTTP/1.1\r\nhost: localhost\r\n\r\n",
  () => "CONNECT 127.0.0.1:1 HTTP/1.1\r\nhost: localhost\r\n\r\n",
  () => "GET /health HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
  () => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  () => "GET /health HTTP/1.1\r\nhost: a b\r\n\r\n",
  () => "GET /health HTTP/1.1\r\nhost: [\r\n\r\n",
  () => "GET /health HTTP/1.1\r\nhost: %00\r\n\r\n",
  () => "GET /health HTTP/1.1\r\n\r\n",
  () => "GET /health HTTP/1.1\r\nhost: localhost\r\nhost: y\r\n\r\n",
  (random) => `GET /${"a".repeat(random.pick([100, 9000, 70_000]))} HTTP/1.1\r\nhost: localhost\r\n\r\n`,
  (random) =>
    `GET /health HTTP/1.1\r\nhost: localhost\r\nx: ${"a".repeat(random.pick([9000, 20_000, 70_000]))}\r\n\r\n`,
  () => `GET /health HTTP/1.1\r\nhost: localhost\r\n${"a: b\r\n".repeat(3000)}\r\n`,
  () => "GET /health HTTP/1.1\r\nhost: localhost\r\na\u0000b: c\r\n\r\n",
  () => "GET /health HTTP/1.1\r\nhost: localhost\r\n folded: c\r\n\r\n",
  (random) =>
    `${post}content-length: ${random.pick(["-1", "99999999999999999999", "1e3", "0x10", " ", "10, 10", "+5", "4294967297"])}\r\n\r\n${json}`,
  () => `${post}content-length: 5\r\ncontent-length: 6\r\n\r\n${json}`,
  () => `${post}content-length: ${json.length}\r\ntransfer-encoding: chunked\r\n\r\n${json}`,
  () => `${post}transfer-encoding: chunked\r\n\r\nZZ\r\n${json}\r\n0\r\n\r\n`,
  () => `${post}transfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n${json}`,
  () => `${post}transfer-encoding: chunked\r\n\r\n5\r\nhello world\r\n0\r\n\r\n`,
  () => `${post}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
  () => `${post}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
  () => `${post}transfer-encoding: chunked\r\n\r\n0\r\ntrailer: x\r\nTr\u0000: y\r\n\r\n`,
  () => `${post}expect: 100-continue\r\ncontent-length: ${json.length}\r\n\r\n${json}`,
  () => `${post}expect: 200-ok\r\ncontent-length: ${json.length}\r\n\r\n${json}`,
  // fewer bytes than were said, and then nothing
  () => `${post}content-length: 1000\r\n\r\n${json}`,
  () =>
    `PUT /__emulator/files?owner=../x&file=y&method=PUT&size=10&signature=0 HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\n0123`,
];

export const broken = (random) => Buffer.from(random.pick(breakers)(random), "latin1");
