import { autoscale, plan, reflow } from "./autoscale.ts";
import type { Draft } from "./draft.ts";
import { forgetLooks, isActive, note, OK, remove, setDesired, setState } from "./draft.ts";
import { handlers } from "./handlers.ts";
import { boundsAt, policyOf } from "./policy.ts";
import type { DeploymentRecord, Replica } from "./record.ts";
import { wirePhase } from "./record.ts";
import { advanceReplica, startReplica } from "./replica.ts";

const isDue = (record: DeploymentRecord, now: number): boolean =>
  record.replicas.some(({ dueAt }) => dueAt !== null && dueAt <= now);

/** A replica that comes to an empty line is placed at once; the others are served by the line, in their order. */
function claimGpus(draft: Draft): boolean {
  const { record, surroundings } = draft;
  const [waiter, other] = record.replicas.filter(({ phase }) => phase === "waiting");
  const place = waiter && !other ? surroundings.claim(record, waiter) : undefined;
  if (place) handlers.placed(draft, { type: "placed", replica: waiter!.number, ...place });
  return place !== undefined;
}

/** Moves every replica through the stages that are over by now. */
function advanceReplicas(draft: Draft): void {
  while (isDue(draft.record, draft.now)) {
    moveReplicas(draft);
    if (!claimGpus(draft)) return;
  }
}

function moveReplicas(draft: Draft): void {
  const { record, surroundings, now } = draft;
  const hadReady = record.replicas.some((replica) => replica.phase === "ready");
  record.replicas = record.replicas.map((replica) => {
    if (replica.dueAt === null || replica.dueAt > now) return replica;
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

/** Starts replicas up to the desired count; those beyond max, and all of a preemptible deployment, can be revoked. */
function startMissing(draft: Draft, current: readonly Replica[]): void {
  const { record, now, surroundings } = draft;
  const { maxReplicaCount, acceleratorCount, preemptible } = record.spec;
  let lasting = current.filter(({ revocable }) => !revocable).length;
  for (let count = current.length; count < record.desired; count += 1) {
    const revocable = preemptible || lasting >= maxReplicaCount;
    if (!revocable) lasting += 1;
    const number = record.nextReplica++;
    record.replicas = [
      ...record.replicas,
      startReplica(number, record.generation, acceleratorCount, revocable, surroundings.times, now),
    ];
    note(draft, "replica", "none", "pendingScheduling", `replica ${number}${revocable ? ", revocable" : ""}`);
  }
}

/** Unready ones go first, then revocable ones, then the youngest. */
const surplusOrder = (a: Replica, b: Replica): number =>
  Number(a.phase === "ready") - Number(b.phase === "ready") ||
  Number(b.revocable) - Number(a.revocable) ||
  b.number - a.number;

/** Starts and removes replicas until there are as many as desired, of the current generation. */
function reconcile(draft: Draft): void {
  const { record } = draft;
  if (!isActive(record)) return;
  const { generation } = record;
  const isCurrent = (replica: Replica): boolean => replica.generation === generation;
  const hasOld = !record.replicas.every(isCurrent);
  if (record.replicas.length !== record.desired || hasOld) {
    const current = record.replicas.filter(isCurrent);
    startMissing(draft, current);
    const surplus = [...current].sort(surplusOrder).slice(0, Math.max(current.length - record.desired, 0));
    remove(draft, surplus, "no longer wanted");
  }
  if (hasOld) {
    const old = record.replicas.filter((replica) => !isCurrent(replica));
    const isReplaced =
      record.replicas.filter((replica) => isCurrent(replica) && replica.phase === "ready").length >= record.desired;
    remove(draft, isReplaced ? old : old.filter((replica) => replica.phase !== "ready"), "replaced by new settings");
  }
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
  if (record.state !== "CREATING" && record.state !== "UPDATING") return;
  const ready = record.replicas.filter(
    (replica) => replica.phase === "ready" && replica.generation === record.generation,
  ).length;
  const { floor } = boundsAt(policyOf(record.spec), now);
  // who scales it to zero before its first replica is there has what was asked for
  const wanted = record.desired === 0 ? 0 : floor;
  if (record.state === "CREATING" && ready >= wanted) {
    const nothing = floor === 0 ? "parked: nothing to start" : "scaled to zero before its first replica was ready";
    setState(draft, "READY", wanted === 0 ? nothing : `${ready} of ${wanted} replicas ready`);
    record.idleSince = Math.max(record.idleSince, now);
    forgetLooks(draft);
    draft.lookAgain = true;
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
  reflow(draft);
  plan(draft);
}
