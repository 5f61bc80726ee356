import type { Json, Read } from "./field.ts";
import { toReader } from "./field.ts";

/** Columns that a table keeps; one of 100,000 numbers takes 800 kB. */
const COLUMNS_MAX = 16;

interface Column {
  read: Read;
  values: unknown[];
}

/**
 * Resources in no order, and every field that a list was asked for as a column beside them: a filter over
 * 100,000 rows then runs along a few arrays and looks into no object.
 */
export class Table {
  readonly rows: Json[];
  /** Names of rows that were put, and where they stand. */
  readonly #names: string[] = [];
  readonly #slots = new Map<string, number>();
  readonly #columns = new Map<string, Column>();

  constructor(rows: Iterable<Json> = []) {
    this.rows = [...rows];
  }

  /** The values of a field, such as `base_model_details.moe`, row by row; to be read before the table changes. */
  column(path: string): readonly unknown[] {
    const known = this.#columns.get(path);
    if (known) return known.values;
    if (this.#columns.size >= COLUMNS_MAX) this.#columns.delete(this.#columns.keys().next().value!);
    const read = toReader(path);
    const values = this.rows.map(read);
    this.#columns.set(path, { read, values });
    return values;
  }

  /** Adds a row, or changes the one of that name; for tables that began empty. */
  put(name: string, row: Json): void {
    const slot = this.#slots.get(name) ?? this.rows.length;
    this.#slots.set(name, slot);
    this.#names[slot] = name;
    this.rows[slot] = row;
    for (const { read, values } of this.#columns.values()) values[slot] = read(row);
  }

  /** Takes a row out; the last one fills its slot. */
  drop(name: string): void {
    const slot = this.#slots.get(name);
    if (slot === undefined) return;
    this.#slots.set(this.#names.at(-1)!, slot);
    this.#slots.delete(name);
    const columns = [...this.#columns.values()].map(({ values }) => values);
    for (const list of [this.#names, this.rows, ...columns] as unknown[][]) {
      const last = list.pop();
      if (slot < list.length) list[slot] = last;
    }
  }
}
