// What virtual time costs: weeks of deployments, in one run on one machine. Read the ratios; asserts nothing.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEmulator } from "../dist/lib/index.js";

const folder = mkdtempSync(join(tmpdir(), "fireworks-emulator-bench-"));
const MODEL = "accounts/fireworks/models/llama-v3p1-8b-instruct";
const print = (what, value) => console.log(`${what.padEnd(58)} ${value}`);

async function post(emulator, path, body) {
  const headers = { authorization: "Bearer fw_local" };
  const answer = await emulator.fetch(`${emulator.url}${path}`, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

async function world(count, name, body) {
  const emulator = await createEmulator({ clock: "manual", database: join(folder, `${name}.db`), gpuQuota: Infinity });
  await emulator.fleet.set({ unlimited: true });
  for (let n = 0; n < count; n += 1)
    await post(emulator, `/v1/accounts/local/deployments?deploymentId=d${n}`, { baseModel: MODEL, ...body });
  return emulator;
}

async function timed(emulator, span) {
  const started = performance.now();
  const { steps } = await emulator.clock.advance(span);
  return { ms: performance.now() - started, steps };
}

/** Nobody calls: ready, scaled to zero, deleted. */
async function idleWeek(count) {
  const emulator = await world(count, `idle${count}`, {});
  const { ms, steps } = await timed(emulator, "7d");
  await emulator.close();
  print(
    `seven days of ${count} idle deployments`,
    `${ms.toFixed(0)} ms  (${steps} events, ${((steps / ms) * 1000).toFixed(0)}/s)`,
  );
  return ms;
}

/** Nine hours of traffic a day: from zero to max replicas and back to zero, every day. */
async function busyWeek(count, maxReplicaCount) {
  const emulator = await world(count, `busy${count}-${maxReplicaCount}`, { maxReplicaCount });
  for (let n = 0; n < count; n += 1) {
    const traffic = {
      deployment: `d${n}`,
      requestsPerSecond: 40,
      shape: "square",
      period: "24h",
      duty: 0.375,
      startsIn: `${8 * 3600 + (n % 3600)}s`,
    };
    await post(emulator, "/__emulator/traffic", traffic);
  }
  const { ms, steps } = await timed(emulator, "7d");
  const answers = (await emulator.traffic.list()).reduce((sum, each) => sum + each.answers.sent, 0);
  await emulator.close();
  print(
    `seven days of ${count} with daily traffic, 0-${maxReplicaCount} replicas`,
    `${ms.toFixed(0)} ms  (${steps} events, ${((steps / ms) * 1000).toFixed(0)}/s; ${(answers / 1e6).toFixed(0)} million requests)`,
  );
  return ms;
}

/** The heap after each tenth of a hundred days. */
async function hundredDays(count) {
  const emulator = await world(count, "memory", { maxReplicaCount: 2 });
  for (let n = 0; n < count; n += 1)
    await post(emulator, "/__emulator/traffic", {
      deployment: `d${n}`,
      requestsPerSecond: 40,
      shape: "square",
      period: "24h",
      duty: 0.375,
    });
  const heaps = [];
  for (let tenth = 0; tenth < 10; tenth += 1) {
    await emulator.clock.advance("10d");
    globalThis.gc?.();
    heaps.push(process.memoryUsage().heapUsed / 1e6);
  }
  await emulator.close();
  print(
    `heap over 100 days of ${count} deployments, each tenth`,
    `${heaps.map((heap) => heap.toFixed(0)).join(" ")} MB`,
  );
}

/** A hundred requests or a million: the same rule. */
async function requestCost() {
  const times = [];
  for (const requestsPerSecond of [0.02, 200]) {
    const emulator = await world(1, `rate${requestsPerSecond}`, { minReplicaCount: 1 });
    await post(emulator, "/__emulator/traffic", {
      deployment: "d0",
      requestsPerSecond,
      duration: "5000s",
      promptTokens: 10,
      completionTokens: 1,
    });
    const { ms } = await timed(emulator, "2h");
    times.push(`${(await emulator.traffic.list())[0].answers.sent} requests ${ms.toFixed(1)} ms`);
    await emulator.close();
  }
  print("synthetic requests", times.join(", "));
}

try {
  const idle = [await idleWeek(1000), await idleWeek(10_000)];
  print("growth, idle, from 1000 to 10000", `x${(idle[1] / idle[0]).toFixed(1)} (linear is x10)`);
  const busy = [await busyWeek(1000, 1), await busyWeek(10_000, 1)];
  print("growth, daily traffic, from 1000 to 10000", `x${(busy[1] / busy[0]).toFixed(1)} (linear is x10)`);
  await busyWeek(10_000, 2);
  await hundredDays(200);
  await requestCost();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
