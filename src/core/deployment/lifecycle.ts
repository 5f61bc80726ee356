import type { DeploymentSpec, DeploymentState } from "../../schema/deployment.ts";
import type { Region } from "../../schema/hardware.ts";
import type { Status } from "../../schema/wire.ts";
import type { Ms } from "../time.ts";
import { toSpan } from "../time.ts";
import type { Signal } from "./autoscaler.ts";
import { decide, nextLook, OBSERVATION_MS } from "./autoscaler.ts";
import { floorOf, policyOf, PURGE_MS, UNUSED_DELETE_MS } from "./policy.ts";
import type { DeploymentRecord, LogEntry, Replica, UsageEntry } from "./record.ts";
import type { StartTimes } from "./replica.ts";
import { advanceReplica, placeReplica, startReplica } from "./replica.ts";

/** What can happen to a deployment. `wake` is time itself: its own timer is due. */
export type DeploymentEvent =
  | { type: "wake" }
  | { type: "request"; until: Ms }
  | { type: "scale"; replicas: number }
  | { type: "update"; spec: DeploymentSpec; restart: boolean }
  | { type: "placed"; replica: number; region: Region }
  | { type: "short"; message: string }
  | { type: "delete" }
  | { type: "undelete" };

/** What a step reads besides the record: facts that others own. */
export interface Surroundings {
  times: StartTimes;
  /** Load over [from, to) and what a replica can take. */
  signal(from: Ms, to: Ms): Signal;
}

export interface Step {
  /** Undefined when the deployment is purged. */
  record: DeploymentRecord | undefined;
  log: LogEntry[];
  usage: UsageEntry[];
}

const OK: Status = { code: "OK", message: "" };

/** A step in progress: the record is a copy, changed freely until the step returns. */
interface Draft {
  record: DeploymentRecord;
  readonly now: Ms;
  readonly surroundings: Surroundings;
  readonly log: LogEntry[];
  readonly usage: UsageEntry[];
  gone: boolean;
}

function note(draft: Draft, type: string, from: string | number, to: string | number, reason: string): void {
  draft.log.push({ type, from: String(from), to: String(to), reason });
}

function setState(draft: Draft, state: DeploymentState, reason: string): void {
  if (draft.record.state === state) return;
  note(draft, "state", draft.record.state, state, reason);
  draft.record.state = state;
}

function setDesired(draft: Draft, desired: number, reason: string): void {
  const { record } = draft;
  if (record.desired === desired) return;
  note(draft, "desired", record.desired, desired, reason);
  if (record.desired === 0 || desired === 0) record.history = [];
  record.desired = desired;
}

function remove(draft: Draft, doomed: Replica[], reason: string): void {
  const { record, now } = draft;
  for (const replica of doomed) {
    note(draft, "replica", replica.phase, "removed", `replica ${replica.number}: ${reason}`);
    if (replica.phase === "ready")
      draft.usage.push({
        acceleratorType: record.spec.acceleratorType,
        gpus: replica.gpus,
        from: replica.since,
        to: now,
      });
  }
  record.replicas = record.replicas.filter((replica) => !doomed.includes(replica));
}

const isActive = (record: DeploymentRecord): boolean =>
  record.state === "CREATING" || record.state === "READY" || record.state === "UPDATING";

/** One handler per event; each changes the draft and leaves the consequences to `settle`. */
const handlers: {
  [T in DeploymentEvent["type"]]: (draft: Draft, event: Extract<DeploymentEvent, { type: T }>) => void;
} = {
  wake: () => {},

  request(draft, { until }) {
    const { record, now } = draft;
    record.lastRequestAt = now;
    record.trafficSince = Math.max(record.trafficSince, now);
    record.idleSince = Math.max(record.idleSince, until);
    if (record.desired === 0 && record.spec.maxReplicaCount > 0 && isActive(record)) {
      setDesired(draft, 1, "a request came while scaled to zero");
    }
    if (record.desired > 0) record.lookAt = Math.min(record.lookAt ?? Infinity, nextLook(now));
  },

  scale(draft, { replicas }) {
    const policy = policyOf(draft.record.spec);
    draft.record.idleSince = draft.now;
    setDesired(draft, Math.min(Math.max(replicas, policy.min), policy.max), `scaled by request to ${replicas}`);
    // the autoscaler goes on from here, with fresh windows
    draft.record.history = [];
    draft.record.lookAt = nextLook(draft.now);
  },

  update(draft, { spec, restart }) {
    const { record, now } = draft;
    const [before, policy] = [policyOf(record.spec), policyOf(spec)];
    record.spec = spec;
    record.updateTime = now;
    record.idleSince = Math.max(record.idleSince, now);
    if (before.min > 0 && policy.min === 0) record.trafficSince = now;
    if (policy.max === 0) setDesired(draft, 0, "parked: max replica count is 0");
    else if (record.state === "CREATING")
      setDesired(draft, Math.max(record.desired, floorOf(policy)), "replica bounds changed");
    setDesired(draft, Math.min(Math.max(record.desired, policy.min), policy.max), "replica bounds changed");
    if (record.desired > 0) record.lookAt = Math.min(record.lookAt ?? Infinity, nextLook(now));
    if (!restart) return;
    record.generation += 1;
    if (record.state === "READY" && record.replicas.length > 0)
      setState(draft, "UPDATING", "hardware or model settings changed");
  },

  placed(draft, { replica: number, region }) {
    const { record, surroundings, now } = draft;
    record.replicas = record.replicas.map((replica) =>
      replica.number === number ? placeReplica(replica, region, surroundings.times, now) : replica,
    );
    record.region = record.replicas.find((replica) => replica.region !== null)?.region ?? region;
    note(draft, "replica", "pendingScheduling", "downloadingModel", `replica ${number}: placed in ${region}`);
    if (record.status.code !== "OK" && !record.replicas.some((replica) => replica.phase === "waiting"))
      record.status = OK;
  },

  short(draft, { message }) {
    if (draft.record.status.message === message) return;
    note(draft, "stockout", draft.record.status.code, "RESOURCE_EXHAUSTED", message);
    draft.record.status = { code: "RESOURCE_EXHAUSTED", message };
  },

  delete(draft) {
    beginDelete(draft, "deleted by request");
  },

  undelete(draft) {
    const { record, now } = draft;
    Object.assign(record, {
      deleteTime: null,
      purgeTime: null,
      drainAt: null,
      status: OK,
      updateTime: now,
      idleSince: now,
      trafficSince: now,
    });
    setState(draft, "CREATING", "undeleted");
    setDesired(draft, floorOf(policyOf(record.spec)), "undeleted");
  },
};

function beginDelete(draft: Draft, reason: string): void {
  const { record, now, surroundings } = draft;
  setState(draft, "DELETING", reason);
  Object.assign(record, {
    deleteTime: now,
    purgeTime: now + PURGE_MS,
    drainAt: now + surroundings.times.drainMs,
    status: OK,
    updateTime: now,
  });
}

/** Moves every replica through the stages that are over by now. */
function advanceReplicas(draft: Draft): void {
  const { record, surroundings, now } = draft;
  const hadReady = record.replicas.some((replica) => replica.phase === "ready");
  record.replicas = record.replicas.map((replica) => {
    let current = replica;
    for (
      let next = advanceReplica(current, surroundings.times, now);
      next !== current;
      next = advanceReplica(current, surroundings.times, now)
    ) {
      if (wirePhase[next.phase] !== wirePhase[current.phase])
        note(draft, "replica", wirePhase[current.phase], wirePhase[next.phase], `replica ${next.number}`);
      current = next;
    }
    return current;
  });
  if (!hadReady && record.replicas.some((replica) => replica.phase === "ready"))
    record.idleSince = Math.max(record.idleSince, now);
}

/** Phases as `replicaStats` names them. */
export const wirePhase = {
  scheduling: "pendingScheduling",
  waiting: "pendingScheduling",
  downloading: "downloadingModel",
  initializing: "initializing",
  ready: "ready",
} as const;

function endDelete(draft: Draft): void {
  const { record, now } = draft;
  if (record.state === "DELETING" && record.drainAt !== null && record.drainAt <= now) {
    remove(draft, record.replicas, "the deployment is deleted");
    record.drainAt = null;
    record.lookAt = null;
    setDesired(draft, 0, "the deployment is deleted");
    setState(draft, "DELETED", "replicas have drained");
  }
  if (record.state === "DELETED" && record.purgeTime !== null && record.purgeTime <= now) {
    note(draft, "state", "DELETED", "purged", "the undelete window is over");
    draft.gone = true;
  }
}

/** The autoscaler's look, scale to zero, and deletion after a week without traffic. */
function autoscale(draft: Draft): void {
  const { record, now, surroundings } = draft;
  const policy = policyOf(record.spec);
  if (!isActive(record)) return;
  if (record.lookAt !== null && record.lookAt <= now) {
    record.lookAt = null;
    if (record.desired > 0 && record.state !== "CREATING") {
      const { history, nextLookAt, ...decision } = decide(
        policy,
        record.desired,
        record.history,
        surroundings.signal(now - OBSERVATION_MS, now),
        now,
      );
      setDesired(draft, decision.desired, decision.reason);
      Object.assign(record, { history, decision, lookAt: nextLookAt });
    }
  }
  const zeroAt = scaleToZeroAt(record);
  if (zeroAt !== null && zeroAt <= now) {
    setDesired(draft, 0, `no requests for ${toSpan(policy.scaleToZeroWindowMs)}`);
    record.lookAt = null;
  }
  const unusedAt = unusedDeleteAt(record);
  if (unusedAt !== null && unusedAt <= now) beginDelete(draft, `no requests for ${toSpan(UNUSED_DELETE_MS)}`);
}

function scaleToZeroAt(record: DeploymentRecord): Ms | null {
  const policy = policyOf(record.spec);
  return record.state === "READY" && policy.min === 0 && record.desired > 0
    ? record.idleSince + policy.scaleToZeroWindowMs
    : null;
}

function unusedDeleteAt(record: DeploymentRecord): Ms | null {
  return isActive(record) && record.spec.minReplicaCount === 0 ? record.trafficSince + UNUSED_DELETE_MS : null;
}

/** Starts and removes replicas until there are as many as desired, of the current generation. */
function reconcile(draft: Draft): void {
  const { record, now, surroundings } = draft;
  if (!isActive(record)) return;
  const current = record.replicas.filter((replica) => replica.generation === record.generation);
  for (let count = current.length; count < record.desired; count += 1) {
    const number = record.nextReplica++;
    record.replicas.push(
      startReplica(number, record.generation, record.spec.acceleratorCount, surroundings.times, now),
    );
    note(draft, "replica", "none", "pendingScheduling", `replica ${number}`);
  }
  // unready ones go first, then the youngest
  const surplus = [...current].sort(
    (a, b) => Number(a.phase === "ready") - Number(b.phase === "ready") || b.number - a.number,
  );
  remove(draft, surplus.slice(0, Math.max(current.length - record.desired, 0)), "no longer wanted");
  const old = record.replicas.filter((replica) => replica.generation !== record.generation);
  const replaced =
    record.replicas.filter((replica) => replica.generation === record.generation && replica.phase === "ready").length >=
    record.desired;
  remove(draft, replaced ? old : old.filter((replica) => replica.phase !== "ready"), "replaced by new settings");
  if (
    record.status.code !== "OK" &&
    record.state !== "FAILED" &&
    !record.replicas.some((replica) => replica.phase === "waiting")
  )
    record.status = OK;
}

/** States that follow from the replicas. */
function transition(draft: Draft): void {
  const { record, now } = draft;
  const ready = record.replicas.filter(
    (replica) => replica.phase === "ready" && replica.generation === record.generation,
  ).length;
  const wanted = floorOf(policyOf(record.spec));
  if (record.state === "CREATING" && ready >= wanted) {
    setState(draft, "READY", wanted === 0 ? "parked: nothing to start" : `${ready} of ${wanted} replicas ready`);
    record.idleSince = Math.max(record.idleSince, now);
    if (record.desired > 0) record.lookAt = nextLook(now);
  }
  if (record.state === "UPDATING" && ready >= record.desired && record.replicas.length === ready)
    setState(draft, "READY", "all replicas run the new settings");
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

function settle(draft: Draft): void {
  advanceReplicas(draft);
  endDelete(draft);
  transition(draft);
  autoscale(draft);
  reconcile(draft);
  advanceReplicas(draft);
  transition(draft);
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
