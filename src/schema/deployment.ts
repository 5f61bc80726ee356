import { z } from "zod";
import { acceleratorType, multiRegion, precision, region } from "./hardware.ts";
import { confidential, duration, immutable, int32, output, status, timestamp } from "./wire.ts";

/** Deployment states (control-plane §2.4, §4.1). */
export const deploymentStates = [
  "STATE_UNSPECIFIED",
  "CREATING",
  "READY",
  "DELETING",
  "FAILED",
  "UPDATING",
  "DELETED",
] as const;
export type DeploymentState = (typeof deploymentStates)[number];

/** Raises the effective minimum while a cron window is open (control-plane §3.6). */
const scalingSchedule = z.object({
  minReplicaCount: int32,
  schedule: z.string(),
  duration,
  timezone: z.string(),
  description: z.string(),
  disabled: z.boolean(),
});

/** Windows are durations; load targets are per replica (control-plane §3.1, §3.2). */
const autoscalingPolicy = z.object({
  scaleUpWindow: duration,
  scaleDownWindow: duration,
  scaleToZeroWindow: duration,
  loadTargets: z.record(z.string(), z.number()),
  scalingSchedules: z.record(z.string(), scalingSchedule),
});

/** Where replicas may run: exactly one of the three fields (control-plane §2.1). */
const placement = z.object({ region, multiRegion, regions: z.array(region) }).partial();
export type Placement = z.infer<typeof placement>;

const autoTune = z.object({ longPrompt: z.boolean() });

/** Replicas by the stage of their start (control-plane §2.2). */
const replicaStats = z.object({
  pendingSchedulingReplicaCount: int32,
  downloadingModelReplicaCount: int32,
  initializingReplicaCount: int32,
  readyReplicaCount: int32,
  revocableReplicaCount: int32,
  partialReplicaCount: z.number(),
  effectiveReplicaCount: z.number(),
});
export type ReplicaStats = z.infer<typeof replicaStats>;

/**
 * An on-demand deployment. Field order is the order on the wire.
 * Source: control-plane §2.1 (the official schema of June 2026, with the fields that came later).
 */
export const deployment = z.object({
  name: output(z.string()),
  displayName: z.string(),
  description: z.string(),
  createTime: output(timestamp),
  expireTime: timestamp,
  purgeTime: output(timestamp),
  deleteTime: output(timestamp),
  createdBy: output(z.string()),
  state: output(z.enum(deploymentStates)),
  status: output(status),
  annotations: z.record(z.string(), z.string()),
  minReplicaCount: int32,
  maxReplicaCount: int32,
  maxWithRevocableReplicaCount: int32,
  maxConcurrencyPerReplica: int32,
  desiredReplicaCount: output(int32),
  replicaCount: output(int32),
  autoscalingPolicy,
  baseModel: immutable(z.string()),
  acceleratorCount: int32,
  acceleratorType: immutable(acceleratorType),
  precision,
  cluster: output(z.string()),
  enableAddons: z.boolean(),
  draftTokenCount: int32,
  draftModel: z.string(),
  ngramSpeculationLength: int32,
  enableMtp: z.boolean(),
  enableSessionAffinity: z.boolean(),
  directRouteApiKeys: confidential(
    z.array(z.string()).describe("Shown as `sha256:` and the first 12 digits of their hashes."),
  ),
  numPeftDeviceCached: int32,
  directRouteType: z.enum([
    "DIRECT_ROUTE_TYPE_UNSPECIFIED",
    "INTERNET",
    "GCP_PRIVATE_SERVICE_CONNECT",
    "AWS_PRIVATELINK",
  ]),
  directRouteHandle: output(z.string()),
  deploymentTemplate: z.string(),
  autoTune: autoTune.nullable(),
  placement: immutable(placement),
  region: output(region),
  maxContextLength: int32,
  updateTime: output(timestamp),
  disableDeploymentSizeValidation: z.boolean(),
  enableHotLoad: z.boolean(),
  hotLoadBucketType: z.enum(["BUCKET_TYPE_UNSPECIFIED", "MINIO", "S3", "NEBIUS", "FW_HOSTED"]),
  enableHotReloadLatestAddon: z.boolean(),
  deploymentShape: z.string(),
  activeModelVersion: z.string(),
  targetModelVersion: z.string(),
  replicaStats: output(replicaStats),
  hotLoadBucketUrl: z.string(),
  pricingPlanId: z.string(),
  hotLoadTrainerJob: z.string(),
  hotLoadTransitionType: z.enum(["TRANSITION_TYPE_UNSPECIFIED", "ASYNC", "SYNC"]),
  preemptible: immutable(z.boolean()),
});
export type Deployment = z.infer<typeof deployment>;

type OutputField =
  | "name"
  | "createTime"
  | "purgeTime"
  | "deleteTime"
  | "createdBy"
  | "state"
  | "status"
  | "desiredReplicaCount"
  | "replicaCount"
  | "cluster"
  | "directRouteHandle"
  | "region"
  | "updateTime"
  | "replicaStats";
/** What a client may set. */
export type DeploymentSpec = Omit<Deployment, OutputField>;

/** The part of a deployment that runs in one region (control-plane §2.2). */
export const deploymentShard = z.object({
  name: output(z.string()),
  createTime: output(timestamp),
  updateTime: output(timestamp),
  state: output(z.enum(["STATE_UNSPECIFIED", "CREATING", "READY", "DELETING", "FAILED", "UPDATING"])),
  status: output(status),
  replicaStats: output(replicaStats),
});

const flag = z.stringbool().optional();
export const createDeploymentQuery = z.object({
  deploymentId: z.string().optional().describe("1-63 of a-z 0-9 -; random when left out."),
  disableAutoDeploy: flag.describe("Do not make this deployment the model's default target."),
  disableSpeculativeDecoding: flag.describe("Ignore the base model's draft settings."),
  validateOnly: flag.describe("Answer with the deployment that would be created, and create nothing."),
  skipShapeValidation: flag.describe("Allow deployment shapes that were not validated."),
  skipImageTagValidation: flag.describe("Accepted; has no effect here."),
});
export const updateDeploymentQuery = z.object({
  updateMask: z.string().optional().describe("Fields to change; by default those in the body."),
  skipShapeValidation: flag,
});
export const deleteDeploymentQuery = z.object({
  hard: flag.describe("Remove at once; the ID can be used again."),
  ignoreChecks: flag.describe("Delete even when there was traffic in the last hour."),
});
export const scaleDeploymentBody = z.object({ replicaCount: int32 });

export const setTagsBody = z.object({ tags: z.record(z.string(), z.string()) });
export const deleteTagsBody = z.object({ keys: z.array(z.string()) });
export const terminationMessage = z.object({ message: z.string() });
