import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { onTestFinished } from "vitest";
import { keep } from "../../src/store/keep.ts";

/** The content of a database: every table but for the order of pages in the file. */
export function dump(path: string): Record<string, unknown[]> {
  const connection = keep(new Database(path, { readonly: true }));
  const all = (sql: string): any[] => keep(connection.prepare(sql)).all();
  const tables = all("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name");
  const content = Object.fromEntries(tables.map(({ name }) => [name, all(`SELECT * FROM ${name} ORDER BY 1, 2`)]));
  // the numbers of these rows are the database's own: they depend on when old rows were dropped
  content["flights"] = all("SELECT * FROM flights ORDER BY deployment, admittedAt, endAt, id").map((row) => ({
    ...row,
    id: 0,
  }));
  // real randomness, which is no part of what a seed and calls determine
  content["meta"] = all("SELECT * FROM meta WHERE key <> 'secret' ORDER BY key");
  connection.close();
  return content;
}

/** A folder of its own, gone when `work` is over. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "fireworks-emulator-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A folder of its own, gone when the test is over. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "fireworks-emulator-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
