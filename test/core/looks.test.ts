import { describe, expect } from "vitest";
import type { Bounds } from "../../src/core/deployment/policy.ts";
import { boundsAt, policyOf } from "../../src/core/deployment/policy.ts";
import { decide, nextLook, OBSERVATION_MS, remember, wanted } from "../../src/core/deployment/autoscaler.ts";
import type { Surroundings } from "../../src/core/deployment/draft.ts";
import type { Flow } from "../../src/core/deployment/flow.ts";
import { meanFlow } from "../../src/core/deployment/flow.ts";
import { createRecord } from "../../src/core/deployment/lifecycle.ts";
import { NOTHING } from "../../src/core/deployment/load.ts";
import { foreseeLook, lookBy } from "../../src/core/deployment/looks.ts";
import type { DeploymentRecord, Run } from "../../src/core/deployment/record.ts";
import type { Random } from "../../src/core/random.ts";
import { property } from "../support/random.ts";
import { aSpec, CAPACITY, TIMES } from "../support/timeline.ts";

const surroundings: Surroundings = {
  times: TIMES,
  capacity: CAPACITY,
  claim: () => undefined,
  coldStart: { holds: false },
  load: { observe: () => NOTHING, isActive: () => false },
};

const flowOf = (from: number, requestsPerSecond: number): Flow => ({
  ...NOTHING,
  from,
  until: null,
  ready: 1,
  streams: [{ id: "t", arriving: 1, refusedShare: 0, queueMs: 0, prefillMs: 0, decodeMs: 0 }],
  requestsPerSecond,
});

function recordOf(random: Random): DeploymentRecord {
  const autoscalingPolicy = {
    scaleUpWindow: random.pick(["0s", "7s", "30s", "61s"]),
    scaleDownWindow: random.pick(["0s", "33s", "120s"]),
    loadTargets: { requests_per_second: 5 },
  };
  const spec = aSpec({ minReplicaCount: 1, maxReplicaCount: 6, autoscalingPolicy });
  const record = createRecord("accounts/a/deployments/d", 1, spec, "", true, 0);
  return { ...record, state: "READY", desired: 1, lookedAt: 0 };
}

describe("looks that are left out", () => {
  property("change nothing: looking every five seconds gives the same counts at the same times", (random) => {
    let record = recordOf(random);
    const policy = policyOf(record.spec);
    const bounds: Bounds = boundsAt(policy, 0);
    const changes = Array.from({ length: 12 }, () => ({ after: 1 + random.below(90_000), rate: random.below(30) }));
    let at = 0;
    const flows = changes.map(({ after, rate }) => flowOf((at += after), rate));
    const end = at + 400_000;

    // the plain way: a look on every point of the grid
    const plain: string[] = [];
    let [desired, history]: [number, readonly Run[]] = [1, []];
    for (let look = nextLook(0); look <= end; look += 5_000) {
      const past = flows.filter(({ from }) => from <= look);
      const observation = meanFlow(past, look - OBSERVATION_MS, look);
      history = remember(history, look, wanted(policy, bounds, { observation, concurrencyPerReplica: 10 }), policy);
      const next = decide(policy, desired, history, look);
      if (next !== desired) plain.push(`${look} ${(desired = next)}`);
    }

    // the quick way: only where the flow changes, and where a look is foreseen
    const quick: string[] = [];
    const take = (now: number): void => {
      const look = lookBy(record, surroundings, now);
      if (!look) return;
      const to = look.at === now ? decide(policy, record.desired, look.history, now) : record.desired;
      record = { ...record, history: look.history, lookedAt: look.at };
      if (to !== record.desired) quick.push(`${now} ${to}`);
      record = { ...record, desired: to };
    };
    let now = 0;
    for (const flow of [...flows, flowOf(end, 0)]) {
      for (let look = foreseeLook(record, surroundings, now); look !== null && look <= flow.from;) {
        take((now = look));
        look = foreseeLook(record, surroundings, now);
      }
      take((now = flow.from));
      record = { ...record, flows: [...record.flows, flow] };
    }
    expect(quick).toEqual(plain);
    expect(plain.length).toBeGreaterThanOrEqual(0);
  });
});
