import type { Waiter } from "../core/deployment/fleet.ts";
import { lineUp, place, shortageText } from "../core/deployment/fleet.ts";
import type { DeploymentEvent } from "../core/deployment/handlers.ts";
import type { DeploymentRecord } from "../core/deployment/record.ts";
import type { Ms } from "../core/time.ts";
import type { FleetState } from "./fleet.ts";

const inLine = (record: DeploymentRecord): Waiter[] =>
  record.replicas.filter(({ phase }) => phase === "waiting").map((replica) => ({ record, replica }));

/** Replicas that wait for GPUs, over all deployments of a world: first come, first served. */
export class Line {
  readonly #deployments: ReadonlyMap<string, DeploymentRecord>;
  readonly #fleet: FleetState;
  readonly #names = new Set<string>();
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

  /** Keeps what follows from a deployment's replicas: GPUs in use, and who stands in line. */
  book(before: DeploymentRecord | undefined, after: DeploymentRecord | undefined): void {
    if (this.#fleet.book(before, after)) this.#moved = true;
    const name = (before ?? after)!.name;
    const waiters = after ? inLine(after) : [];
    if (waiters.length > 0) this.#names.add(name);
    else this.#names.delete(name);
    if (waiters.some(({ replica }) => !before?.replicas.includes(replica))) this.#moved = true;
  }

  /** Says that hardware may have come free. */
  move(): void {
    this.#moved = true;
  }

  clear(): void {
    this.#names.clear();
    this.#moved = false;
  }

  /**
   * Places every replica that fits, in order, and tells the others what is missing.
   * @param apply takes the step that a deployment is told of, and books it
   */
  serve(now: Ms, apply: (record: DeploymentRecord, event: DeploymentEvent) => void): void {
    while (this.#moved) {
      this.#moved = false;
      if (this.#names.size === 0) return;
      const fleet = this.#fleet.at(now);
      const blocked = new Set<string>();
      const line = lineUp([...this.#names].flatMap((name) => inLine(this.#deployments.get(name)!)));
      for (const waiter of line) {
        const region = place(fleet, waiter, blocked);
        const record = this.#deployments.get(waiter.record.name);
        if (!record?.replicas.includes(waiter.replica)) continue;
        if (region) apply(record, { type: "placed", replica: waiter.replica.number, region });
        else if (record.status.message !== shortageText(waiter))
          apply(record, { type: "short", message: shortageText(waiter) });
      }
    }
  }
}
