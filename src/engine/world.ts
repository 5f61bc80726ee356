import { OBSERVATION_MS } from "../core/deployment/autoscaler.ts";
import { splitByDay } from "../core/deployment/billing.ts";
import type { Capacity } from "../core/deployment/capacity.ts";
import { capacityOf, weightsGb } from "../core/deployment/capacity.ts";
import type { Surroundings } from "../core/deployment/draft.ts";
import type { DeploymentEvent } from "../core/deployment/handlers.ts";
import type { Step } from "../core/deployment/lifecycle.ts";
import { endNow, nextWakeAt, step } from "../core/deployment/lifecycle.ts";
import { Load } from "../core/deployment/load.ts";
import type { DeploymentRecord } from "../core/deployment/record.ts";
import { startTimes } from "../core/deployment/replica.ts";
import { ApiError, notFound } from "../core/error.ts";
import type { Ms } from "../core/time.ts";
import { toTimestamp } from "../core/time.ts";
import type { DeploymentSpec } from "../schema/deployment.ts";
import { Alarm } from "./alarm.ts";
import { limits } from "./config.ts";
import { dropDeployed, turnDeployed } from "./deployed-models.ts";
import { EventLog } from "./event-log.ts";
import type { Stockout } from "./fleet.ts";
import { Line } from "./line.ts";
import { factsOf } from "./models.ts";
import { Pacer } from "./pacer.ts";
import { dropPromptCache } from "./prompt-cache.ts";
import { forgetResponse } from "./responses.ts";
import { Saver } from "./saver.ts";
import { turnTerm } from "./terms.ts";
import type { WorldParts } from "./parts.ts";

/**
 * One simulated Fireworks. Everything that happens goes through here: due events are run in order, each as one
 * pure step of a deployment, and what came of it is booked, logged and saved.
 */
export class World {
  readonly parts: WorldParts;
  readonly log: EventLog;
  readonly saver: Saver;
  readonly line: Line;
  /** Streams and held answers, by their world times. */
  readonly pacer: Pacer;
  readonly #alarm: Alarm;
  readonly #enders = new Set<() => void>();
  isClosed = false;
  readonly #surroundings = new WeakMap<DeploymentSpec, Surroundings>();
  /** Up to here everything that was due has happened; the time that a request sees. */
  #time: Ms;

  constructor(parts: WorldParts) {
    this.parts = parts;
    this.#time = parts.clock.now();
    this.log = new EventLog(parts.store);
    this.saver = new Saver(parts.store, () => this.#time);
    this.line = new Line(parts.deployments, parts.fleet);
    this.pacer = new Pacer(parts.clock, () => this.catchUp());
    this.#alarm = new Alarm(parts.clock, parts.queue, () => this.catchUp());
    this.#alarm.arm();
  }

  get now(): Ms {
    return this.#time;
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
      if ((steps += 1) > this.parts.config.advanceMax) {
        this.parts.queue.set(timer);
        throw new ApiError(
          "FAILED_PRECONDITION",
          `${this.parts.config.advanceMax} events have happened and it is ${toTimestamp(this.#time)}; advance again to go on, or raise --advance-max`,
        );
      }
      this.#time = Math.max(this.#time, timer.at);
      this.#due[timer.kind]!(timer.name);
    }
    this.#time = Math.max(this.#time, until);
    if (this.parts.clock.mode !== "real") this.parts.clock.set(this.#time);
    if (steps > 0) this.saver.soon();
    this.#alarm.arm();
    this.pacer.release(this.#time);
    return steps;
  }

  /** What a due timer does, by its kind. */
  readonly #due: Record<string, (name: string) => void> = {
    deployment: (name) => this.apply(name, { type: "wake" }),
    stockout: (name) => turnTerm(this, "stockout", name),
    reservation: (name) => turnTerm(this, "reservation", name),
    response: (name) => forgetResponse(this, name),
    deployedModels: (name) => turnDeployed(this, name),
  };

  /** A control-plane change: run up to now, change, and commit before the answer leaves. */
  change<T>(work: (now: Ms) => T): T {
    const result = work(this.catchUp());
    this.saver.flush();
    this.#alarm.arm();
    return result;
  }

  /** One step of one deployment, at the present, with everything that follows from it. */
  apply(name: string, event: DeploymentEvent): void {
    const before = this.parts.deployments.get(name);
    if (!before) return;
    this.#step(before, event);
    this.#serveLine();
  }

  /** Takes a new deployment in, and lets it take its first step. */
  add(record: DeploymentRecord): void {
    this.parts.deployments.set(record.name, record);
    this.parts.loads.set(record.name, new Load());
    this.log.note(this.#time, record.name, "state", "none", record.state, "created");
    this.apply(record.name, { type: "wake" });
  }

  /** Removes a deployment at once; its events and its bill stay. */
  remove(name: string): void {
    this.#put(this.deployment(name), endNow(this.deployment(name), this.#time));
    this.#serveLine();
  }

  /** Lets the line try again, after the hardware changed. */
  moveLine(): void {
    this.line.move();
    this.#serveLine();
  }

  #serveLine(): void {
    this.line.serve(this.#time, this.#step);
  }

  readonly #step = (record: DeploymentRecord, event: DeploymentEvent): void =>
    this.#put(record, step(record, event, this.#time, this.surroundings(record)));

  /** A stockout begins: it may take replicas. */
  strike(stockout: Stockout): void {
    this.line.strike(stockout, this.#step);
    this.#serveLine();
  }

  /** @throws ApiError NOT_FOUND */
  deployment(name: string): DeploymentRecord {
    const record = this.parts.deployments.get(name);
    if (!record) throw notFound();
    return record;
  }

  capacityOf(record: DeploymentRecord): Capacity {
    return this.surroundings(record).capacity;
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
    let known = occurrences.get(content);
    if (!known) {
      this.parts.lastOccurrenceId += 1;
      occurrences.set(content, (known = { id: this.parts.lastOccurrenceId, content, count: 0 }));
      this.#forgetOccurrences();
    }
    known.count += 1;
    store.setOccurrence(known);
    return known.count - 1;
  }

  /** Forgets the oldest, many at a time: a map is slow to find its first key where many were deleted. */
  #forgetOccurrences(): void {
    const { occurrences, store, lastOccurrenceId } = this.parts;
    const most = limits.occurrencesMax;
    if (occurrences.size <= most * 1.01) return;
    for (const { id, content } of occurrences.values()) {
      if (id > lastOccurrenceId - most) break;
      occurrences.delete(content);
    }
    store.dropOccurrences(lastOccurrenceId - most);
  }

  /** After the clock was moved or changed from outside. */
  rearm(): void {
    this.#alarm.cancel();
    this.#alarm.arm();
    this.pacer.cancel();
    this.pacer.arm();
  }

  /** Drops what was derived from the state, after the state was cleared. */
  forget(): void {
    this.line.clear();
    this.log.lastId = 0;
  }

  /** Sets time back; only for a world in which nothing has a time. */
  rewind(at: Ms): void {
    this.#time = at;
    this.parts.clock.set(at);
  }

  /** Saves what was not saved yet, and ends. */
  close(): void {
    this.catchUp();
    try {
      this.saver.flush();
    } finally {
      this.discard();
    }
  }

  /** Ends: what waits in it is let go, with an error, and nothing is saved any more. */
  discard(): void {
    this.#alarm.cancel();
    this.pacer.cancel();
    this.saver.end();
    this.isClosed = true;
    for (const end of this.#enders) end();
    this.parts.store.close();
    this.parts.files.close();
  }

  /** Calls back when the world ends. @returns what takes that back */
  onEnd(work: () => void): () => void {
    this.#enders.add(work);
    return () => this.#enders.delete(work);
  }

  #put(before: DeploymentRecord, { record, log, usage }: Step): void {
    const { deployments, loads, queue, store } = this.parts;
    const { name } = before;
    for (const entry of log) this.log.add(entry);
    for (const entry of usage) store.addUsage(splitByDay(name, entry));
    this.line.book(before, record);
    if (!record) {
      deployments.delete(name);
      loads.delete(name);
      dropPromptCache(this, name);
      dropDeployed(this, name);
      queue.delete("deployment", name);
      store.dropDocument("deployment", name);
      return;
    }
    deployments.set(name, record);
    if (record.lookedAt !== before.lookedAt) loads.get(name)!.prune(record.lookedAt - OBSERVATION_MS);
    const wakeAt = nextWakeAt(record, this.#time);
    const timer = wakeAt === null ? undefined : { at: Math.max(wakeAt, this.#time), sequence: record.sequence };
    if (timer) queue.set({ kind: "deployment", name, at: timer.at, sequence: timer.sequence });
    else queue.delete("deployment", name);
    store.putDocument("deployment", name, record, timer);
  }

  /** What a step of a deployment reads besides its record; found once, as a spec is never changed in place. */
  surroundings({ name, spec }: DeploymentRecord): Surroundings {
    let known = this.#surroundings.get(spec);
    if (known) return known;
    const { catalog, config, loads } = this.parts;
    const model = factsOf(this, spec.baseModel)!;
    known = {
      times: startTimes[config.profile](weightsGb(model, spec.precision)),
      capacity: capacityOf(spec, model, catalog.accelerators.get(spec.acceleratorType)!, catalog.capacity),
      claim: (record, replica) => this.line.claim(this.#time, record, replica),
      coldStart: { holds: config.coldStart === "wait" },
      load: loads.get(name)!,
    };
    this.#surroundings.set(spec, known);
    return known;
  }
}
