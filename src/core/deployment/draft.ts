import type { DeploymentState } from "../../schema/deployment.ts";
import type { Status } from "../../schema/wire.ts";
import type { Ms } from "../time.ts";
import type { Signal } from "./autoscaler.ts";
import { PURGE_MS } from "./policy.ts";
import type { DeploymentRecord, LogEntry, Replica, UsageEntry } from "./record.ts";
import type { StartTimes } from "./replica.ts";

/** What a step reads besides the record: facts that others own. */
export interface Surroundings {
  times: StartTimes;
  /** Load over [from, to) and what a replica can take. */
  signal(from: Ms, to: Ms): Signal;
}

export const OK: Status = { code: "OK", message: "" };

/** A step in progress: the record is a copy, changed freely until the step returns. */
export interface Draft {
  record: DeploymentRecord;
  readonly now: Ms;
  readonly surroundings: Surroundings;
  readonly log: LogEntry[];
  readonly usage: UsageEntry[];
  gone: boolean;
}

export function note(draft: Draft, type: string, from: string | number, to: string | number, reason: string): void {
  draft.log.push({ type, from: String(from), to: String(to), reason });
}

export function setState(draft: Draft, state: DeploymentState, reason: string): void {
  if (draft.record.state === state) return;
  note(draft, "state", draft.record.state, state, reason);
  draft.record.state = state;
}

export function setDesired(draft: Draft, desired: number, reason: string): void {
  const { record } = draft;
  if (record.desired === desired) return;
  note(draft, "desired", record.desired, desired, reason);
  if (record.desired === 0 || desired === 0) record.history = [];
  record.desired = desired;
}

export function remove(draft: Draft, doomed: Replica[], reason: string): void {
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
  Object.assign(record, {
    deleteTime: now,
    purgeTime: now + PURGE_MS,
    drainAt: now + surroundings.times.drainMs,
    status: OK,
    updateTime: now,
  });
}
