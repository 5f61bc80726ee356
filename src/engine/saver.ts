import { FLOW_RETENTION_MS } from "../core/deployment/autoscale.ts";
import { OBSERVATION_MS } from "../core/deployment/autoscaler.ts";
import { ApiError } from "../core/error.ts";
import type { Ms } from "../core/time.ts";
import type { Store } from "../store/store.ts";
import { hostTimer } from "./clock.ts";
import { limits } from "./config.ts";

/** Decides when the store commits: at once for the control plane, in groups for everything else. */
export class Saver {
  readonly #store: Store;
  readonly #now: () => Ms;
  #group: { cancel(): void } | undefined;
  #isOver = false;
  /** Why the last commit failed; what waited is kept and tried again. */
  #error: string | undefined;

  constructor(store: Store, now: () => Ms) {
    this.#store = store;
    this.#now = now;
  }

  /** Commits everything that waits. @throws ApiError UNAVAILABLE when the disk refuses */
  flush(): void {
    if (this.#isOver) return;
    this.#cancel();
    this.#store.setMeta("now", String(this.#now()));
    try {
      const now = this.#now();
      this.#store.flush({ metrics: now - FLOW_RETENTION_MS, autoscaler: now - OBSERVATION_MS });
      this.#error = undefined;
    } catch (error) {
      this.#error = (error as Error).message;
      this.soon();
      throw this.#refusal(this.#error);
    }
  }

  /** Why what is written now would be lost; undefined while all is well. */
  problem(): string | undefined {
    return this.#store.fault() ?? this.#error;
  }

  /** Before a change: what cannot be saved is not done either. @throws ApiError UNAVAILABLE */
  demand(): void {
    // there may be room again
    if (this.#error !== undefined) this.flush();
    const fault = this.#store.fault();
    if (fault !== undefined) throw this.#refusal(fault);
  }

  #refusal(reason: string): ApiError {
    return new ApiError("UNAVAILABLE", `the database cannot be written: ${reason}`);
  }

  /** Commits with the next group: within 50 ms of host time, or at 1,000 rows, or at 8 million characters of bodies. */
  soon(): void {
    if (this.#isOver) return;
    const { pending, pendingLength } = this.#store;
    const isFull = pending >= limits.groupRows || pendingLength >= limits.groupLength;
    if (isFull && this.#error === undefined) this.#attempt();
    else this.#group ??= hostTimer(this.#error === undefined ? limits.groupMs : limits.retryMs, () => this.#attempt());
  }

  /** Nothing is committed from now on. */
  end(): void {
    this.#cancel();
    this.#isOver = true;
  }

  #cancel(): void {
    this.#group?.cancel();
    this.#group = undefined;
  }

  #attempt(): void {
    try {
      this.flush();
    } catch {
      // kept in memory and tried again with the next group; /ready tells
    }
  }
}
