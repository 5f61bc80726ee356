import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { keep } from "./keep.ts";
import { APPLICATION_ID, migrations } from "./migrations.ts";

export type Connection = Database.Database;

/** How long another process may hold the file before we say so. */
const BUSY_MS = 200;

/**
 * Pages of the log beside the file before they go into it: a checkpoint waits for the disk, and the journal's pages,
 * which change again and again, are copied less often.
 */
const CHECKPOINT_PAGES = 4_000;

/** The file cannot be used; the message says why and what to do. It was left as it was. */
export class DatabaseError extends Error {}

function explain(path: string, error: unknown): DatabaseError {
  const { code = "", message } = error as { code?: string; message: string };
  const reasons: [RegExp, string][] = [
    [/SQLITE_BUSY|SQLITE_LOCKED/, "is in use by another emulator; stop that one, or choose another file with --db"],
    [/SQLITE_NOTADB/, "is not an emulator database"],
    [/SQLITE_CORRUPT/, "is damaged; move it away or choose another file with --db"],
    [/SQLITE_CANTOPEN|SQLITE_READONLY|SQLITE_PERM|EACCES|EROFS/, "cannot be opened for writing"],
    [/SQLITE_FULL|SQLITE_IOERR|ENOSPC/, "cannot be written: is the disk full?"],
  ];
  const reason =
    reasons.find(([pattern]) => pattern.test(code) || pattern.test(message))?.[1] ?? `cannot be opened: ${message}`;
  return new DatabaseError(`database ${path} ${reason}`);
}

/** The first column of the first row. */
function ask(connection: Connection, sql: string): unknown {
  return keep(connection.prepare(sql).pluck()).get();
}

/** Looks at an existing file without changing it. */
function inspect(path: string): void {
  const connection = keep(new Database(path, { readonly: true, timeout: BUSY_MS }));
  try {
    const version = ask(connection, "PRAGMA user_version") as number;
    const application = ask(connection, "PRAGMA application_id") as number;
    const isEmpty =
      version === 0 && application === 0 && (ask(connection, "SELECT count(*) FROM sqlite_schema") as number) === 0;
    if (isEmpty) return;
    if (application !== APPLICATION_ID) throw new DatabaseError(`database ${path} is not an emulator database`);
    if (version > migrations.length) {
      throw new DatabaseError(
        `database ${path} was made by a newer emulator (format ${version}, this one knows ${migrations.length}); upgrade, or choose another file with --db`,
      );
    }
    const health = ask(connection, "PRAGMA quick_check(1)") as string;
    if (health === "ok") return;
    const finding = health.replace(/^\*+.*\*+\n/, "").replace(/\s+/g, " ");
    throw new DatabaseError(`database ${path} is damaged (${finding}); move it away or choose another file with --db`);
  } finally {
    connection.close();
  }
}

function migrate(connection: Connection): void {
  const version = ask(connection, "PRAGMA user_version") as number;
  for (const [index, sql] of migrations.entries()) {
    if (index < version) continue;
    connection.transaction(() => {
      connection.exec(sql);
      connection.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${index + 1}`);
    })();
  }
}

/**
 * Opens and migrates a world's database.
 * @param path a file, or `:memory:`
 * @throws DatabaseError for a file that is in use, damaged, foreign or newer than this version
 */
export function openDatabase(path: string): Connection {
  try {
    if (path !== ":memory:") {
      mkdirSync(dirname(path), { recursive: true });
      if (existsSync(path)) inspect(path);
    }
    const connection = keep(new Database(path, { timeout: BUSY_MS }));
    try {
      // one process per file: the lock is taken here and held until close
      connection.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
      connection.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
      connection.exec("BEGIN IMMEDIATE; COMMIT");
      migrate(connection);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  } catch (error) {
    throw error instanceof DatabaseError ? error : explain(path, error);
  }
}
