import type { AcceleratorType, Region } from "../../schema/hardware.ts";
import type { DeploymentSpec, DeploymentState } from "../../schema/deployment.ts";
import type { Status } from "../../schema/wire.ts";
import type { Ms } from "../time.ts";
import type { Recommendation } from "./autoscaler.ts";
import type { Flow } from "./flow.ts";
import type { Traffic } from "./traffic.ts";

/** Stages of a replica's start; `scheduling` and `waiting` (in line for GPUs) both show as pendingScheduling. */
export type Phase = "scheduling" | "waiting" | "downloading" | "initializing" | "ready";

/** Phases as `replicaStats` names them. */
export const wirePhase = {
  scheduling: "pendingScheduling",
  waiting: "pendingScheduling",
  downloading: "downloadingModel",
  initializing: "initializing",
  ready: "ready",
} as const;

export interface Replica {
  number: number;
  /** Which version of the hardware settings it was started with. */
  generation: number;
  phase: Phase;
  /** When this phase began: the place in the line, for `waiting`; the start of billing, for `ready`. */
  since: Ms;
  /** When this phase ends by itself. */
  dueAt: Ms | null;
  /** Where it holds GPUs; null before it has any. */
  region: Region | null;
  gpus: number;
  /** Of these, covered by the account's reservation when it was placed. */
  reservedGpus: number;
  /** Runs on capacity that may be taken back. */
  revocable: boolean;
}

/** A recommendation of the autoscaler that held from `at` until the next run's `at`. */
export interface Run {
  at: Ms;
  replicas: number;
}

/** The autoscaler's last look that counted, in numbers; `reason.ts` puts it into words. */
export interface Decision extends Recommendation {
  at: Ms;
  /** The desired count before and after it. */
  from: number;
  to: number;
}

/** Everything that is known of a deployment: one JSON document in the store. */
export interface DeploymentRecord {
  name: string;
  /** Order of creation in the world; breaks ties. */
  sequence: number;
  spec: DeploymentSpec;
  state: DeploymentState;
  status: Status;
  createdBy: string;
  /** Whether requests for its bare base model may come here. */
  autoDeploy: boolean;
  createTime: Ms;
  updateTime: Ms;
  deleteTime: Ms | null;
  purgeTime: Ms | null;
  /** When DELETING becomes DELETED. */
  drainAt: Ms | null;
  desired: number;
  generation: number;
  nextReplica: number;
  replicas: Replica[];
  /** Where the first replica was last placed; it stays while scaled to zero. */
  region: Region;
  /** Last sign of use; scale to zero counts from here. */
  idleSince: Ms;
  /** Last inference request (or creation); the seven days count from here. */
  trafficSince: Ms;
  /** The last inference request, for the guard of DELETE; null before the first. */
  lastRequestAt: Ms | null;
  /** The autoscaler's next look that can matter; null while nothing can change its mind. */
  lookAt: Ms | null;
  /** All looks up to here are in `history`. */
  lookedAt: Ms;
  history: readonly Run[];
  decision: Decision | null;
  /** When a scaling schedule next opens or closes. */
  boundsUntil: Ms | null;
  /** When the scale-to-zero window and the seven days end, as things stand; null when they do not run. */
  zeroAt: Ms | null;
  unusedAt: Ms | null;
  traffic: readonly Traffic[];
  /** What the traffic did to the ready replicas, the latest last; empty while there is none. */
  flows: readonly Flow[];
  /** Up to here the traffic's requests are counted. */
  accruedAt: Ms;
}

/**
 * A copy whose fields can be changed. Written out, because a spread of so many fields makes a slow object: a step
 * took three times as long.
 */
export const copyRecord = (record: DeploymentRecord): DeploymentRecord => ({
  name: record.name,
  sequence: record.sequence,
  spec: record.spec,
  state: record.state,
  status: record.status,
  createdBy: record.createdBy,
  autoDeploy: record.autoDeploy,
  createTime: record.createTime,
  updateTime: record.updateTime,
  deleteTime: record.deleteTime,
  purgeTime: record.purgeTime,
  drainAt: record.drainAt,
  desired: record.desired,
  generation: record.generation,
  nextReplica: record.nextReplica,
  replicas: record.replicas,
  region: record.region,
  idleSince: record.idleSince,
  trafficSince: record.trafficSince,
  lastRequestAt: record.lastRequestAt,
  lookAt: record.lookAt,
  lookedAt: record.lookedAt,
  history: record.history,
  decision: record.decision,
  boundsUntil: record.boundsUntil,
  zeroAt: record.zeroAt,
  unusedAt: record.unusedAt,
  traffic: record.traffic,
  flows: record.flows,
  accruedAt: record.accruedAt,
});

/** One line of the event log; it gets its number when it is written. */
export interface LogEntry {
  id: number;
  at: Ms;
  /** Full name; empty for the world's own events. */
  deployment: string;
  type: string;
  from: string;
  to: string;
  reason: string;
  /** What the autoscaler saw, where it decided. */
  detail: Explanation | undefined;
}

/** A decision of the autoscaler with everything that led to it; times are RFC 3339 once it is written. */
export interface Explanation extends Recommendation {
  /** What the window did with the recommendation, in words. */
  window: string;
  bounds: { min: number; max: number; schedule: string };
  desired: number;
  nextLookTime: string | null;
}

/** GPU time to bill: one replica from ready to removal. */
export interface UsageEntry {
  acceleratorType: AcceleratorType;
  baseModel: string;
  region: Region;
  gpus: number;
  reservedGpus: number;
  from: Ms;
  to: Ms;
}

export const readyReplicas = (record: DeploymentRecord): Replica[] =>
  record.replicas.filter((replica) => replica.phase === "ready");

export function readyCount(record: DeploymentRecord): number {
  let count = 0;
  for (const replica of record.replicas) if (replica.phase === "ready") count += 1;
  return count;
}

/** Nothing but time, traffic or a client will change it: what `until: "settled"` and polling wait for. */
export function isSettled(record: DeploymentRecord): boolean {
  if (record.state === "CREATING" || record.state === "UPDATING" || record.state === "DELETING") return false;
  return record.replicas.every((replica) => replica.phase === "ready");
}
