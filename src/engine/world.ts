import type { Signal } from "../core/deployment/autoscaler.ts";
import { OBSERVATION_MS } from "../core/deployment/autoscaler.ts";
import { splitByDay } from "../core/deployment/billing.ts";
import type { Capacity, ModelFacts } from "../core/deployment/capacity.ts";
import { capacityOf, weightsGb } from "../core/deployment/capacity.ts";
import { lineUp, place, shortageText } from "../core/deployment/fleet.ts";
import type { DeploymentEvent, Surroundings } from "../core/deployment/lifecycle.ts";
import { nextWakeAt, step } from "../core/deployment/lifecycle.ts";
import { Load } from "../core/deployment/load.ts";
import type { DeploymentRecord } from "../core/deployment/record.ts";
import { startTimes } from "../core/deployment/replica.ts";
import { ApiError, notFound } from "../core/error.ts";
import type { Ms } from "../core/time.ts";
import type { Account } from "../schema/account.ts";
import type { EventRow } from "../store/store.ts";
import type { Store } from "../store/store.ts";
import type { Catalog } from "./catalog.ts";
import type { Clock } from "./clock.ts";
import { hostTimer } from "./clock.ts";
import type { WorldConfig } from "./config.ts";
import { limits } from "./config.ts";
import type { FleetState, Stockout } from "./fleet.ts";
import type { TimerQueue } from "./queue.ts";

/** What a world is made of; `openWorld` puts it together from a database. */
export interface WorldParts {
  config: WorldConfig;
  catalog: Catalog;
  store: Store;
  clock: Clock;
  queue: TimerQueue;
  fleet: FleetState;
  seed: string;
  startTime: Ms;
  accounts: Map<string, Account>;
  deployments: Map<string, DeploymentRecord>;
  loads: Map<string, Load>;
  occurrences: Map<string, number>;
  sequence: number;
  lastEventId: number;
  lastJournalId: number;
}

/**
 * One simulated Fireworks. Everything that happens goes through here: due events are run in order, each as one
 * pure step of a deployment, and what came of it is booked, logged and saved.
 */
export class World {
  readonly parts: WorldParts;
  /** Up to here everything that was due has happened; the time that a request sees. */
  #time: Ms;
  #waiting = new Set<string>();
  #lineMoved = false;
  #group: { cancel(): void } | undefined;
  #alarm: { at: Ms; cancel(): void } | undefined;
  #listeners = new Set<(row: EventRow) => void>();
  /** Set when a flush failed, so that health can say so. */
  writeError: string | undefined;

  constructor(parts: WorldParts) {
    this.parts = parts;
    this.#time = parts.clock.now();
    for (const record of parts.deployments.values()) this.#index(undefined, record);
    this.#arm();
  }

  get now(): Ms {
    return this.#time;
  }

  get waiters(): ReadonlySet<string> {
    return this.#waiting;
  }

  /** Runs everything that is due by the clock; every request begins with it. */
  catchUp(): Ms {
    const now = this.parts.clock.now();
    if (now > this.#time) this.runTo(now);
    return this.#time;
  }

  /** Runs due events in order, each at its own time. @returns how many steps it took */
  runTo(until: Ms): number {
    let steps = 0;
    for (let timer = this.parts.queue.take(until); timer; timer = this.parts.queue.take(until)) {
      if ((steps += 1) > limits.stepsPerAdvanceMax)
        throw new ApiError(
          "FAILED_PRECONDITION",
          `more than ${limits.stepsPerAdvanceMax} events in one advance; advance in smaller spans`,
        );
      this.#time = Math.max(this.#time, timer.at);
      if (timer.kind === "deployment") this.apply(timer.name, { type: "wake" });
      else this.#turnStockout(timer.name);
    }
    this.#time = Math.max(this.#time, until);
    if (this.parts.clock.mode !== "real") this.parts.clock.set(this.#time);
    if (steps > 0) this.saveSoon();
    this.#arm();
    return steps;
  }

  /** A control-plane change: run up to now, change, and commit before the answer leaves. */
  change<T>(work: (now: Ms) => T): T {
    const result = work(this.catchUp());
    this.flush();
    this.#arm();
    return result;
  }

  /** One step of one deployment, at the present, with everything that follows from it. */
  apply(name: string, event: DeploymentEvent): void {
    const before = this.parts.deployments.get(name);
    if (!before) return;
    this.#put(before, name, step(before, event, this.#time, this.#surroundings(before)));
    this.#moveLine();
  }

  /** Takes a new deployment in, and lets it take its first step. */
  add(record: DeploymentRecord): void {
    this.parts.deployments.set(record.name, record);
    this.parts.loads.set(record.name, new Load());
    this.logEvent(record.name, { type: "state", from: "none", to: record.state, reason: "created" });
    this.apply(record.name, { type: "wake" });
  }

  /** Removes a deployment without a trace but its events and bill. */
  remove(name: string): void {
    const record = this.parts.deployments.get(name);
    if (!record) return;
    const usage = record.replicas
      .filter((replica) => replica.phase === "ready")
      .map((replica) => ({
        acceleratorType: record.spec.acceleratorType,
        gpus: replica.gpus,
        from: replica.since,
        to: this.#time,
      }));
    this.#put(record, name, {
      record: undefined,
      log: [{ type: "state", from: record.state, to: "purged", reason: "hard deleted by request" }],
      usage,
    });
    this.#moveLine();
  }

  #put(before: DeploymentRecord, name: string, { record, log, usage }: ReturnType<typeof step>): void {
    const { deployments, loads, queue, store } = this.parts;
    for (const entry of log) this.logEvent(name, entry);
    for (const entry of usage) store.addUsage(splitByDay(name, entry));
    this.#index(before, record);
    if (!record) {
      deployments.delete(name);
      loads.delete(name);
      queue.delete("deployment", name);
      store.dropDocument("deployment", name);
      return;
    }
    deployments.set(name, record);
    const wakeAt = nextWakeAt(record);
    const timer = wakeAt === null ? undefined : { at: Math.max(wakeAt, this.#time), sequence: record.sequence };
    if (timer) queue.set({ kind: "deployment", name, ...timer });
    else queue.delete("deployment", name);
    store.putDocument("deployment", name, () => JSON.stringify(record), timer);
  }

  /** Keeps what follows from the replicas: GPUs in use, and who stands in line. */
  #index(before: DeploymentRecord | undefined, after: DeploymentRecord | undefined): void {
    if (before === undefined || before.replicas !== after?.replicas) {
      if (this.parts.fleet.book(before, after)) this.#lineMoved = true;
    }
    const name = (before ?? after)!.name;
    const inLine = after?.replicas.filter((replica) => replica.phase === "waiting") ?? [];
    if (inLine.length > 0) this.#waiting.add(name);
    else this.#waiting.delete(name);
    if (inLine.some((replica) => !before?.replicas.includes(replica))) this.#lineMoved = true;
  }

  /** Tells the scheduler that hardware may have come free. */
  moveLine(): void {
    this.#lineMoved = true;
    this.#moveLine();
  }

  /** First come, first served: places every replica in line that fits, and tells the others what is missing. */
  #moveLine(): void {
    while (this.#lineMoved) {
      this.#lineMoved = false;
      if (this.#waiting.size === 0) return;
      const fleet = this.parts.fleet.at(this.#time);
      const blocked = new Set<string>();
      const line = lineUp(
        [...this.#waiting].flatMap((name) => {
          const record = this.parts.deployments.get(name)!;
          return record.replicas
            .filter((replica) => replica.phase === "waiting")
            .map((replica) => ({ record, replica }));
        }),
      );
      for (const waiter of line) {
        const region = place(fleet, waiter, blocked);
        const record = this.parts.deployments.get(waiter.record.name);
        if (!record?.replicas.includes(waiter.replica)) continue;
        const event: DeploymentEvent = region
          ? { type: "placed", replica: waiter.replica.number, region }
          : { type: "short", message: shortageText(waiter) };
        if (event.type === "short" && record.status.message === event.message) continue;
        this.#put(record, record.name, step(record, event, this.#time, this.#surroundings(record)));
      }
    }
  }

  #turnStockout(id: string): void {
    const stockout = this.parts.fleet.stockouts.get(id);
    if (!stockout) return;
    const over = stockout.endAt !== null && stockout.endAt <= this.#time;
    this.logEvent("", {
      type: "stockout",
      from: over ? "active" : "scheduled",
      to: over ? "over" : "active",
      reason: `${stockout.acceleratorType ?? "all accelerators"} in ${stockout.region ?? "all regions"}`,
    });
    if (over) {
      this.parts.fleet.stockouts.delete(id);
      this.parts.store.dropDocument("stockout", id);
      this.moveLine();
    } else this.saveStockout(stockout);
  }

  /** Saves a stockout with the time of its next turn. */
  saveStockout(stockout: Stockout): void {
    const at = stockout.startAt > this.#time ? stockout.startAt : stockout.endAt;
    const timer = at === null ? undefined : { at, sequence: stockout.sequence };
    if (timer) this.parts.queue.set({ kind: "stockout", name: stockout.id, ...timer });
    this.parts.store.putDocument("stockout", stockout.id, () => JSON.stringify(stockout), timer);
  }

  factsOf(record: DeploymentRecord): ModelFacts {
    return this.parts.catalog.facts.get(record.spec.baseModel)!;
  }

  capacityOf(record: DeploymentRecord): Capacity {
    return capacityOf(
      record.spec,
      this.factsOf(record),
      this.parts.catalog.accelerators.get(record.spec.acceleratorType)!,
    );
  }

  #surroundings(record: DeploymentRecord): Surroundings {
    return {
      times: startTimes[this.parts.config.profile](weightsGb(this.factsOf(record), record.spec.precision)),
      signal: (from, to): Signal => {
        const load = this.parts.loads.get(record.name)!;
        const observation = load.observe(from, to);
        return { observation, active: load.prune(from), concurrencyPerReplica: this.capacityOf(record).concurrency };
      },
    };
  }

  /** A number that no other thing of this world has. */
  nextSequence(): number {
    this.parts.sequence += 1;
    this.parts.store.setMeta("sequence", String(this.parts.sequence));
    return this.parts.sequence;
  }

  /** How often this content was seen before; counts it. */
  countOccurrence(content: string): number {
    const { occurrences, store } = this.parts;
    const count = occurrences.get(content) ?? 0;
    occurrences.set(content, count + 1);
    store.setOccurrence(content, count + 1);
    if (count === 0 && occurrences.size > limits.occurrencesMax) {
      const oldest = occurrences.keys().next().value!;
      occurrences.delete(oldest);
      store.setOccurrence(oldest, undefined);
    }
    return count;
  }

  logEvent(deployment: string, entry: { type: string; from: string; to: string; reason: string }): void {
    const row = { id: (this.parts.lastEventId += 1), at: this.#time, deployment, ...entry };
    this.parts.store.addEvent(row);
    for (const listener of this.#listeners) listener(row);
  }

  /** Calls `listener` for every event from now on. @returns a function that ends it */
  listen(listener: (row: EventRow) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  deployment(name: string): DeploymentRecord {
    const record = this.parts.deployments.get(name);
    if (!record) throw notFound();
    return record;
  }

  /** Commits everything that waits. @throws ApiError UNAVAILABLE when the disk refuses; it is tried again later */
  flush(): void {
    this.#group?.cancel();
    this.#group = undefined;
    this.parts.store.setMeta("now", String(this.#time));
    try {
      this.parts.store.flush(this.#time - OBSERVATION_MS);
      this.writeError = undefined;
    } catch (error) {
      this.writeError = (error as Error).message;
      this.saveSoon();
      throw new ApiError("UNAVAILABLE", `the database cannot be written: ${this.writeError}`);
    }
  }

  /** Commits with the next group: within 50 ms of host time, or at 1,000 rows. */
  saveSoon(): void {
    if (this.parts.store.pending >= limits.groupRows && !this.writeError) return this.#tryFlush();
    this.#group ??= hostTimer(limits.groupMs, () => this.#tryFlush());
  }

  #tryFlush(): void {
    try {
      this.flush();
    } catch {
      // kept in memory and tried again with the next group; /ready tells
    }
  }

  /** Lets a real clock wake the world for its next event, so that live listeners and held requests see it. */
  #arm(): void {
    const next = this.parts.queue.peek();
    const delay = next && this.parts.clock.hostDelay(next.at);
    if (this.#alarm && this.#alarm.at === next?.at && delay !== undefined) return;
    this.#alarm?.cancel();
    this.#alarm = undefined;
    if (!next || delay === undefined) return;
    const timer = hostTimer(Math.min(delay, 2 ** 31 - 1), () => {
      this.#alarm = undefined;
      this.catchUp();
      this.#arm();
    });
    this.#alarm = { at: next.at, cancel: () => timer.cancel() };
  }

  /** Drops what was derived from the state, after the state was cleared. */
  forget(): void {
    this.#waiting.clear();
  }

  /** Sets time back; only for a world in which nothing has a time. */
  rewind(at: Ms): void {
    this.#time = at;
    this.parts.clock.set(at);
  }

  /** After the clock was moved or changed. */
  rearm(): void {
    this.#alarm?.cancel();
    this.#alarm = undefined;
    this.#arm();
  }

  close(): void {
    this.#alarm?.cancel();
    this.catchUp();
    try {
      this.flush();
    } finally {
      this.#group?.cancel();
      this.#alarm?.cancel();
      this.parts.store.close();
    }
  }
}
