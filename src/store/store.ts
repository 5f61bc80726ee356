import type { Statement } from "better-sqlite3";
import type { TokenDay, UsageDay } from "../core/deployment/billing.ts";
import { addToBill } from "../core/deployment/billing.ts";
import type { EventRow, JournalRow, OccurrenceRow } from "../core/rows.ts";
import type { Ms } from "../core/time.ts";
import type { OpenDatabase } from "./database.ts";
import { closeDatabase, renewLog } from "./database.ts";
import { keep } from "./keep.ts";
import type { FlightRow } from "./reader.ts";
import { Reader } from "./reader.ts";
import type { Table } from "./statements.ts";
import { statements } from "./statements.ts";

/** A document that was changed since the last flush; without a value it is dropped. */
interface Dirty {
  value: object | undefined;
  timer: { at: Ms; sequence: number } | undefined;
}

/** Rows are dropped from the front beyond these counts. */
export interface Bounds {
  journalMax: number;
  eventsMax: number;
  flightsMax: number;
}

/** Flights are kept this long: all of them for the metrics, those of the last seconds for the autoscaler. */
export interface FlightHorizon {
  metrics: Ms;
  autoscaler: Ms;
}

type StatementName = keyof typeof statements;

/** Drops the oldest rows that nobody would keep: a long advance makes many, and so does a disk that stays full. */
function trim(rows: unknown[], most: number): void {
  // many at a time; a bound of a few rows is passed within any group
  if (rows.length > most * 1.5 + 1_000) rows.splice(0, rows.length - most);
}

const toText = (value: object | undefined): string => (value ? JSON.stringify(value) : "");

/**
 * What survives: one connection, one buffer of changes, one transaction per flush.
 * Writers add to the buffer; the engine flushes before a control-plane answer leaves, and in groups otherwise.
 */
export class Store extends Reader {
  readonly #database: OpenDatabase;
  readonly #bounds: Bounds;
  readonly #prepared: Record<StatementName, Statement>;
  readonly #documents = new Map<string, Map<string, Dirty>>();
  readonly #cleared = new Set<Table>();
  #dirtyCount = 0;
  #meta = new Map<string, string>();
  #occurrences = new Set<OccurrenceRow>();
  /** Of the occurrences that are forgotten, the last. */
  #forgotten = 0;
  #events: EventRow[] = [];
  #journal: JournalRow[] = [];
  #journalLength = 0;
  #journalCuts: Pick<JournalRow, "id" | "chunks" | "endAt">[] = [];
  readonly #usage = new Map<string, UsageDay[]>();
  #tokens = new Map<string, TokenDay>();
  #flights: FlightRow[] = [];
  #cuts: { before: FlightRow; after: FlightRow }[] = [];

  constructor(database: OpenDatabase, bounds: Bounds) {
    const { connection } = database;
    super(connection);
    this.#database = database;
    this.#bounds = bounds;
    this.#prepared = Object.fromEntries(
      Object.entries(statements).map(([name, sql]) => [name, keep(connection.prepare(sql))]),
    ) as Record<StatementName, Statement>;
  }

  /** Rows that wait for the next flush. */
  get pending(): number {
    return (
      this.#dirtyCount + this.#events.length + this.#journal.length + this.#flights.length + this.#occurrences.size
    );
  }

  /** Characters of bodies that wait for the next flush. */
  get pendingLength(): number {
    return this.#journalLength;
  }

  /** Writes a document with its next wake-up; its JSON is made when it is flushed, once however often it changed. */
  putDocument(kind: string, name: string, value: object, timer?: { at: Ms; sequence: number }): void {
    const known = this.#dirty(kind, name);
    known.value = value;
    known.timer = timer;
  }

  dropDocument(kind: string, name: string): void {
    const known = this.#dirty(kind, name);
    known.value = undefined;
    known.timer = undefined;
  }

  #dirty(kind: string, name: string): Dirty {
    let ofKind = this.#documents.get(kind);
    if (!ofKind) this.#documents.set(kind, (ofKind = new Map()));
    let entry = ofKind.get(name);
    if (!entry) {
      ofKind.set(name, (entry = { value: undefined, timer: undefined }));
      this.#dirtyCount += 1;
    }
    return entry;
  }

  setMeta(key: string, value: string): void {
    this.#meta.set(key, value);
  }

  addEvent(row: EventRow): void {
    this.#events.push(row);
    trim(this.#events, this.#bounds.eventsMax);
  }

  addJournal(row: JournalRow): void {
    this.#journal.push(row);
    this.#journalLength += row.requestBody.length + row.responseBody.length;
    trim(this.#journal, this.#bounds.journalMax);
  }

  /** A stream that is written down ended before its time. */
  cutJournal(cut: Pick<JournalRow, "id" | "chunks" | "endAt">): void {
    this.#journalCuts.push(cut);
  }

  addUsage(rows: UsageDay[]): void {
    for (const row of rows) {
      const known = this.#usage.get(row.deployment);
      if (known) addToBill(known, row);
      else this.#usage.set(row.deployment, [row]);
    }
  }

  addTokens(row: TokenDay): void {
    const key = `${row.account} ${row.day} ${row.model}`;
    const known = this.#tokens.get(key);
    if (!known) this.#tokens.set(key, row);
    else {
      known.promptTokens += row.promptTokens;
      known.completionTokens += row.completionTokens;
    }
  }

  addFlight(row: FlightRow): void {
    this.#flights.push(row);
    trim(this.#flights, this.#bounds.flightsMax);
  }

  /** A flight ended before its time. */
  cutFlight(before: FlightRow, after: FlightRow): void {
    this.#cuts.push({ before, after });
  }

  /** Its count as it is when it is flushed. */
  setOccurrence(row: OccurrenceRow): void {
    this.#occurrences.add(row);
  }

  /** Forgets it, and all before it. */
  dropOccurrences(last: number): void {
    this.#forgotten = last;
  }

  /** Why what is committed would be lost; undefined when the database is where it was. */
  fault(): string | undefined {
    return this.#database.place?.fault();
  }

  /** Commits everything that waits; a failure leaves it waiting. */
  flush(horizon: FlightHorizon): void {
    const { connection, place } = this.#database;
    // where the file itself is gone, a new log would stand beside another's
    if (place?.hasLog() === false && place.fault() === undefined) renewLog(this.#database);
    connection.transaction(() => this.#writeAll(horizon))();
    this.#cleared.clear();
    this.#documents.clear();
    this.#dirtyCount = 0;
    this.#meta = new Map();
    this.#occurrences = new Set();
    this.#forgotten = 0;
    this.#usage.clear();
    this.#tokens = new Map();
    [this.#events, this.#journal, this.#journalCuts] = [[], [], []];
    this.#journalLength = 0;
    [this.#flights, this.#cuts] = [[], []];
  }

  #writeAll(horizon: FlightHorizon): void {
    const run = this.#prepared;
    for (const table of this.#cleared) this.#database.connection.exec(`DELETE FROM ${table}`);
    for (const [key, value] of this.#meta) run.setMeta.run(key, value);
    for (const [kind, dirty] of this.#documents) {
      for (const [name, { value, timer }] of dirty) {
        if (value) run.putDocument.run(kind, name, JSON.stringify(value));
        else run.dropDocument.run(kind, name);
        if (timer) run.putTimer.run(kind, name, timer.at, timer.sequence);
        else run.dropTimer.run(kind, name);
      }
    }
    for (const row of this.#events.slice(-this.#bounds.eventsMax))
      run.addEvent.run(row.id, row.at, row.deployment, row.type, row.from, row.to, row.reason, toText(row.detail));
    for (const row of this.#journal) {
      run.addJournal.run(
        row.id,
        row.at,
        row.method,
        row.path,
        row.status,
        row.requestId,
        row.headers,
        row.deployment,
        row.model,
        row.requestBody,
        row.responseBody,
        row.chunks,
        row.firstTokenAt,
        row.endAt,
      );
    }
    for (const { id, chunks, endAt } of this.#journalCuts) run.cutJournal.run(chunks, endAt, id);
    this.#writeBills();
    this.#writeFlights(horizon);
    for (const { id, content, count } of this.#occurrences) run.setOccurrence.run(id, content, count);
    if (this.#forgotten > 0) run.dropOccurrences.run(this.#forgotten);
    if (this.#journal.length > 0) run.pruneJournal.run(this.#journal.at(-1)!.id - this.#bounds.journalMax);
    if (this.#events.length > 0) run.pruneEvents.run(this.#events.at(-1)!.id - this.#bounds.eventsMax);
  }

  #writeBills(): void {
    for (const row of [...this.#usage.values()].flat())
      this.#prepared.addUsage.run(
        row.deployment,
        row.day,
        row.acceleratorType,
        row.region,
        row.baseModel,
        row.gpuMs,
        row.reservedMs,
      );
    for (const row of this.#tokens.values())
      this.#prepared.addTokens.run(row.account, row.day, row.model, row.promptTokens, row.completionTokens);
  }

  #writeFlights({ metrics, autoscaler }: FlightHorizon): void {
    let last: number | bigint = 0;
    for (const row of this.#flights) {
      if (row.endAt <= metrics) continue;
      ({ lastInsertRowid: last } = this.#prepared.addFlight.run(
        row.deployment,
        row.replica,
        row.admittedAt,
        row.startAt,
        row.firstTokenAt,
        row.endAt,
        row.promptTokens,
        row.completionTokens,
        row.status,
        row.cachedTokens,
      ));
    }
    for (const { before, after } of this.#cuts) {
      const { endAt, completionTokens } = after;
      const { deployment, replica, admittedAt } = before;
      this.#prepared.cutFlight.run(
        endAt,
        endAt,
        endAt,
        completionTokens,
        deployment,
        replica,
        admittedAt,
        before.endAt,
      );
    }
    this.#prepared.pruneFlights.run(metrics);
    if (Number(last) > this.#bounds.flightsMax)
      this.#prepared.pruneMostFlights.run(Number(last) - this.#bounds.flightsMax, autoscaler);
  }

  /** Empties a table with the next flush, before what is written then. Nothing may wait for it yet. */
  readonly clear = (table: Table): unknown => this.#cleared.add(table);

  /** Rewrites the file, so that nothing is left in it of what was changed or dropped. */
  forgetTraces(): void {
    this.#database.connection.exec("VACUUM");
    this.#database.connection.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  close(): void {
    closeDatabase(this.#database);
  }
}
