import type { Statement } from "better-sqlite3";
import type { TokenDay, UsageDay } from "../core/deployment/billing.ts";
import type { Flight } from "../core/deployment/load.ts";
import { parseRow } from "../core/json.ts";
import type { EventRow, JournalRow, OccurrenceRow } from "../core/rows.ts";
import type { Ms } from "../core/time.ts";
import type { Connection } from "./database.ts";
import { keep } from "./keep.ts";

export interface FlightRow extends Flight {
  deployment: string;
}

export interface TimerRow {
  kind: string;
  name: string;
  at: Ms;
  sequence: number;
}

const toDetail = ({ id, detail }: { id: number; detail: string }): EventRow["detail"] =>
  detail === "" ? undefined : (parseRow(`event ${id}, detail`, detail) as EventRow["detail"]);

/** The reading half of the store: it sees what is committed. */
export class Reader {
  readonly #connection: Connection;
  readonly #queries = new Map<string, Statement>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  meta(key: string): string | undefined {
    return (this.#query("SELECT value FROM meta WHERE key = ?").get(key) as { value: string } | undefined)?.value;
  }

  documents(kind: string): { name: string; body: string }[] {
    return this.#query("SELECT name, body FROM documents WHERE kind = ?").all(kind) as {
      name: string;
      body: string;
    }[];
  }

  timers(): TimerRow[] {
    return this.#query("SELECT kind, name, at, sequence FROM timers").all() as TimerRow[];
  }

  flights(): FlightRow[] {
    return this.#query("SELECT * FROM flights ORDER BY id").all() as FlightRow[];
  }

  /** Requests of a deployment that came in [from, to). */
  flightsOf(deployment: string, from: Ms, to: Ms): FlightRow[] {
    return this.#query(
      "SELECT * FROM flights WHERE deployment = ? AND admittedAt >= ? AND admittedAt < ? ORDER BY id",
    ).all(deployment, from, to) as FlightRow[];
  }

  /** The oldest first. */
  occurrences(): OccurrenceRow[] {
    return this.#query("SELECT * FROM occurrences ORDER BY id").all() as OccurrenceRow[];
  }

  usage(): UsageDay[] {
    return this.#query("SELECT * FROM usage").all() as UsageDay[];
  }

  tokens(): TokenDay[] {
    return this.#query("SELECT * FROM tokens").all() as TokenDay[];
  }

  /** Events after `afterId`, oldest first. */
  events(afterId: number, limit: number, deployment?: string): EventRow[] {
    const where = deployment === undefined ? "" : "AND deployment = @deployment";
    const rows = this.#query(`SELECT * FROM events WHERE id > @afterId ${where} ORDER BY id LIMIT @limit`).all({
      afterId,
      limit,
      deployment,
    }) as (Omit<EventRow, "detail"> & { detail: string })[];
    return rows.map((row) => ({ ...row, detail: toDetail(row) }));
  }

  /** Journal rows before `beforeId`, newest first. */
  journal(beforeId: number, limit: number): JournalRow[] {
    return this.#query("SELECT * FROM journal WHERE id < ? ORDER BY id DESC LIMIT ?").all(
      beforeId,
      limit,
    ) as JournalRow[];
  }

  /** The newest id of a table that counts, or 0. */
  lastId(table: "events" | "journal"): number {
    return (this.#query(`SELECT max(id) AS id FROM ${table}`).get() as { id: number | null }).id ?? 0;
  }

  /** A reading statement, prepared when it is first needed. */
  #query(sql: string): Statement {
    let statement = this.#queries.get(sql);
    if (!statement) this.#queries.set(sql, (statement = keep(this.#connection.prepare(sql))));
    return statement;
  }
}
