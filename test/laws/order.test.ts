import { describe, expect } from "vitest";
import type { Random } from "../../src/core/random.ts";
import type { EmulatorOptions } from "../../src/index.ts";
import { createEmulator } from "../../src/index.ts";
import { property } from "../support/random.ts";
import type { Step } from "../support/script.ts";
import { deploymentName, perform } from "../support/script.ts";

const BASE = "accounts/fireworks/models/llama-v3p2-3b-instruct";
const DEPLOYMENTS = 4;

/** Calls that have nothing to do with each other: each to a deployment, an id or a prompt of its own. */
function unrelated(random: Random): Step[] {
  const steps: Step[] = [];
  for (let n = 0; n < DEPLOYMENTS; n += 1) {
    const chat = {
      model: `${BASE}#${deploymentName(`d${n}`)}`,
      messages: [{ role: "user", content: `What is a fjord, ${n}?` }],
      max_tokens: random.below(50),
      stream: random.chance(0.5),
    };
    steps.push(
      { method: "POST", path: "/v1/chat/completions", body: chat },
      { method: "POST", path: "/v1/accounts/acme/deployments", body: { baseModel: BASE, displayName: `new ${n}` } },
      { method: "GET", path: `/v1/accounts/acme/deployments/missing${n}` },
      {
        method: "POST",
        path: "/v1/completions",
        body: { model: "accounts/fireworks/models/qwen3-8b", prompt: `Rivers ${n}`, n: 1 + random.below(3) },
      },
      {
        method: "POST",
        path: "/v1/completions",
        body: { model: "accounts/fireworks/models/qwen3-8b", prompt: `Rivers ${n}`, nonsense: n },
      },
    );
  }
  return steps;
}

function shuffle<T>(items: T[], random: Random): T[] {
  const left = [...items];
  return items.map(() => left.splice(random.below(left.length), 1)[0]!);
}

async function play(options: EmulatorOptions, steps: Step[]): Promise<Map<Step, string>> {
  await using emulator = await createEmulator(options);
  await emulator.fleet.set({ unlimited: true });
  for (let n = 0; n < DEPLOYMENTS; n += 1)
    await perform(emulator, {
      method: "POST",
      path: `/v1/accounts/acme/deployments?deploymentId=d${n}`,
      body: { baseModel: BASE },
    });
  await emulator.clock.advance({ until: "settled" });
  const answers = new Map<Step, string>();
  for (const step of steps) answers.set(step, await perform(emulator, step));
  return answers;
}

describe("order", () => {
  property("permuting unrelated requests changes no byte of any answer", async (random, seed) => {
    const steps = unrelated(random);
    const options: EmulatorOptions = { clock: "manual", seed };
    const one = await play(options, steps);
    const two = await play(options, shuffle(steps, random));
    for (const step of steps) expect(two.get(step)).toBe(one.get(step));
    expect(new Set(one.values()).size).toBe(steps.length);
  });
});
