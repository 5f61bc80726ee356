import type { DeploymentState } from "../../schema/deployment.ts";
import type { Status } from "../../schema/wire.ts";
import type { Ms } from "../time.ts";
import type { ColdStart } from "./accrual.ts";
import type { Capacity } from "./capacity.ts";
import type { Place } from "./fleet.ts";
import type { Observation } from "./load.ts";
import { PURGE_MS } from "./policy.ts";
import type { DeploymentRecord, Explanation, LogEntry, Replica, UsageEntry } from "./record.ts";
import { wirePhase } from "./record.ts";
import type { StartTimes } from "./replica.ts";

/** What a step reads besides the record: facts that others own. */
export interface Surroundings {
  times: StartTimes;
  capacity: Capacity;
  coldStart: ColdStart;
  /** GPUs for a replica where nobody waits for them; undefined to stand in line. */
  claim: (record: DeploymentRecord, replica: Replica) => Place | undefined;
  /** Requests that came over HTTP. */
  load: { observe(from: Ms, to: Ms): Observation; isActive(from: Ms): boolean };
}

export const OK: Status = { code: "OK", message: "" };

/** A step in progress: the record is a copy, changed freely until the step returns. */
export interface Draft {
  record: DeploymentRecord;
  /** As it was before the step. */
  readonly before: DeploymentRecord;
  readonly now: Ms;
  readonly surroundings: Surroundings;
  readonly log: LogEntry[];
  readonly usage: UsageEntry[];
  /** The load, the bounds or the count changed: the next look has to be found anew. */
  lookAgain: boolean;
  /** The settings or the traffic changed: the flow has to be found anew. */
  flowStale: boolean;
  /** A request came whose load is about to be added: there will be something to see at the next look. */
  requested: boolean;
  gone: boolean;
}

export const toEntry = (
  { name: deployment }: DeploymentRecord,
  at: Ms,
  type: string,
  from: string,
  to: string,
  reason: string,
  detail?: Explanation,
): LogEntry => ({ id: 0, at, deployment, type, from, to, reason, detail });

export function note(
  draft: Draft,
  type: string,
  from: string | number,
  to: string | number,
  reason: string,
  detail?: Explanation,
): void {
  draft.log.push(toEntry(draft.record, draft.now, type, String(from), String(to), reason, detail));
}

export function setState(draft: Draft, state: DeploymentState, reason: string): void {
  if (draft.record.state === state) return;
  note(draft, "state", draft.record.state, state, reason);
  draft.record.state = state;
}

export function setDesired(draft: Draft, desired: number, reason: string, detail?: Explanation): void {
  const { record } = draft;
  if (record.desired === desired) return;
  note(draft, "desired", record.desired, desired, reason, detail);
  if (record.desired === 0 || desired === 0) forgetLooks(draft);
  record.desired = desired;
  draft.lookAgain = true;
}

/** The autoscaler starts over, with fresh windows. */
export function forgetLooks({ record, now }: Draft): void {
  record.history = [];
  record.lookedAt = now;
  record.lookAt = null;
}

/** The bill of a ready replica up to now. */
export const usageOf = (record: DeploymentRecord, replica: Replica, now: Ms): UsageEntry => ({
  acceleratorType: record.spec.acceleratorType,
  baseModel: record.spec.baseModel,
  region: replica.region ?? "REGION_UNSPECIFIED",
  gpus: replica.gpus,
  reservedGpus: replica.reservedGpus,
  from: replica.since,
  to: now,
});

export function remove(draft: Draft, doomed: readonly Replica[], reason: string): void {
  if (doomed.length === 0) return;
  const { record, now } = draft;
  for (const replica of doomed) {
    note(draft, "replica", wirePhase[replica.phase], "removed", `replica ${replica.number}: ${reason}`);
    if (replica.phase === "ready") draft.usage.push(usageOf(record, replica, now));
  }
  record.replicas = record.replicas.filter((replica) => !doomed.includes(replica));
}

/** It lives, or will: neither failed nor on its way out. */
export const isActive = (record: DeploymentRecord): boolean =>
  record.state === "CREATING" || record.state === "READY" || record.state === "UPDATING";

/** Soft delete: replicas drain, then the undelete window runs. */
export function beginDelete(draft: Draft, reason: string): void {
  const { record, now, surroundings } = draft;
  setState(draft, "DELETING", reason);
  remove(
    draft,
    record.replicas.filter((replica) => replica.phase !== "ready"),
    "the deployment is deleted",
  );
  if (record.traffic.length > 0) note(draft, "traffic", "on", "ended", "the deployment is deleted");
  draft.flowStale = true;
  Object.assign(record, {
    traffic: [],
    deleteTime: now,
    purgeTime: now + PURGE_MS,
    drainAt: now + surroundings.times.drainMs,
    status: OK,
    updateTime: now,
  });
}
