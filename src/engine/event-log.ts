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

  /** Writes an entry down; it is given its number. */
  add(entry: LogEntry): void {
    entry.id = this.lastId += 1;
    this.#store.addEvent(entry);
    for (const listener of this.#listeners) listener(entry);
  }

  /** An event of the world itself, or of a deployment before its first step. */
  note(at: Ms, deployment: string, type: string, from: string, to: string, reason: string): void {
    this.add({ id: 0, at, deployment, type, from, to, reason, detail: undefined });
  }

  /** Calls `listener` for every event from now on. @returns a function that ends it */
  listen(listener: (row: EventRow) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
