import type { DeploymentSpec } from "../../schema/deployment.ts";
import type { Ms } from "../time.ts";
import type { Draft, Surroundings } from "./draft.ts";
import { isActive, OK } from "./draft.ts";
import type { DeploymentEvent } from "./handlers.ts";
import { handlers } from "./handlers.ts";
import { floorOf, policyOf } from "./policy.ts";
import type { DeploymentRecord, LogEntry, UsageEntry } from "./record.ts";
import { scaleToZeroAt, settle, unusedDeleteAt } from "./settle.ts";

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
    record: { ...record, replicas: [...record.replicas] },
    now,
    surroundings,
    log: [],
    usage: [],
    gone: false,
  };
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
    desired: floorOf(policyOf(spec)),
    generation: 0,
    nextReplica: 0,
    replicas: [],
    region: "REGION_UNSPECIFIED",
    idleSince: now,
    trafficSince: now,
    lastRequestAt: null,
    lookAt: null,
    history: [],
    decision: null,
  };
}

/** When the deployment next needs a step: computed, never polled. Null when only a client can change it. */
export function nextWakeAt(record: DeploymentRecord): Ms | null {
  const times = [
    ...record.replicas.map((replica) => replica.dueAt),
    record.drainAt,
    record.state === "DELETED" ? record.purgeTime : null,
    isActive(record) ? record.lookAt : null,
    scaleToZeroAt(record),
    unusedDeleteAt(record),
  ].filter((at) => at !== null);
  return times.length > 0 ? Math.min(...times) : null;
}

/** The last step of a deployment that is removed for good before its time. */
export function endNow(record: DeploymentRecord, now: Ms): Step {
  const ready = record.replicas.filter((replica) => replica.phase === "ready");
  const { acceleratorType } = record.spec;
  return {
    record: undefined,
    log: [{ type: "state", from: record.state, to: "purged", reason: "hard deleted by request" }],
    usage: ready.map((replica) => ({ acceleratorType, gpus: replica.gpus, from: replica.since, to: now })),
  };
}
