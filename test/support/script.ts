import type { Random } from "../../src/core/random.ts";
import type { Emulator } from "../../src/index.ts";

/** One call of a random script. */
export interface Step {
  method: string;
  path: string;
  body?: unknown;
}

const KEY = { authorization: "Bearer fw_test", "content-type": "application/json" };
const MODELS = ["llama-v3p2-3b-instruct", "llama-v3p1-70b-instruct", "mixtral-8x7b-instruct"].map(
  (id) => `accounts/fireworks/models/${id}`,
);
const DEPLOYMENTS = "/v1/accounts/acme/deployments";

export const deploymentName = (id: string): string => `accounts/acme/deployments/${id}`;

const TARGETS = [
  "concurrent_requests",
  "requests_per_second",
  "tokens_generated_per_second",
  "prompt_tokens_per_second",
];

const scheduleOf = (random: Random): Record<string, unknown> => ({
  day: {
    minReplicaCount: 0,
    schedule: random.pick(["0 8 * * *", "*/30 * * * *", "15 3 * * 1-5"]),
    duration: random.pick(["300s", "3600s", "36000s"]),
    timezone: random.pick(["UTC", "Asia/Tokyo", "America/New_York"]),
  },
});

/** Synthetic load of every shape, from a request a day to more than the replicas can take. */
const trafficStep = (random: Random, id: string): Step => ({
  method: "POST",
  path: "/__emulator/traffic",
  body: {
    deployment: deploymentName(id),
    [random.pick(["requestsPerSecond", "concurrentRequests"])]: random.pick([0.00002, 0.001, 0.1, 1, 7, 90]),
    shape: random.pick(["constant", "ramp", "spike", "square"]),
    startsIn: random.pick(spans),
    duration: random.pick(spans.slice(1)),
    period: random.pick(["45s", "10m", "5h"]),
    promptTokens: 1 + random.below(2000),
    completionTokens: random.below(300),
  },
});

const spans = ["0s", "250ms", "1s", "7s", "30s", "45s", "5m", "11m", "1h", "1h30m", "3h", "26h", "4d", "8d"];

function createStep(random: Random, id: string): Step {
  const min = random.below(3);
  const body: Record<string, unknown> = {
    baseModel: random.pick(MODELS),
    acceleratorType: random.pick(["NVIDIA_A100_80GB", "NVIDIA_H100_80GB"]),
    minReplicaCount: min,
    maxReplicaCount: Math.max(min, random.below(5)),
    placement: random.chance(0.5) ? { multiRegion: "US" } : { region: "US_IOWA_1" },
    maxConcurrencyPerReplica: 1 + random.below(4),
    maxWithRevocableReplicaCount: random.chance(0.2) ? 6 : 0,
    preemptible: random.chance(0.1),
    autoscalingPolicy: {
      ...(random.chance(0.3) ? { loadTargets: { [random.pick(TARGETS)]: random.pick([1, 5, 50]), default: 0.5 } } : {}),
      ...(random.chance(0.2) ? { scalingSchedules: scheduleOf(random) } : {}),
      scaleUpWindow: random.pick(["0s", "10s", "30s"]),
      scaleDownWindow: random.pick(["0s", "60s", "600s"]),
      scaleToZeroWindow: random.pick(["0s", "300s", "3600s"]),
    },
  };
  return { method: "POST", path: `${DEPLOYMENTS}?deploymentId=${id}`, body };
}

function requestStep(random: Random, id: string): Step {
  const model = random.chance(0.8) ? deploymentName(id) : "accounts/fireworks/models/llama-v3p1-8b-instruct";
  const body = {
    model,
    prompt: `Tell me about ${random.pick(["rivers", "clocks", "maps"])} ${random.below(3)}`,
    max_tokens: random.below(400),
    stream: random.chance(0.3),
  };
  return { method: "POST", path: "/inference/v1/completions", body };
}

/** What the steps of a script may be, by how often. */
const makers: ((random: Random, id: string) => Step)[] = [
  createStep,
  createStep,
  requestStep,
  requestStep,
  requestStep,
  requestStep,
  trafficStep,
  trafficStep,
  () => ({ method: "GET", path: "/__emulator/traffic" }),
  (_, id) => ({ method: "GET", path: `/__emulator/deployments/acme/${id}:explain` }),
  (_, id) => ({ method: "GET", path: `${DEPLOYMENTS}/${id}:metrics` }),
  () => ({ method: "GET", path: "/v1/accounts/acme/metrics" }),
  (random) => ({
    method: "POST",
    path: "/__emulator/reservations",
    body: {
      account: random.pick(["acme", "other"]),
      acceleratorType: "NVIDIA_A100_80GB",
      region: "US_IOWA_1",
      reservedCount: 1 + random.below(3),
      startsIn: random.pick(spans),
      duration: random.pick(spans),
    },
  }),
  (random, id) => ({ method: "PATCH", path: `${DEPLOYMENTS}/${id}:scale`, body: { replicaCount: random.below(6) } }),
  (random, id) => ({
    method: "PATCH",
    path: `${DEPLOYMENTS}/${id}`,
    body: { maxReplicaCount: random.below(5), minReplicaCount: random.below(2) },
  }),
  (random, id) => ({
    method: "PATCH",
    path: `${DEPLOYMENTS}/${id}`,
    body: { acceleratorCount: random.pick([1, 2, 4]) },
  }),
  (random, id) => ({
    method: "DELETE",
    path: `${DEPLOYMENTS}/${id}?ignoreChecks=${random.chance(0.7)}&hard=${random.chance(0.3)}`,
  }),
  (_, id) => ({ method: "POST", path: `${DEPLOYMENTS}/${id}:undelete`, body: {} }),
  (_, id) => ({ method: "GET", path: `${DEPLOYMENTS}/${id}` }),
  (random) => ({
    method: "POST",
    path: "/__emulator/stockouts",
    body: {
      region: "US_IOWA_1",
      startsIn: random.pick(spans),
      duration: random.pick(spans),
      takesReplicas: random.chance(0.3),
    },
  }),
  (random) => ({
    method: "PATCH",
    path: "/__emulator/fleet",
    body: { pools: [{ region: "US_IOWA_1", acceleratorType: "NVIDIA_A100_80GB", total: random.below(9) }] },
  }),
];

/** Calls and advances in turn, with few names so that they meet. */
export function randomScript(random: Random, length: number): Step[] {
  return Array.from({ length }, () => {
    if (random.chance(0.35))
      return { method: "POST", path: "/__emulator/clock:advance", body: { by: random.pick(spans) } };
    return random.pick(makers)(random, `d${random.below(4)}`);
  });
}

export const isAdvance = (step: Step): boolean => step.path.endsWith(":advance");

/** Small hardware, so that stockouts happen by themselves. */
export async function shrinkFleet(emulator: Emulator): Promise<void> {
  const pools = (await emulator.fleet.get()).pools.map(({ region, acceleratorType }) => ({
    region,
    acceleratorType,
    total: region === "US_IOWA_1" ? 4 : region === "US_ILLINOIS_2" ? 6 : 0,
  }));
  await emulator.fleet.set({ pools });
}

/** Makes a call; the answer's bytes, with its status and headers. */
export async function perform(emulator: Emulator, { method, path, body }: Step): Promise<string> {
  const response = await emulator.fetch(`${emulator.url}${path}`, {
    method,
    headers: KEY,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return `${response.status} ${JSON.stringify([...response.headers])} ${await response.text()}`;
}
