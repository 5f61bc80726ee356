import type { LogEntry } from "../core/deployment/record.ts";
import type { Ms } from "../core/time.ts";
import type { EventRow } from "../core/rows.ts";
import type { Store } from "../store/store.ts";

/** What happened, in order: saved, and told to whoever listens. */
export class EventLog {
  readonly #store: Store;
  readonly #listeners = new Set<(row: EventRow) => void>();
  lastId: number;

  constructor(store: Store) {
    this.#store = store;
    this.lastId = store.lastId("events");
  }

  /** @param deployment full name, or empty for the world's own events */
  add(at: Ms, deployment: string, entry: LogEntry): void {
    const { type, from, to, reason, detail } = entry;
    const text = detail ? JSON.stringify(detail) : "";
    const row = { id: (this.lastId += 1), at, deployment, type, from, to, reason, detail: text };
    this.#store.addEvent(row);
    for (const listener of this.#listeners) listener(row);
  }

  /** Calls `listener` for every event from now on. @returns a function that ends it */
  listen(listener: (row: EventRow) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
