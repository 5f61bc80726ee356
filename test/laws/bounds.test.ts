import { describe, expect } from "vitest";
import type { Deployment } from "../../src/schema/deployment.ts";
import type { Emulator, EmulatorEvent } from "../../src/index.ts";
import { createEmulator } from "../../src/index.ts";
import { property } from "../support/random.ts";
import { perform, randomScript, shrinkFleet } from "../support/script.ts";

async function listAll(emulator: Emulator): Promise<Deployment[]> {
  const response = await emulator.fetch(`${emulator.url}/v1/accounts/acme/deployments?showDeleted=true`, {
    headers: { authorization: "Bearer k" },
  });
  return ((await response.json()) as { deployments: Deployment[] }).deployments;
}

function checkDeployment(deployment: Deployment): void {
  const {
    replicaStats: stats,
    replicaCount,
    desiredReplicaCount,
    minReplicaCount,
    maxReplicaCount,
    state,
  } = deployment;
  const phases = [
    stats.pendingSchedulingReplicaCount,
    stats.downloadingModelReplicaCount,
    stats.initializingReplicaCount,
    stats.readyReplicaCount,
  ];
  for (const count of phases) expect(count).toBeGreaterThanOrEqual(0);
  expect(phases.reduce((sum, count) => sum + count, 0)).toBe(replicaCount);
  expect(stats.readyReplicaCount).toBeLessThanOrEqual(replicaCount);
  if (state === "DELETED") {
    expect([desiredReplicaCount, replicaCount]).toEqual([0, 0]);
    return;
  }
  if (state === "DELETING") return;
  expect(desiredReplicaCount).toBeGreaterThanOrEqual(minReplicaCount);
  expect(desiredReplicaCount).toBeLessThanOrEqual(
    maxReplicaCount === 0 ? 0 : Math.max(maxReplicaCount, deployment.maxWithRevocableReplicaCount),
  );
  if (state === "READY") expect(replicaCount).toBe(desiredReplicaCount);
}

async function checkFleet(emulator: Emulator, deployments: Deployment[], shrunk: boolean): Promise<void> {
  const { pools } = await emulator.fleet.get();
  for (const { inUse, total } of pools) {
    expect(inUse).toBeGreaterThanOrEqual(0);
    // hardware that is taken away while in use runs until its replica goes
    if (!shrunk) expect(inUse).toBeLessThanOrEqual(total);
  }
  const held = deployments.reduce(
    (sum, { acceleratorCount, replicaStats }) =>
      sum +
      acceleratorCount *
        (replicaStats.downloadingModelReplicaCount +
          replicaStats.initializingReplicaCount +
          replicaStats.readyReplicaCount),
    0,
  );
  // during UPDATING, and when one is deleted in the middle of it, replicas of two sizes run side by side
  if (deployments.every(({ state }) => state === "READY" || state === "DELETED")) {
    expect(pools.reduce((sum, { inUse }) => sum + inUse, 0)).toBe(held);
  }
}

/** After `purged` nothing is heard of a deployment until it is created again. */
function checkEvents(events: EmulatorEvent[]): void {
  const gone = new Set<string>();
  for (const { deployment, type, from, to } of events) {
    if (type === "state" && from === "none") gone.delete(deployment);
    expect(gone.has(deployment), `an event of the deleted ${deployment}`).toBe(false);
    if (type === "state" && to === "purged") gone.add(deployment);
  }
}

describe("bounds", () => {
  property("replicas, desired counts, GPUs, events and money stay in bounds at every step", async (random, seed) => {
    await using emulator = await createEmulator({
      clock: "manual",
      seed,
      profile: random.pick(["instant", "fast", "realistic"]),
      gpuQuota: Infinity,
    });
    await shrinkFleet(emulator);
    let [money, shrunk] = [0, false];
    for (const step of randomScript(random, 30)) {
      shrunk ||= step.path.endsWith("/fleet");
      const answer = await perform(emulator, step);
      expect(answer.startsWith("5") && !answer.startsWith("503"), answer).toBe(false);
      const deployments = await listAll(emulator);
      for (const deployment of deployments) checkDeployment(deployment);
      await checkFleet(emulator, deployments, shrunk);
      const { totalCost } = await emulator.usage();
      expect(totalCost).toBeGreaterThanOrEqual(money - 1e-9);
      money = totalCost;
    }
    checkEvents(await emulator.events.list());
  });
});
