import type { Stats } from "node:fs";
import { mkdirSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { DatabaseError, explain } from "./database-error.ts";
import { keep } from "./keep.ts";
import { APPLICATION_ID, migrations } from "./migrations.ts";
import { originOf } from "./origin.ts";
import { companions, isHeld, Place } from "./place.ts";

export type Connection = Database.Database;

/** A database that is open, locked and of this version's format. */
export interface OpenDatabase {
  connection: Connection;
  /** Undefined for one in memory. */
  place: Place | undefined;
}

/** How long another process may hold the file before we say so. */
const BUSY_MS = 200;

/**
 * Pages of the log beside the file before they go into it: a checkpoint waits for the disk, and the journal's pages,
 * which change again and again, are copied less often.
 */
const CHECKPOINT_PAGES = 4_000;

/** The path of a database that is no file. */
export const MEMORY = ":memory:";

/** The log is there from the first transaction on, and with it the lock, which is held until close. */
const BEGIN_LOG = "PRAGMA journal_mode = WAL; BEGIN IMMEDIATE; COMMIT";

/** The first column of the first row. */
function ask(connection: Connection, sql: string): unknown {
  return keep(connection.prepare(sql).pluck()).get();
}

const foreign = (path: string): DatabaseError => new DatabaseError(`database ${path} is not an emulator database`);

function demandKnown(path: string, version: number): void {
  if (version > migrations.length)
    throw new DatabaseError(
      `database ${path} was made by a newer emulator (format ${version}, this one knows ${migrations.length}); upgrade, or choose another file with --db`,
    );
}

/** What stands at a path that is no file. */
const kindOf = (stats: Stats): string =>
  stats.isDirectory()
    ? "a directory; name a file in it"
    : `${stats.isFIFO() ? "a FIFO" : stats.isSocket() ? "a socket" : "a device"}, not a file`;

/** Looks at what is at a path, without SQLite and without changing it. @returns whether a file is there */
function demandUsable(path: string): boolean {
  // the driver trims names, and takes an empty one for a database in memory
  if (path === "" || path !== path.trim())
    throw new DatabaseError(`database "${path}": expected the path of a file, without spaces around it`);
  mkdirSync(dirname(path), { recursive: true });
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats && !stats.isFile()) throw new DatabaseError(`database ${path} is ${kindOf(stats)}`);
  if (stats && isHeld(stats)) throw explain(path, { code: "SQLITE_BUSY", message: "" });
  const origin = originOf(path);
  if (origin.owner === "foreign") throw foreign(path);
  if (origin.owner === "ours") demandKnown(path, origin.version);
  return stats !== undefined;
}

/** Whether nothing was ever committed to it. */
const isBlank = (connection: Connection): boolean =>
  ask(connection, "PRAGMA user_version") === 0 && ask(connection, "SELECT count(*) FROM sqlite_schema") === 0;

/** Whether it can be seen that there is nothing in it; another process that makes it now holds it locked. */
function isNothing(connection: Connection): boolean {
  try {
    return isBlank(connection);
  } catch {
    return false;
  }
}

/** Of a file that is open: whose it is, by what was committed last, and whether it is whole. */
function inspect(connection: Connection, path: string): void {
  if (isBlank(connection)) return;
  if (ask(connection, "PRAGMA application_id") !== APPLICATION_ID) throw foreign(path);
  demandKnown(path, ask(connection, "PRAGMA user_version") as number);
  const health = ask(connection, "PRAGMA quick_check(1)") as string;
  if (health === "ok") return;
  const finding = health.replace(/^\*+.*\*+\n/, "").replace(/\s+/g, " ");
  throw new DatabaseError(`database ${path} is damaged (${finding}); move it away or choose another file with --db`);
}

/** In one transaction: a database is of one format or of another, and a new one is there whole or not at all. */
function migrate(connection: Connection): void {
  const version = ask(connection, "PRAGMA user_version") as number;
  if (version === migrations.length) return;
  connection.transaction(() => {
    for (const sql of migrations.slice(version)) connection.exec(sql);
    connection.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${migrations.length}`);
  })();
}

/** @param isNew what a failure leaves of it goes */
function prepare(connection: Connection, path: string, isNew: boolean): OpenDatabase {
  let place: Place | undefined;
  try {
    connection.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = NORMAL; ${BEGIN_LOG}`);
    connection.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    if (path !== MEMORY) place = new Place(path);
    inspect(connection, path);
    migrate(connection);
    return { connection, place };
  } catch (thrown) {
    if (isNew && isNothing(connection)) removeDatabase(path);
    closeDatabase({ connection, place });
    throw explain(path, thrown);
  }
}

/**
 * Opens and migrates a world's database.
 * @param path a file, or `:memory:`
 * @throws DatabaseError for a file that is in use, damaged, foreign or newer than this version
 */
export function openDatabase(path: string): OpenDatabase {
  try {
    const isNew = path !== MEMORY && !demandUsable(path);
    return prepare(keep(new Database(path, { timeout: BUSY_MS })), path, isNew);
  } catch (error) {
    throw explain(path, error);
  }
}

/** Writes a log anew that was deleted; what was in it goes into the database. */
export function renewLog({ connection, place }: OpenDatabase): void {
  connection.exec(`PRAGMA journal_mode = DELETE; ${BEGIN_LOG}`);
  place?.noteLog();
}

/** All of the log goes into the file, which is then all that there is. */
export function closeDatabase({ connection, place }: OpenDatabase): void {
  connection.close();
  place?.leave();
}

/** The file first: without it the others are nothing. */
export function removeDatabase(path: string): void {
  for (const end of ["", ...companions]) rmSync(path + end, { recursive: true, force: true });
}
