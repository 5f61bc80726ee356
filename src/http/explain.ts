import type { z } from "zod";
import { explain } from "../core/deployment/explain.ts";
import { nextWakeAt } from "../core/deployment/lifecycle.ts";
import { readyCount } from "../core/deployment/record.ts";
import { resourceName } from "../core/name.ts";
import type { Ms } from "../core/time.ts";
import { toTimestamp } from "../core/time.ts";
import { surroundingsOf } from "../engine/surroundings.ts";
import * as schema from "../schema/control.ts";
import type { Call, Route } from "./route.ts";

const time = (at: Ms | null): string | null => (at === null ? null : toTimestamp(at));

function toExplanation({ world, params }: Call): z.infer<typeof schema.explainResult> {
  const record = world.deployment(resourceName(params["account_id"]!, "deployments", params["deployment_id"]!));
  const mind = explain(record, surroundingsOf(world, record), world.now);
  const { bounds, decision } = mind;
  return {
    deployment: record.name,
    time: toTimestamp(world.now),
    state: record.state,
    desired: record.desired,
    ready: readyCount(record),
    bounds: { min: bounds.min, max: bounds.max, schedule: bounds.schedule },
    lastDecision: decision && {
      time: toTimestamp(decision.at),
      inputs: decision.inputs,
      raw: decision.raw,
      replicas: decision.replicas,
      window: mind.window,
      desired: decision.to,
    },
    reason: mind.reason,
    scaleToZeroTime: time(mind.scaleToZeroAt),
    deletionTime: time(mind.deleteAt),
    nextLookTime: time(mind.nextLookAt),
    nextWakeTime: time(nextWakeAt(record, world.now)),
  };
}

export const explainRoute: Route = {
  method: "GET",
  path: "/__emulator/deployments/{account_id}/{deployment_id}:explain",
  plane: "emulator",
  writes: false,
  tag: "Emulator",
  summary: "What the autoscaler sees, decides and waits for, in numbers and in words",
  result: schema.explainResult,
  handle: (call) => ({ body: toExplanation(call) }),
};
