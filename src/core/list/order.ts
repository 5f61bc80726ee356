import { invalid } from "../error.ts";
import type { Json } from "./field.ts";
import { toReader } from "./field.ts";
import type { Table } from "./table.ts";

/** What a row is ordered by, the first thing first. */
export type Keys = readonly unknown[];

export interface Order {
  /** The fields, as they were named. */
  paths: readonly string[];
  /** Whether a row with these keys comes before one with those. */
  isBefore: (left: Keys, right: Keys) => boolean;
  /** The keys of one resource, or of as much of it as a page token holds. */
  read(resource: Json): Keys;
  /** The same fields as columns. */
  columns(table: Table): (readonly unknown[])[];
}

const toText = (value: unknown): string => (typeof value === "string" ? value : (JSON.stringify(value) ?? ""));

const isLess = (left: unknown, right: unknown): boolean =>
  typeof left === "number" && typeof right === "number" ? left < right : toText(left) < toText(right);

interface Field {
  path: string;
  isDescending: boolean;
}

function toField(text: string): Field {
  const [path, direction = "asc", ...rest] = text.split(/\s+/);
  if (rest.length > 0 || !/^(asc|desc)$/i.test(direction) || !/^[\w.]+$/.test(path!))
    throw invalid(`invalid order_by: "${text}"`);
  return { path: path!, isDescending: direction.toLowerCase() === "desc" };
}

/**
 * `create_time desc, name`: comma-separated fields.
 * @param tie tells apart what is alike, so that an order is always total
 */
export function parseOrder(text: string, tie: string): Order {
  const given = text.split(",").map((each) => each.trim());
  const all = [...given.filter((each) => each !== ""), tie].map(toField);
  // what follows the tie can decide nothing
  const fields = all.slice(0, all.findIndex(({ path }) => path === tie) + 1);
  const [readers, last] = [fields.map(({ path }) => toReader(path)), fields.length - 1];
  const isFirst = (left: Keys, right: Keys, at: number): boolean =>
    fields[at]!.isDescending ? isLess(right[at], left[at]) : isLess(left[at], right[at]);
  return {
    paths: fields.map(({ path }) => path),
    read: (resource) => readers.map((read) => read(resource)),
    columns: (table) => fields.map(({ path }) => table.column(path)),
    isBefore: (left, right) => {
      for (let at = 0; at < last; at += 1) {
        if (isFirst(left, right, at)) return true;
        if (isFirst(right, left, at)) return false;
      }
      return isFirst(left, right, last);
    },
  };
}
