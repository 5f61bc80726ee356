import type { DeploymentSpec } from "../../schema/deployment.ts";
import type { Region } from "../../schema/hardware.ts";
import type { Ms } from "../time.ts";
import { toSpan } from "../time.ts";
import { nextLook } from "./autoscaler.ts";
import type { Draft } from "./draft.ts";
import { beginDelete, forgetLooks, isActive, note, OK, remove, setDesired, setState } from "./draft.ts";
import { boundsAt, policyOf } from "./policy.ts";
import { placeReplica } from "./replica.ts";
import type { Traffic } from "./traffic.ts";

/** What can happen to a deployment. `wake` is time itself: its own timer is due. */
export type DeploymentEvent =
  | { type: "wake" }
  | { type: "request"; until: Ms }
  | { type: "scale"; replicas: number }
  | { type: "update"; spec: DeploymentSpec; restart: boolean }
  | { type: "placed"; replica: number; region: Region; reservedGpus: number }
  | { type: "short"; message: string }
  | { type: "revoked"; replicas: readonly number[]; reason: string }
  | { type: "traffic"; add?: Traffic; remove?: readonly string[] }
  | { type: "delete" }
  | { type: "undelete" };

function wakeUp(draft: Draft, reason: string): void {
  const { record } = draft;
  if (record.desired === 0 && record.spec.maxReplicaCount > 0 && isActive(record)) setDesired(draft, 1, reason);
}

/** Requests came, the last of them at `at`: the windows count from the end of its service. */
export function keepAwake({ record }: Draft, at: Ms, until: Ms): void {
  record.lastRequestAt = Math.max(record.lastRequestAt ?? at, at);
  record.trafficSince = Math.max(record.trafficSince, at);
  record.idleSince = Math.max(record.idleSince, until);
}

/** A request comes now: it also starts a deployment that is scaled to zero. */
export function touch(draft: Draft, at: Ms, until: Ms): void {
  keepAwake(draft, at, until);
  wakeUp(draft, "a request came while scaled to zero");
}

/** One handler per event; each changes the draft and leaves the consequences to `settle`. */
export const handlers: {
  [T in DeploymentEvent["type"]]: (draft: Draft, event: Extract<DeploymentEvent, { type: T }>) => void;
} = {
  wake: () => {},

  request(draft, { until }) {
    const { record, now } = draft;
    touch(draft, now, until);
    // its load is added after this step, and is seen at the next look
    if (record.desired > 0 && (record.lookAt === null || record.lookAt > nextLook(now))) {
      draft.lookAgain = true;
      draft.requested = true;
    }
  },

  scale(draft, { replicas }) {
    const bounds = boundsAt(policyOf(draft.record.spec), draft.now);
    draft.record.idleSince = draft.now;
    setDesired(draft, Math.min(Math.max(replicas, bounds.min), bounds.max), `scaled by request to ${replicas}`);
    forgetLooks(draft);
    draft.lookAgain = true;
  },

  update(draft, { spec, restart }) {
    const { record, now } = draft;
    const before = policyOf(record.spec);
    record.spec = spec;
    record.updateTime = now;
    record.idleSince = Math.max(record.idleSince, now);
    draft.lookAgain = true;
    draft.flowStale = true;
    if (before.min > 0 && spec.minReplicaCount === 0) record.trafficSince = now;
    const bounds = boundsAt(policyOf(spec), now);
    if (bounds.max === 0) setDesired(draft, 0, "parked: max replica count is 0");
    else if (record.state === "CREATING")
      setDesired(draft, Math.max(record.desired, bounds.floor), "replica bounds changed");
    setDesired(draft, Math.min(Math.max(record.desired, bounds.min), bounds.max), "replica bounds changed");
    if (!restart) return;
    record.generation += 1;
    if (record.state === "READY" && record.replicas.length > 0)
      setState(draft, "UPDATING", "hardware or model settings changed");
  },

  placed(draft, { replica: number, region, reservedGpus }) {
    const { record, surroundings, now } = draft;
    record.replicas = record.replicas.map((replica) =>
      replica.number === number ? placeReplica(replica, region, reservedGpus, surroundings.times, now) : replica,
    );
    record.region = record.replicas.find((replica) => replica.region !== null)?.region ?? region;
    const since = reservedGpus > 0 ? ", on reserved capacity" : "";
    note(draft, "replica", "pendingScheduling", "downloadingModel", `replica ${number}: placed in ${region}${since}`);
    if (record.status.code !== "OK" && !record.replicas.some((replica) => replica.phase === "waiting"))
      record.status = OK;
  },

  short(draft, { message }) {
    if (draft.record.status.message === message) return;
    note(draft, "stockout", draft.record.status.code, "RESOURCE_EXHAUSTED", message);
    draft.record.status = { code: "RESOURCE_EXHAUSTED", message };
  },

  revoked(draft, { replicas, reason }) {
    const { record } = draft;
    remove(
      draft,
      record.replicas.filter(({ number }) => replicas.includes(number)),
      reason,
    );
  },

  traffic(draft, { add, remove: gone = [] }) {
    const { record, now } = draft;
    draft.flowStale = true;
    record.traffic = record.traffic.filter(({ id }) => !gone.includes(id));
    for (const id of gone) note(draft, "traffic", "on", "removed", id);
    if (!add) return;
    record.traffic = [...record.traffic, add];
    const starts = add.startAt > now ? `in ${toSpan(add.startAt - now)}` : "now";
    const lasts = add.endAt === null ? "" : `, for ${toSpan(add.endAt - add.startAt)}`;
    const unit = add.kind === "requestsPerSecond" ? "requests/s" : "clients";
    note(draft, "traffic", "none", "added", `${add.id}: ${add.shape}, ${add.level} ${unit}, starts ${starts}${lasts}`);
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
    setDesired(draft, boundsAt(policyOf(record.spec), now).floor, "undeleted");
  },
};
