import type { Answer } from "./api.ts";
import { SERVERLESS, SMALL } from "./api.ts";
import { escaped } from "./secrets.ts";

export const ACCOUNT = "/v1/accounts/local";
export const CHAT = "/v1/chat/completions";
const KEY = { authorization: "Bearer fw_local" };
export const chat = (content: string, more = {}) => ({
  model: SERVERLESS,
  messages: [{ role: "user", content }],
  ...more,
});

/** Makes a secret for a place, and remembers it under the place's name. */
export type Take = (place: string) => string;
export type Send = (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>;

/** What is sent may be refused: then an error says what was wrong with it. */
export async function sendKeys(send: Send, take: Take): Promise<void> {
  const inHeaders: [string, (secret: string) => Record<string, string>][] = [
    ["Bearer", (secret) => ({ authorization: `Bearer ${secret}` })],
    ["bearer", (secret) => ({ authorization: `bearer ${secret}` })],
    ["spaces", (secret) => ({ authorization: `  BEARER    ${secret}  ` })],
    ["raw", (secret) => ({ authorization: secret })],
    ["Basic", (secret) => ({ authorization: `Basic ${Buffer.from(`ann:${secret}`).toString("base64")}` })],
    ["x-api-key", (secret) => ({ "x-api-key": secret })],
    ["api-key", (secret) => ({ "api-key": secret })],
    ["x-amz-security-token", (secret) => ({ ...KEY, "x-amz-security-token": secret })],
  ];
  for (const [place, toHeaders] of inHeaders) {
    const secret = take(place);
    const headers = toHeaders(secret);
    // and said again wherever a text may stand
    await send("POST", CHAT, chat(`my key is ${secret}`), {
      ...headers,
      "user-agent": `a/${secret}`,
      "x-request-id": secret,
    });
    await send("POST", CHAT, `{"model":"${escaped(secret)}", broken ${secret}`, headers);
    await send(
      "GET",
      `${ACCOUNT}/models/${encodeURIComponent(secret)}?filter=${encodeURIComponent(secret)}`,
      undefined,
      headers,
    );
    await send("POST", `${ACCOUNT}/deployments`, { baseModel: secret, annotations: secret }, headers);
  }
  for (const parameter of ["api_key", "key", "token", "X-Amz-Security-Token"]) {
    const secret = take(`?${parameter}`);
    await send("POST", `${CHAT}?${parameter}=${encodeURIComponent(secret)}`, chat(`I am ${secret}`), KEY);
    await send("GET", `/none/${encodeURIComponent(secret)}?${parameter}=${encodeURIComponent(secret)}`, undefined, KEY);
  }
}

/** Values of a field that is made for a secret: of any type, under any name that is like its own, whole or broken. */
function* bodiesWith(field: string, place: string, take: Take): Generator<string> {
  const names = [
    field,
    field.toUpperCase(),
    field.replaceAll(/[A-Z]/g, (char) => `_${char.toLowerCase()}`),
    escaped(field),
  ];
  for (const [at, name] of names.entries()) {
    const secret = (kind: string): string => take(`${place} ${at} ${kind}`);
    const json = (kind: string): string => JSON.stringify(secret(kind));
    yield `{"name":"a${at}","keyName":"K","baseModel":"${SMALL}","${name}":${json("text")}}`;
    yield `{"keyName":"K","baseModel":"${SMALL}","${name}":[${json("list")}]}`;
    yield `{"${name}":{"a":[${json("object")}]},"${name}":{"${secret("name").replaceAll(/["\\]/g, "x")}":1}}`;
    yield `{"${name}":"${escaped(secret("escaped"))}"}`;
    yield `{"wrapped":{"${name}" : ${json("wrapped")}}}`;
    yield `{"${name}":${secret("bare")}}`;
    yield `{"${name}: ${json("unquoted")}, "a": 1}`;
    yield `{"${name}":${json("unclosed").slice(0, -1)}`;
    yield `{${name}:'${secret("single")}'}`;
    if (at > 0) continue;
    yield `{"padding":"${"x".repeat(65_450)}","${name}":"${secret("at the cut").replaceAll(/["\\]/g, "x").repeat(9)}"}`;
  }
}

export async function sendFields(send: Send, take: Take): Promise<void> {
  await send("POST", `${ACCOUNT}/secrets`, { name: "there", keyName: "K", value: take("first value") });
  for (const body of bodiesWith("value", "secret", take)) {
    await send("POST", `${ACCOUNT}/secrets`, body);
    await send("PATCH", `${ACCOUNT}/secrets/there`, body);
  }
  await send("POST", `${ACCOUNT}/deployments?deploymentId=there`, { baseModel: SMALL });
  for (const body of bodiesWith("directRouteApiKeys", "direct", take)) {
    await send("POST", `${ACCOUNT}/deployments`, body);
    await send("PATCH", `${ACCOUNT}/deployments/there`, body);
  }
  for (const field of ["accessKeyId", "accessSecret", "sasTokenSecret"])
    for (const body of bodiesWith(field, field, take))
      await send("POST", `${ACCOUNT}/models/m:import`, `{"awsS3Source":${body}}`);
  await send("POST", `${ACCOUNT}/users?userId=ann`, { email: "ann@a.example" });
}

/** A token whose form is known, in any place at all but those that must say it again. */
export async function sendTokens(send: Send, take: Take): Promise<void> {
  for (const stream of [false, true]) {
    await send("POST", CHAT, chat(`say\n${take(`prompt ${stream}`)}!`, { stream }));
    await send("POST", "/v1/completions", { model: SERVERLESS, prompt: `KEY=${take(`completion ${stream}`)}`, stream });
    await send("POST", "/v1/messages", { ...chat(take(`message ${stream}`), { stream }), max_tokens: 9 });
    await send("POST", "/v1/responses", { model: SERVERLESS, input: take(`response ${stream}`), stream, store: false });
  }
  await send("POST", CHAT, JSON.stringify(chat("x")).replace('"x"', `"\\n${escaped(take("escaped"))}"`));
  await send("POST", CHAT, chat("x", { [take("name of a field")]: 1 }));
  await send("POST", CHAT, chat("x", { temperature: `${"y".repeat(190)} ${take("wrong value")}` }));
  await send("POST", CHAT, chat("x", { model: take("model") }));
  await send("POST", CHAT, `{"messages": "${take("broken")}" "\\n${take("broken too")}`);
  await send("POST", CHAT, chat("x".repeat(65_430) + ` ${take("cut 1")}`.repeat(9)));
  const headers = {
    "user-agent": take("agent"),
    "content-type": `text/${take("type")}`,
    "fireworks-model": take("header"),
  };
  await send("POST", CHAT, chat("x"), {
    ...KEY,
    ...headers,
    "x-request-id": take("id"),
    "x-session-affinity": take("session"),
  });
  await send("GET", `${ACCOUNT}/models/${take("path")}`);
  await send("GET", `${ACCOUNT}/models/%${take("path 2").replace(/^./, (char) => char.charCodeAt(0).toString(16))}`);
  await send("GET", `/${take("no path")}?a=${take("query")}`);
  await send(
    "GET",
    `${ACCOUNT}/deployments?filter=${take("filter")}&orderBy=${take("order")}&pageToken=${take("page")}`,
  );
  await send("GET", `${ACCOUNT}/deployments?pageSize=${take("size")}`);
  await send("POST", `${ACCOUNT}/deployments?deploymentId=${take("ID")}`, {
    baseModel: take("base"),
    unknown: take("unknown"),
  });
  await send("POST", CHAT, chat("x"), {
    ...KEY,
    "x-emulator-fault": JSON.stringify({ respond: { status: 418, message: take("fault") } }),
  });
}
