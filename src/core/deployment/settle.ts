import type { Ms } from "../time.ts";
import { toSpan } from "../time.ts";
import { decide, nextLook, OBSERVATION_MS } from "./autoscaler.ts";
import type { Draft } from "./draft.ts";
import { beginDelete, isActive, note, OK, remove, setDesired, setState } from "./draft.ts";
import { floorOf, policyOf, UNUSED_DELETE_MS } from "./policy.ts";
import type { DeploymentRecord } from "./record.ts";
import { wirePhase } from "./record.ts";
import { advanceReplica, startReplica } from "./replica.ts";

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

/** When the scale-to-zero window ends; null when it does not apply. */
export function scaleToZeroAt(record: DeploymentRecord): Ms | null {
  const policy = policyOf(record.spec);
  return record.state === "READY" && policy.min === 0 && record.desired > 0
    ? record.idleSince + policy.scaleToZeroWindowMs
    : null;
}

/** When the service deletes it for lack of traffic. */
export function unusedDeleteAt(record: DeploymentRecord): Ms | null {
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

/** Everything that follows from the time and the settings, until nothing more does. */
export function settle(draft: Draft): void {
  advanceReplicas(draft);
  endDelete(draft);
  transition(draft);
  autoscale(draft);
  reconcile(draft);
  advanceReplicas(draft);
  transition(draft);
}
