import type { DeploymentSpec } from "../../schema/deployment.ts";
import type { Region } from "../../schema/hardware.ts";
import type { Ms } from "../time.ts";
import { nextLook } from "./autoscaler.ts";
import type { Draft } from "./draft.ts";
import { beginDelete, isActive, note, OK, setDesired, setState } from "./draft.ts";
import { floorOf, policyOf } from "./policy.ts";
import { placeReplica } from "./replica.ts";

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

/** One handler per event; each changes the draft and leaves the consequences to `settle`. */
export const handlers: {
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
