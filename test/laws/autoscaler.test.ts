import { join } from "node:path";
import { describe, expect } from "vitest";
import type { Random } from "../../src/core/random.ts";
import type { Deployment } from "../../src/schema/deployment.ts";
import type { Emulator, EmulatorEvent, EmulatorOptions } from "../../src/index.ts";
import { createEmulator } from "../../src/index.ts";
import { inFolder } from "../support/dump.ts";
import { property } from "../support/random.ts";

/**
 * What the windows promise, checked from outside: events against the load that was offered, over random policies,
 * traffic, stockouts and restarts. (`test/core/looks.test.ts` compares with looking every five seconds.)
 */
const ACCOUNT = "/v1/accounts/acme/deployments";
const KEY = { authorization: "Bearer k" };
const HOURS = 6;

const call = (emulator: Emulator, method: string, path: string, body?: unknown): Promise<Response> =>
  emulator.fetch(`${emulator.url}${path}`, {
    method,
    headers: KEY,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

interface Case {
  min: number;
  max: number;
  upSeconds: number;
  downSeconds: number;
  zeroSeconds: number;
}

const caseOf = (random: Random): Case => {
  const min = random.below(3);
  return {
    min,
    max: Math.max(min, 1) + random.below(4),
    upSeconds: random.pick([0, 15, 30, 60]),
    downSeconds: random.pick([0, 60, 300, 600]),
    zeroSeconds: random.pick([300, 600, 3600]),
  };
};

async function setUp(emulator: Emulator, random: Random, cases: Case[]): Promise<void> {
  const pools = (await emulator.fleet.get()).pools.map(({ region, acceleratorType }) => ({
    region,
    acceleratorType,
    total: region === "US_IOWA_1" ? 5 : region === "US_ILLINOIS_2" ? 4 : 0,
  }));
  await emulator.fleet.set({ pools });
  for (const [n, { min, max, upSeconds, downSeconds, zeroSeconds }] of cases.entries()) {
    await call(emulator, "POST", `${ACCOUNT}?deploymentId=d${n}`, {
      baseModel: "accounts/fireworks/models/llama-v3p1-8b-instruct",
      minReplicaCount: min,
      maxReplicaCount: max,
      autoscalingPolicy: {
        scaleUpWindow: `${upSeconds}s`,
        scaleDownWindow: `${downSeconds}s`,
        scaleToZeroWindow: `${zeroSeconds}s`,
        loadTargets: { requests_per_second: 5 },
      },
    });
    for (let count = random.below(3); count > 0; count -= 1)
      await emulator.traffic.create({
        deployment: `accounts/acme/deployments/d${n}`,
        requestsPerSecond: random.pick([0.002, 1, 4, 9, 17]),
        completionTokens: 10,
        shape: random.pick(["constant", "square", "ramp", "spike"]),
        startsIn: `${random.below(120)}m`,
        duration: `${1 + random.below(90)}m`,
        period: random.pick(["3m", "20m", "45m"]),
      });
  }
  if (random.chance(0.5))
    await emulator.stockouts.create({ startsIn: `${random.below(200)}m`, duration: `${1 + random.below(60)}m` });
}

/** What the counts were at each moment that matters, told by the API alone. */
interface Sample {
  at: number;
  deployments: Deployment[];
  /** Requests per second, offered to each. */
  offered: number[];
}

async function sample(emulator: Emulator, count: number): Promise<Sample> {
  const { deployments } = (await (await call(emulator, "GET", `${ACCOUNT}?orderBy=name`)).json()) as {
    deployments: Deployment[];
  };
  const traffic = await emulator.traffic.list();
  const offered = Array.from({ length: count }, (_, n) =>
    traffic.filter((each) => each.deployment.endsWith(`/d${n}`)).reduce((sum, each) => sum + each.level, 0),
  );
  return { at: Date.parse(await emulator.clock.now()), deployments, offered };
}

const LOOK = 5_000;
const AVERAGE = 10_000;

/** No change of the desired count before the load that asks for it has stood for the whole window. */
function checkWindows(n: number, each: Case, events: EmulatorEvent[], samples: Sample[]): void {
  const wantedIn = (from: number, to: number): number[] =>
    samples
      .filter(({ at }, index) => at < to && (samples[index + 1]?.at ?? Infinity) > from)
      .map(({ offered }) => Math.ceil(offered[n]! / 5 - 1e-9));
  for (const { deployment, type, from, to, reason, time } of events) {
    if (!deployment.endsWith(`/d${n}`) || type !== "desired") continue;
    const [before, after, at] = [Number(from), Number(to), Date.parse(time)];
    if (after === 0) {
      expect(each.min, `${time} ${reason}`).toBe(0);
      continue;
    }
    if (!reason.startsWith("load asked for")) continue;
    expect(at % LOOK).toBe(0);
    const window = (after > before ? each.upSeconds : each.downSeconds) * 1000;
    const seen = wantedIn(at - window - AVERAGE, at);
    // averages lag by ten seconds: the highest and the lowest rate seen bound what was recommended
    if (after > before) expect(Math.max(...seen), `${time} ${reason}`).toBeGreaterThanOrEqual(after);
    else expect(Math.min(...wantedIn(at - AVERAGE, at)), `${time} ${reason}`).toBeLessThan(before);
    // throughout the window the load was on this side
    const inside = wantedIn(at - window + AVERAGE, at - AVERAGE);
    for (const wanted of inside) {
      if (after > before) expect(Math.min(wanted, each.max), `${time} ${reason}`).toBeGreaterThan(before);
      else expect(Math.max(wanted, each.min, 1), `${time} ${reason}`).toBeLessThan(before);
    }
  }
}

/** GPU-seconds are the time between ready and removed, told by the events. */
function checkBill(events: EmulatorEvent[], end: number, total: number): void {
  const since = new Map<string, number>();
  let seconds = 0;
  for (const { deployment, type, from, to, reason, time } of events) {
    if (type !== "replica") continue;
    const replica = `${deployment} ${/replica \d+/.exec(reason)![0]}`;
    if (to === "ready") since.set(replica, Date.parse(time));
    if (from === "ready" && to === "removed") {
      seconds += (Date.parse(time) - since.get(replica)!) / 1000;
      since.delete(replica);
    }
  }
  for (const start of since.values()) seconds += (end - start) / 1000;
  expect(total).toBeCloseTo(seconds, 3);
}

/** Replicas that stood in line together are placed in the order in which they joined. */
function checkLine(events: EmulatorEvent[]): void {
  let line: { replica: string; at: number }[] = [];
  for (const { deployment, type, from, to, reason, time } of events) {
    // a hard delete takes a deployment out of the line with all its replicas
    if (to === "purged") line = line.filter((each) => !each.replica.startsWith(`${deployment} `));
    if (type !== "replica") continue;
    const replica = `${deployment} ${/replica \d+/.exec(reason)![0]}`;
    // scheduling takes half a second in this profile; then it stands in line
    if (from === "none") line.push({ replica, at: Date.parse(time) });
    if (to !== "downloadingModel" && to !== "removed") continue;
    const index = line.findIndex((each) => each.replica === replica);
    if (index < 0) continue;
    const [{ at }] = line.splice(index, 1) as unknown as [{ at: number }];
    if (to === "downloadingModel") for (const other of line.slice(0, index)) expect(other.at, reason).toBe(at);
  }
}

/** Lives through six hours, event by event; now and then the process stops and another goes on. */
async function live(options: EmulatorOptions, random: Random, cases: Case[]): Promise<void> {
  let emulator = await createEmulator(options);
  try {
    await setUp(emulator, random, cases);
    const samples = [await sample(emulator, cases.length)];
    const end = samples[0]!.at + HOURS * 3_600_000;
    for (;;) {
      const next = (await emulator.clock.get()).nextEventTime;
      if (next === null || Date.parse(next) > end) break;
      await emulator.clock.advance({ to: next });
      if (random.chance(0.05)) {
        await emulator.close();
        emulator = await createEmulator(options);
      }
      samples.push(await sample(emulator, cases.length));
      for (const { inUse, total } of (await emulator.fleet.get()).pools) expect(inUse).toBeLessThanOrEqual(total);
    }
    await emulator.clock.advance({ to: new Date(end).toISOString() });
    const events = await emulator.events.list();
    for (const [n, each] of cases.entries()) checkWindows(n, each, events, samples);
    checkBill(events, end, (await emulator.usage()).totalGpuSeconds);
    checkLine(events);
  } finally {
    await emulator.close();
  }
}

describe("autoscaler and fleet", () => {
  property(
    "windows, zero, bills, GPUs and the line hold over random policies, traffic, stockouts and restarts",
    (random, seed) =>
      inFolder((folder) => {
        const cases = Array.from({ length: 3 }, () => caseOf(random));
        return live({ clock: "manual", seed, gpuQuota: Infinity, database: join(folder, "world.db") }, random, cases);
      }),
    0.2,
  );

  property("who waits for GPUs is served first come, first served", async (random, seed) => {
    await using emulator = await createEmulator({ clock: "manual", seed, gpuQuota: Infinity });
    await emulator.fleet.set({ pools: [{ region: "US_IOWA_1", acceleratorType: "NVIDIA_A100_80GB", total: 3 }] });
    const baseModel = "accounts/fireworks/models/llama-v3p1-8b-instruct";
    const placement = { region: "US_IOWA_1" };
    let made = 0;
    for (let turn = 0; turn < 25; turn += 1) {
      await emulator.clock.advance(`${1 + random.below(20)}s`);
      if (random.chance(0.6)) {
        const body = {
          baseModel,
          placement,
          acceleratorCount: 1 + random.below(2),
          minReplicaCount: 1 + random.below(2),
        };
        await call(emulator, "POST", `${ACCOUNT}?deploymentId=d${(made += 1)}`, body);
      } else await call(emulator, "DELETE", `${ACCOUNT}/d${1 + random.below(made + 1)}?hard=true`);
    }
    checkLine(await emulator.events.list());
    expect((await emulator.fleet.get()).pools.every(({ inUse, total }) => inUse <= total)).toBe(true);
  });
});
