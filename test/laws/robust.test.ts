import { describe, expect } from "vitest";
import type { Random } from "../../src/core/random.ts";
import { createEmulator } from "../../src/index.ts";
import { property } from "../support/random.ts";

const MODEL = "accounts/fireworks/models/llama-v3p2-3b-instruct";
const good: [string, string, unknown][] = [
  [
    "POST",
    "/v1/accounts/acme/deployments?deploymentId=d9",
    {
      baseModel: MODEL,
      minReplicaCount: 0,
      autoscalingPolicy: { scaleUpWindow: "30s", loadTargets: { default: 0.8 } },
      placement: { region: "US_IOWA_1" },
    },
  ],
  ["PATCH", "/v1/accounts/acme/deployments/d?updateMask=displayName", { displayName: "x", maxReplicaCount: 3 }],
  ["PATCH", "/v1/accounts/acme/deployments/d:scale", { replicaCount: 1 }],
  [
    "GET",
    "/v1/accounts/fireworks/models?filter=supports_serverless=true&orderBy=name%20desc&pageSize=3&readMask=name",
    undefined,
  ],
  [
    "POST",
    "/v1/completions",
    {
      model: "accounts/fireworks/models/qwen3-8b",
      prompt: ["a", "b"],
      n: 2,
      stop: ["x"],
      max_tokens: 5,
      response_format: { type: "text" },
    },
  ],
  [
    "POST",
    "/v1/chat/completions",
    {
      model: "accounts/fireworks/models/qwen3-8b",
      messages: [{ role: "user", content: [{ type: "text", text: "hi" }] }],
      tools: [{ type: "function", function: { name: "f" } }],
      stream: true,
    },
  ],
  ["POST", "/__emulator/clock:advance", { by: "1s" }],
  [
    "POST",
    "/__emulator/traffic",
    {
      deployment: "accounts/acme/deployments/d",
      requestsPerSecond: 5,
      shape: "square",
      startsIn: "1s",
      duration: "1h",
      period: "1m",
      duty: 0.3,
    },
  ],
  [
    "PATCH",
    "/v1/accounts/acme/deployments/d",
    {
      autoscalingPolicy: {
        scalingSchedules: { day: { minReplicaCount: 1, schedule: "0 8 * * 1-5", duration: "3600s", timezone: "UTC" } },
      },
    },
  ],
  ["POST", "/__emulator/reservations", { acceleratorType: "NVIDIA_H100_80GB", multiRegion: "US", reservedCount: 2 }],
  ["PATCH", "/v1/accounts/acme/quotas/global--a100-count", { value: "9", maxValue: "10" }],
  [
    "GET",
    "/v1/accounts/acme/billingUsage?startTime=2026-01-01T00:00:00Z&endTime=2026-01-02T00:00:00Z&timezone=UTC&filter=deployment_id=%22d%22",
    undefined,
  ],
  ["GET", "/v1/accounts/acme/metrics", undefined],
  ["GET", "/__emulator/capacity?model=qwen3-8b", undefined],
  ["POST", "/__emulator/stockouts", { region: "US_IOWA_1", startsIn: "1s", duration: "1m" }],
  ["PATCH", "/__emulator/fleet", { pools: [{ region: "US_IOWA_1", acceleratorType: "NVIDIA_A100_80GB", total: 3 }] }],
];

const odd: unknown[] = [
  null,
  true,
  -1,
  0,
  1e308,
  1.5,
  2 ** 31,
  "",
  "x".repeat(500),
  "\u0000",
  "__proto__",
  "constructor",
  [],
  [[]],
  {},
  { a: 1 },
  "-5s",
  "1e9s",
  "9999999999999s",
  "accounts/fireworks/models/none",
  "💥",
  '"',
  "\\",
];

/** Changes one place of a value: another value, a key more, or a key less. */
function mutate(value: unknown, random: Random): unknown {
  if (typeof value !== "object" || value === null || random.chance(0.25)) return random.pick(odd);
  if (Array.isArray(value)) {
    const at = random.below(value.length + 1);
    return at === value.length
      ? [...value, random.pick(odd)]
      : value.map((item: unknown, index) => (index === at ? mutate(item, random) : item));
  }
  const entries = Object.entries(value);
  const at = random.below(entries.length + 1);
  if (at === entries.length) return { ...value, [String(random.pick(odd))]: random.pick(odd) };
  return Object.fromEntries(
    random.chance(0.2)
      ? entries.filter((_, index) => index !== at)
      : entries.map(([key, item], index) => [key, index === at ? mutate(item, random) : item]),
  );
}

/** Cuts, doubles or swaps a character. */
function scramble(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  return random.pick([
    text.slice(0, at),
    text.slice(0, at) + text.slice(at - 3),
    `${text.slice(0, at)}%${text.slice(at + 1)}`,
    `${text.slice(0, at)}:${text.slice(at)}`,
  ]);
}

describe("robustness", () => {
  property("no input makes a 500, and the server lives", async (random) => {
    const bugs: unknown[] = [];
    await using emulator = await createEmulator({ clock: "manual", onBug: (error) => bugs.push(error) });
    const headers = { authorization: "Bearer k" };
    const send = async (method: string, path: string, body?: string): Promise<number> => {
      const response = await emulator.fetch(`${emulator.url}${path}`, {
        method,
        headers,
        ...(body === undefined ? {} : { body }),
      });
      await response.text();
      return response.status;
    };
    await send("POST", "/v1/accounts/acme/deployments?deploymentId=d", JSON.stringify({ baseModel: MODEL }));
    for (let n = 0; n < 40; n += 1) {
      const [method, path, body] = random.pick(good);
      const at = random.chance(0.3) ? `/${scramble(path.slice(1), random)}` : path;
      const text =
        body === undefined
          ? undefined
          : random.chance(0.2)
            ? scramble(JSON.stringify(body), random)
            : JSON.stringify(mutate(body, random));
      const status = await send(method, at, text);
      expect(bugs, `${method} ${at} ${text}`).toEqual([]);
      expect(status === 503 || status < 500, `${status} for ${method} ${at} ${text}`).toBe(true);
    }
    expect(await send("GET", "/health")).toBe(200);
  });
});
