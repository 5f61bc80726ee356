import type { z } from "zod";
import { nextWakeAt } from "../core/deployment/lifecycle.ts";
import { readyReplicas } from "../core/deployment/record.ts";
import { resourceName } from "../core/name.ts";
import { toTimestamp } from "../core/time.ts";
import * as schema from "../schema/control.ts";
import type { Call, Route } from "./route.ts";

function explain(call: Call): z.infer<typeof schema.explainResult> {
  const record = call.world.deployment(
    resourceName(call.params["account_id"]!, "deployments", call.params["deployment_id"]!),
  );
  const { decision } = record;
  const wakeAt = nextWakeAt(record);
  return {
    deployment: record.name,
    state: record.state,
    desired: record.desired,
    ready: readyReplicas(record).length,
    bounds: { min: record.spec.minReplicaCount, max: record.spec.maxReplicaCount },
    lastDecision: decision && {
      time: toTimestamp(decision.at),
      recommended: decision.recommended,
      desired: decision.desired,
      inputs: decision.inputs,
      reason: decision.reason,
    },
    nextWakeTime: wakeAt === null ? null : toTimestamp(wakeAt),
  };
}

export const explainRoute: Route = {
  method: "GET",
  path: "/__emulator/deployments/{account_id}/{deployment_id}:explain",
  plane: "emulator",
  tag: "Emulator",
  summary: "The autoscaler's last decision, and when it looks next",
  result: schema.explainResult,
  handle: (call) => ({ body: explain(call) }),
};
