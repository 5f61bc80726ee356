import { join } from "node:path";
import { expect, test } from "vitest";
import { createEmulator } from "../../src/index.ts";
import { caller, fresh, SERVERLESS, SMALL } from "../support/api.ts";
import { newFolder } from "../support/dump.ts";

const COMPLETIONS = "/v1/completions";
const long = { model: SERVERLESS, prompt: "Go on", max_tokens: 20_000, ignore_eos: true };

test("the shared service limits the tokens of a minute, per model, and says so in its headers", async () => {
  const { emulator, call } = await fresh({ rateLimits: "on" });
  const first = await call("POST", COMPLETIONS, long);
  expect(Object.fromEntries([...first.headers].filter(([name]) => name.startsWith("x-ratelimit")))).toEqual({
    "x-ratelimit-limit-requests": "6000",
    "x-ratelimit-remaining-requests": "5999",
    "x-ratelimit-limit-tokens-prompt": "3600000",
    "x-ratelimit-remaining-tokens-prompt": "3599997",
    "x-ratelimit-limit-tokens-generated": "36000",
    "x-ratelimit-remaining-tokens-generated": "16000",
    "x-ratelimit-over-limit": "no",
  });
  expect((await call("POST", COMPLETIONS, long)).status).toBe(200);
  const { status, body } = await call("POST", COMPLETIONS, long);
  expect([status, body.error.code]).toEqual([429, "RATE_LIMIT_EXCEEDED"]);
  expect((await call("POST", COMPLETIONS, { ...long, model: "accounts/fireworks/models/qwen3-8b" })).status).toBe(200);
  await emulator.clock.advance("1m");
  expect((await call("POST", COMPLETIONS, long)).status).toBe(200);
});

test("a deployment has no limits; nor has the shared service unless asked, or in the realistic profile", async () => {
  const { emulator, call } = await fresh({ rateLimits: "on" });
  await call("POST", "/v1/accounts/local/deployments?deploymentId=d", { baseModel: SMALL });
  await emulator.clock.advance({ until: "settled" });
  const limitOf = async (via: typeof call, model: string) =>
    (await via("POST", COMPLETIONS, { model, prompt: "x", max_tokens: 1 })).headers.get("x-ratelimit-over-limit");
  expect(await limitOf(call, "accounts/local/deployments/d")).toBeNull();
  expect(await limitOf((await fresh()).call, SERVERLESS)).toBeNull();
  expect(await limitOf((await fresh({ profile: "realistic" })).call, SERVERLESS)).toBe("no");
});

test("what was used is remembered over a restart", async () => {
  const database = join(newFolder(), "e.db");
  for (const left of ["16000", "0"]) {
    await using emulator = await createEmulator({ database, clock: "manual", rateLimits: "on" });
    const { headers } = await caller(emulator)("POST", COMPLETIONS, long);
    expect(headers.get("x-ratelimit-remaining-tokens-generated")).toBe(left);
  }
});

test("requests a minute are a quota that can be lowered", async () => {
  await using emulator = await createEmulator({ clock: "manual", rateLimits: "on" });
  const call = caller(emulator);
  const quota = "/v1/accounts/local/quotas/serverless-inference-rpm";
  await call("PATCH", quota, { value: "2" });
  const ask = () => call("POST", COMPLETIONS, { model: SERVERLESS, prompt: "hi", max_tokens: 1 });
  const first = await ask();
  expect(first.headers.get("x-ratelimit-limit-requests")).toBe("2");
  expect([(await ask()).status, (await ask()).status]).toEqual([200, 429]);
  expect((await call("GET", quota)).body.usage).toBe(2);
  await emulator.clock.advance("1m");
  expect((await ask()).status).toBe(200);
});
