import { OBSERVATION_MS } from "../core/deployment/autoscaler.ts";
import { splitByDay } from "../core/deployment/billing.ts";
import type { Capacity } from "../core/deployment/capacity.ts";
import type { DeploymentEvent } from "../core/deployment/handlers.ts";
import type { Step } from "../core/deployment/lifecycle.ts";
import { endNow, nextWakeAt, step } from "../core/deployment/lifecycle.ts";
import { Load } from "../core/deployment/load.ts";
import type { DeploymentRecord } from "../core/deployment/record.ts";
import type { ApiError } from "../core/error.ts";
import { notFound } from "../core/error.ts";
import type { Ms } from "../core/time.ts";
import { Alarm } from "./alarm.ts";
import { dropDeployed } from "./deployed-models.ts";
import { due } from "./due.ts";
import { advanceStopped, worldEnded } from "./ending.ts";
import { EventLog } from "./event-log.ts";
import type { Stockout } from "./fleet.ts";
import { Line } from "./line.ts";
import { Pacer } from "./pacer.ts";
import { dropPromptCache } from "./prompt-cache.ts";
import { Saver } from "./saver.ts";
import { surroundingsOf } from "./surroundings.ts";
import { once, Timers } from "./timers.ts";
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
  readonly #timers: Timers;
  readonly #enders = new Set<() => void>();
  readonly #waiters = new Set<(why: ApiError) => void>();
  /** Deployments whose steps have failed, so that it is said once. */
  readonly #failed = new Set<string>();
  isClosed = false;

  constructor(parts: WorldParts) {
    this.parts = parts;
    this.#timers = new Timers(
      parts,
      ({ kind, name }) => due[kind]!(this, name),
      (count) => this.#arrive(count),
    );
    this.log = new EventLog(parts.store);
    this.saver = new Saver(parts.store, () => this.now);
    this.line = new Line(parts.deployments, parts.fleet);
    const wake = (): unknown => this.enter();
    this.pacer = new Pacer(parts.clock, wake);
    this.#alarm = new Alarm(parts.clock, parts.queue, wake);
    this.#alarm.arm();
  }

  /** Up to here everything that was due has happened; the time that a request sees. */
  get now(): Ms {
    return this.#timers.time;
  }

  /** Settles when the advances that were asked for are over; a request that comes now waits for it. */
  get underway(): Promise<void> | undefined {
    return this.#timers.underway;
  }

  /** Settles when the advance that is going on is over; what waited for something on its way goes on then. */
  get moving(): Promise<void> | undefined {
    return this.#timers.moving;
  }

  /** Why nothing is begun here any more; undefined while the world goes on. */
  get ending(): ApiError | undefined {
    if (this.isClosed) return worldEnded();
    return this.#timers.isStopped ? advanceStopped(this.now) : undefined;
  }

  /** Runs everything that is due by the clock. In the middle of an advance it is what it is. */
  catchUp(): Ms {
    const now = this.parts.clock.now();
    if (now > this.now && !this.underway && !this.isClosed) this.runTo(now);
    return this.now;
  }

  /**
   * Brings the world up to now; every request begins with it.
   * @returns what to wait for when an advance is going on, or something is due
   */
  enter(): Promise<unknown> | undefined {
    const now = this.parts.clock.now();
    if (this.underway || now <= this.now || this.isClosed) return this.underway;
    // when it is stopped, so is everything else
    if (this.#timers.isDue(now))
      return this.travel(
        once(() => now),
        Infinity,
      ).catch(() => undefined);
    this.runTo(now);
    return undefined;
  }

  /** Whether something happens by then. */
  isDue(until: Ms): boolean {
    return this.#timers.isDue(until);
  }

  /** Runs due events in order, each at its own time, at once. @returns how many there were */
  runTo(until: Ms): number {
    return this.#timers.run(until);
  }

  /** Runs to one time after the other, giving way to other worlds; see `Timers.travel`. */
  travel(next: () => Ms | undefined, most = this.parts.config.advanceMax): Promise<number> {
    return this.#timers.travel(next, most);
  }

  /** A time was reached: the clock stands at it, and what waited for it goes on. */
  #arrive(count: number): void {
    if (this.parts.clock.mode !== "real") this.parts.clock.set(this.now);
    if (count > 0) this.saver.soon();
    this.#alarm.arm();
    this.pacer.release(this.now);
  }

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
    this.log.note(this.now, record.name, "state", "none", record.state, "created");
    this.apply(record.name, { type: "wake" });
  }

  /** Removes a deployment at once; its events and its bill stay. */
  remove(name: string): void {
    this.#put(this.deployment(name), endNow(this.deployment(name), this.now));
    this.#serveLine();
  }

  /** Lets the line try again, after the hardware changed. */
  moveLine(): void {
    this.line.move();
    this.#serveLine();
  }

  #serveLine(): void {
    this.line.serve(this.now, this.#tryStep);
  }

  /** Others in line, and whoever made it move, have nothing to do with one that fails. */
  readonly #tryStep = (record: DeploymentRecord, event: DeploymentEvent): void => {
    try {
      this.#step(record, event);
    } catch (error) {
      if (!this.#failed.has(record.name)) this.parts.onBug(error, `deployment ${record.name}`);
      this.#failed.add(record.name);
    }
  };

  readonly #step = (record: DeploymentRecord, event: DeploymentEvent): void =>
    this.#put(record, step(record, event, this.now, surroundingsOf(this, record)));

  /** A stockout begins: it may take replicas. */
  strike(stockout: Stockout): void {
    this.line.strike(stockout, this.#tryStep);
    this.#serveLine();
  }

  /** @throws ApiError NOT_FOUND */
  deployment(name: string): DeploymentRecord {
    const record = this.parts.deployments.get(name);
    if (!record) throw notFound();
    return record;
  }

  capacityOf(record: DeploymentRecord): Capacity {
    return surroundingsOf(this, record).capacity;
  }

  /** A number that no other thing of this world has. */
  nextSequence(): number {
    this.parts.sequence += 1;
    this.parts.store.setMeta("sequence", String(this.parts.sequence));
    return this.parts.sequence;
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
    this.#failed.clear();
    this.log.lastId = 0;
  }

  /** Sets time back; only for a world in which nothing has a time. */
  rewind(at: Ms): void {
    this.#timers.time = at;
    this.parts.clock.set(at);
  }

  /** An advance that is going on ends at the next event's boundary, with an error. */
  stop(): void {
    this.#timers.stop();
  }

  /** Saves what was not saved yet, and ends. */
  close(): void {
    try {
      this.saver.flush();
      this.saver.demand();
    } finally {
      this.discard();
    }
  }

  /** Ends: what waits in it is let go, with an error, and nothing is saved any more. */
  discard(): void {
    this.stop();
    this.#alarm.end();
    this.pacer.end();
    this.saver.end();
    this.isClosed = true;
    this.release(worldEnded());
    for (const end of this.#enders) end();
    this.parts.store.close();
    this.parts.files.close();
  }

  /** Lets go of streams and held answers, as what they wait for is no more. */
  release(why: ApiError): void {
    for (const leave of this.#waiters) leave(why);
  }

  /** Calls back when the world ends. @returns what takes that back */
  onEnd(work: () => void): () => void {
    this.#enders.add(work);
    return () => this.#enders.delete(work);
  }

  /** Calls back when what waits has to go: the world ends, or begins anew. @returns what takes that back */
  onRelease(work: (why: ApiError) => void): () => void {
    // whoever begins to wait when all is over is let go as well
    if (this.isClosed) void Promise.resolve(worldEnded()).then(work);
    this.#waiters.add(work);
    return () => this.#waiters.delete(work);
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
    const wakeAt = nextWakeAt(record, this.now);
    const timer = wakeAt === null ? undefined : { at: Math.max(wakeAt, this.now), sequence: record.sequence };
    if (timer) queue.set({ kind: "deployment", name, at: timer.at, sequence: timer.sequence });
    else queue.delete("deployment", name);
    store.putDocument("deployment", name, record, timer);
  }
}
