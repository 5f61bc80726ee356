import type { Fleet, Place, Revocable, Waiter } from "../core/deployment/fleet.ts";
import { isOut, lineUp, place, shortageText, takeBack } from "../core/deployment/fleet.ts";
import type { DeploymentEvent } from "../core/deployment/handlers.ts";
import type { DeploymentRecord, Replica } from "../core/deployment/record.ts";
import type { Ms } from "../core/time.ts";
import type { FleetState, Stockout } from "./fleet.ts";

const inLine = (record: DeploymentRecord): Waiter[] =>
  record.replicas.filter(({ phase }) => phase === "waiting").map((replica) => ({ record, replica }));

const placed = (record: DeploymentRecord): Revocable[] =>
  record.replicas
    .filter((replica): replica is Revocable["replica"] => replica.region !== null)
    .map((replica) => ({ record, replica }));

function mark(names: Set<string>, name: string, isIn: boolean): void {
  if (isIn) names.add(name);
  else if (names.size > 0) names.delete(name);
}

/** Takes the step that a deployment is told of, and books it. */
type Apply = (record: DeploymentRecord, event: DeploymentEvent) => void;

/** Replicas that wait for GPUs, over all deployments of a world: first come, first served. */
export class Line {
  readonly #deployments: ReadonlyMap<string, DeploymentRecord>;
  readonly #fleet: FleetState;
  readonly #names = new Set<string>();
  /** Deployments with a replica on capacity that can be taken back. */
  readonly #revocable = new Set<string>();
  /** Someone joined, or hardware came free: it is worth looking again. */
  #moved = false;

  constructor(deployments: ReadonlyMap<string, DeploymentRecord>, fleet: FleetState) {
    this.#deployments = deployments;
    this.#fleet = fleet;
    for (const record of deployments.values()) this.book(undefined, record);
    // the line was served when it was saved
    this.#moved = false;
  }

  /** Deployments with a replica in line. */
  get names(): ReadonlySet<string> {
    return this.#names;
  }

  /** Keeps what follows from a deployment's replicas: GPUs in use, who stands in line, who can be sent away. */
  book(before: DeploymentRecord | undefined, after: DeploymentRecord | undefined): void {
    if (before?.replicas === after?.replicas) return;
    if (this.#fleet.book(before, after)) this.#moved = true;
    const name = (before ?? after)!.name;
    let [waits, canGo] = [false, false];
    for (const replica of after?.replicas ?? []) {
      canGo ||= replica.revocable && replica.region !== null;
      if (replica.phase !== "waiting") continue;
      waits = true;
      if (!before?.replicas.includes(replica)) this.#moved = true;
    }
    mark(this.#names, name, waits);
    mark(this.#revocable, name, canGo);
  }

  /** GPUs for a replica that comes when nobody waits; what the line would give it. */
  claim(now: Ms, record: DeploymentRecord, replica: Replica): Place | undefined {
    return this.#names.size > 0 ? undefined : place(this.#fleet.at(now), { record, replica }, new Set());
  }

  /** Says that hardware may have come free. */
  move(): void {
    this.#moved = true;
  }

  clear(): void {
    this.#names.clear();
    this.#revocable.clear();
    this.#moved = false;
  }

  /** Places every replica that fits, in order, and tells the others what is missing. */
  serve(now: Ms, apply: Apply): void {
    while (this.#moved) {
      this.#moved = false;
      if (this.#names.size === 0) return;
      const blocked = new Set<string>();
      const line = lineUp([...this.#names].flatMap((name) => inLine(this.#deployments.get(name)!)));
      const fleet = this.#fleet.at(now);
      for (const waiter of line) this.#serveOne(fleet, waiter, blocked, apply);
    }
  }

  #serveOne(fleet: Fleet, waiter: Waiter, blocked: Set<string>, apply: Apply): void {
    if (!waiter.replica.revocable && this.#revocable.size > 0) this.#makeRoom(fleet, waiter, blocked, apply);
    const found = place(fleet, waiter, blocked);
    const record = this.#deployments.get(waiter.record.name);
    if (!record?.replicas.includes(waiter.replica)) return;
    if (found) apply(record, { type: "placed", replica: waiter.replica.number, ...found });
    else if (record.status.message !== shortageText(waiter))
      apply(record, { type: "short", message: shortageText(waiter) });
  }

  /** A replica that lasts and finds no room sends revocable ones away, where that is enough. */
  #makeRoom(fleet: Fleet, waiter: Waiter, blocked: ReadonlySet<string>, apply: Apply): void {
    if (place(fleet, waiter, new Set(blocked))) return;
    const candidates = [...this.#revocable]
      .flatMap((name) => placed(this.#deployments.get(name)!))
      .filter(({ replica }) => replica.revocable);
    this.#revoke(takeBack(fleet, waiter, candidates, blocked), "its capacity is needed by a replica that lasts", apply);
  }

  #revoke(doomed: readonly Revocable[], reason: string, apply: Apply): void {
    const numbers = new Map<string, number[]>();
    for (const { record, replica } of doomed)
      numbers.set(record.name, [...(numbers.get(record.name) ?? []), replica.number]);
    for (const [name, replicas] of numbers) apply(this.#deployments.get(name)!, { type: "revoked", replicas, reason });
  }

  /** A stockout begins: what can be taken back goes, and with a failing region everything there. */
  strike(stockout: Stockout, apply: Apply): void {
    const names = stockout.takesReplicas ? this.#deployments.keys() : this.#revocable;
    const doomed = [...names]
      .flatMap((name) => placed(this.#deployments.get(name)!))
      .filter(({ record, replica }) => isOut({ stockouts: [stockout] }, replica.region, record.spec.acceleratorType))
      .filter(({ replica }) => stockout.takesReplicas || replica.revocable);
    this.#revoke(
      doomed,
      stockout.takesReplicas ? "its region fails" : "its capacity is taken back in a stockout",
      apply,
    );
  }
}
