import type { Deployment, ReplicaStats } from "../../schema/deployment.ts";
import { deployment } from "../../schema/deployment.ts";
import { shownDirectKey } from "../key.ts";
import { accountOf, idOf } from "../name.ts";
import type { Ms } from "../time.ts";
import { toTimestamp } from "../time.ts";
import type { DeploymentRecord, Replica } from "./record.ts";
import { wirePhase } from "./record.ts";

const fields = Object.keys(deployment.shape) as (keyof Deployment)[];
const time = (at: Ms | null): string | null => (at === null ? null : toTimestamp(at));

/** Replicas by stage; revocable ones are counted among the ready. */
export function toStats(replicas: readonly Replica[]): ReplicaStats {
  const count = { pendingScheduling: 0, downloadingModel: 0, initializing: 0, ready: 0 };
  let revocable = 0;
  for (const replica of replicas) {
    count[wirePhase[replica.phase]] += 1;
    if (replica.phase === "ready" && replica.revocable) revocable += 1;
  }
  return {
    pendingSchedulingReplicaCount: count.pendingScheduling,
    downloadingModelReplicaCount: count.downloadingModel,
    initializingReplicaCount: count.initializing,
    readyReplicaCount: count.ready,
    revocableReplicaCount: revocable,
    partialReplicaCount: 0,
    effectiveReplicaCount: count.ready,
  };
}

/** `my-account-abcd1234.us-arizona-1.direct.fireworks.ai` (control-plane §2.1). */
export function toHandle(record: DeploymentRecord): string {
  if (record.spec.directRouteType !== "INTERNET" || record.region === "REGION_UNSPECIFIED") return "";
  return `${accountOf(record.name)}-${idOf(record.name)}.${record.region.toLowerCase().replaceAll("_", "-")}.direct.fireworks.ai`;
}

/** The deployment as clients see it. */
export function toResource(record: DeploymentRecord): Deployment {
  const whole: Deployment = {
    ...record.spec,
    directRouteApiKeys: record.spec.directRouteApiKeys.map(shownDirectKey),
    name: record.name,
    createTime: time(record.createTime),
    updateTime: time(record.updateTime),
    deleteTime: time(record.deleteTime),
    purgeTime: time(record.purgeTime),
    createdBy: record.createdBy,
    state: record.state,
    status: record.status,
    desiredReplicaCount: record.desired,
    replicaCount: record.replicas.length,
    replicaStats: toStats(record.replicas),
    cluster: "",
    region: record.region,
    directRouteHandle: toHandle(record),
  };
  return Object.fromEntries(fields.map((field) => [field, whole[field]])) as Deployment;
}
