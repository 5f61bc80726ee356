import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { keep } from "../../src/store/keep.ts";
import { APPLICATION_ID, migrations } from "../../src/store/migrations.ts";

/** Every file of a folder with its bytes. */
export const snapshot = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => statSync(join(folder, name)).isFile())
      .sort()
      .map((name) => [name, readFileSync(join(folder, name)).toString("latin1")]),
  );

/** Every file of a folder by its name. */
export const names = (folder: string): string[] => Object.keys(snapshot(folder));

/** Changes a database that nobody has open. */
export function alter(path: string, sql: string): void {
  const connection = keep(new Database(path));
  connection.exec(sql);
  connection.close();
}

/** What a process that was killed leaves: the files as they are after some statements, with nothing closed. */
export function leaveKilled(path: string, ...statements: string[]): void {
  const workshop = `${path}.workshop`;
  mkdirSync(workshop);
  const connection = keep(new Database(join(workshop, "x")));
  for (const sql of statements) connection.exec(sql);
  for (const end of ["", "-journal", "-wal"])
    if (existsSync(join(workshop, `x${end}`))) copyFileSync(join(workshop, `x${end}`), path + end);
  connection.close();
}

/** The header of a journal whose transaction began in a file of so many pages. */
export function journalHeader(pages: number): Buffer {
  const header = Buffer.alloc(512);
  Buffer.from("d9d505f920a163d7", "hex").copy(header);
  header.writeUInt32BE(pages, 16);
  header.writeUInt32BE(512, 20);
  header.writeUInt32BE(4096, 24);
  return header;
}

/** Birth as earlier versions did it: the log first, then a transaction for each version. */
export const birthTo = (version: number): string[] => [
  "PRAGMA journal_mode = WAL",
  ...migrations
    .slice(0, version)
    .map(
      (sql, index) =>
        `BEGIN; ${sql}; PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${index + 1}; COMMIT`,
    ),
];

/** What can be left of a database whose maker was killed, by what had been reached. */
export const halfBorn: Record<string, (path: string) => void> = {
  "an empty file": (path) => writeFileSync(path, ""),
  "an empty file and an empty journal": (path) => {
    writeFileSync(path, "");
    writeFileSync(`${path}-journal`, "");
  },
  "an empty file and a journal": (path) => {
    writeFileSync(path, "");
    writeFileSync(`${path}-journal`, journalHeader(0));
  },
  "one page, and the journal that would take it back": (path) => {
    leaveKilled(path, "PRAGMA journal_mode = WAL");
    writeFileSync(`${path}-journal`, journalHeader(0));
  },
  "one page": (path) => leaveKilled(path, "PRAGMA journal_mode = WAL"),
  "one page, and a log cut off in its first frame": (path) => {
    leaveKilled(path, ...birthTo(1));
    writeFileSync(`${path}-wal`, readFileSync(`${path}-wal`).subarray(0, 56));
  },
  "one page, and a log cut off before its first commit": (path) => {
    leaveKilled(path, ...birthTo(1));
    writeFileSync(`${path}-wal`, readFileSync(`${path}-wal`).subarray(0, 32 + 2 * (24 + 4096)));
  },
  "a log without its file": (path) => {
    leaveKilled(path, ...birthTo(migrations.length));
    writeFileSync(path, "");
  },
  ...Object.fromEntries(
    migrations.map((_, index) => [
      `format ${index + 1}, all of it in the log`,
      (path: string) => leaveKilled(path, ...birthTo(index + 1)),
    ]),
  ),
};
