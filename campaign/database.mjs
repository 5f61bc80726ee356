import { createRequire } from "node:module";

const Database = createRequire(import.meta.url)("better-sqlite3");
/** A connection or a statement that is collected can abort the process (src/store/keep.ts). */
const kept = [];
const keep = (object) => {
  kept.push(object);
  return object;
};

export const openFile = (path, options) => keep(new Database(path, options));
export const prepare = (connection, sql) => keep(connection.prepare(sql));
export const all = (connection, sql) => prepare(connection, sql).all();

/** The content of a closed database, but for secrets and for numbers that only the file knows. */
export function dump(path) {
  const connection = openFile(path, { readonly: true });
  const tables = all(
    connection,
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
  );
  const content = Object.fromEntries(
    tables.map(({ name }) => [name, all(connection, `SELECT * FROM ${name} ORDER BY 1, 2`)]),
  );
  const flights = all(connection, "SELECT * FROM flights ORDER BY deployment, admittedAt, endAt, id");
  content.flights = flights.map((row) => ({ ...row, id: 0 }));
  content.meta = content.meta.filter(({ key }) => !/secret/i.test(key));
  connection.close();
  return content;
}

/** The first row that differs, as text; undefined where all are the same. */
export function difference(one, two) {
  for (const table of new Set([...Object.keys(one), ...Object.keys(two)])) {
    const [left, right] = [one[table] ?? [], two[table] ?? []];
    const at = left.findIndex((row, index) => JSON.stringify(row) !== JSON.stringify(right[index]));
    if (at >= 0) return `${table}, row ${at}: ${JSON.stringify(left[at])} and ${JSON.stringify(right[at])}`;
    if (left.length !== right.length) return `${table}: ${left.length} and ${right.length} rows`;
  }
  return undefined;
}
