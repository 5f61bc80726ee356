import type { DeploymentSpec } from "../../schema/deployment.ts";
import type { Ms } from "../time.ts";
import { nextArrival } from "./accrual.ts";
import { accrue, answerTraffic, takeLooks } from "./autoscale.ts";
import type { Draft, Surroundings } from "./draft.ts";
import { isActive, OK, toEntry, usageOf } from "./draft.ts";
import type { DeploymentEvent } from "./handlers.ts";
import { handlers } from "./handlers.ts";
import { boundsAt, policyOf } from "./policy.ts";
import type { DeploymentRecord, LogEntry, UsageEntry } from "./record.ts";
import { copyRecord } from "./record.ts";
import { settle } from "./settle.ts";

export interface Step {
  /** Undefined when the deployment is purged. */
  record: DeploymentRecord | undefined;
  log: LogEntry[];
  usage: UsageEntry[];
}

/**
 * The state machine of a deployment: pure. Whatever the event, time is dealt with first, then its consequences.
 * @returns a new record, what to log and what to bill
 */
export function step(record: DeploymentRecord, event: DeploymentEvent, now: Ms, surroundings: Surroundings): Step {
  const draft: Draft = {
    record: copyRecord(record),
    before: record,
    now,
    surroundings,
    log: [],
    usage: [],
    lookAgain: false,
    flowStale: false,
    requested: false,
    gone: false,
  };
  answerTraffic(draft);
  // what a client changes must not change what came before it
  if (event.type !== "wake") takeLooks(draft);
  if (event.type === "traffic") accrue(draft);
  (handlers[event.type] as (draft: Draft, event: DeploymentEvent) => void)(draft, event);
  settle(draft);
  return { record: draft.gone ? undefined : draft.record, log: draft.log, usage: draft.usage };
}

/** A new deployment, before its first step: it starts one replica even with min 0 (simulation §1). */
export function createRecord(
  name: string,
  sequence: number,
  spec: DeploymentSpec,
  createdBy: string,
  autoDeploy: boolean,
  now: Ms,
): DeploymentRecord {
  return {
    name,
    sequence,
    spec,
    createdBy,
    autoDeploy,
    state: "CREATING",
    status: OK,
    createTime: now,
    updateTime: now,
    deleteTime: null,
    purgeTime: null,
    drainAt: null,
    desired: boundsAt(policyOf(spec), now).floor,
    generation: 0,
    nextReplica: 0,
    replicas: [],
    region: "REGION_UNSPECIFIED",
    idleSince: now,
    trafficSince: now,
    lastRequestAt: null,
    lookAt: null,
    lookedAt: now,
    history: [],
    decision: null,
    boundsUntil: null,
    zeroAt: null,
    unusedAt: now,
    traffic: [],
    flows: [],
    accruedAt: now,
  };
}

/** When the deployment next needs a step after `now`: computed, never polled. Null when only a client can change it. */
export function nextWakeAt(record: DeploymentRecord, now: Ms): Ms | null {
  let next = soonest(record.drainAt, record.state === "DELETED" ? record.purgeTime : null);
  for (const { dueAt } of record.replicas) next = soonest(next, dueAt);
  if (!isActive(record)) return next;
  next = soonest(soonest(next, record.lookAt), record.boundsUntil);
  next = soonest(soonest(next, record.zeroAt), record.unusedAt);
  if (record.traffic.length === 0) return next;
  next = soonest(next, record.flows.at(-1)?.until ?? null);
  const isAsleep = record.desired === 0 && record.spec.maxReplicaCount > 0;
  return isAsleep ? soonest(next, nextArrival(record, now)?.at ?? null) : next;
}

const soonest = (left: Ms | null, right: Ms | null): Ms | null =>
  left === null ? right : right === null || left < right ? left : right;

/** The last step of a deployment that is removed for good before its time. */
export function endNow(record: DeploymentRecord, now: Ms): Step {
  const ready = record.replicas.filter((replica) => replica.phase === "ready");
  return {
    record: undefined,
    log: [toEntry(record, now, "state", record.state, "purged", "hard deleted by request")],
    usage: ready.map((replica) => usageOf(record, replica, now)),
  };
}
