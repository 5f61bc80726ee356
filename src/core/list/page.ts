import type { ListQuery } from "../../schema/wire.ts";
import { invalid } from "../error.ts";
import { parseJson } from "../json.ts";
import { digest } from "../random.ts";
import type { Json } from "./field.ts";
import type { RowTest } from "./filter.ts";
import { parseFilter } from "./filter.ts";
import { applyMask, parseMask } from "./mask.ts";
import type { Keys, Order } from "./order.ts";
import { parseOrder } from "./order.ts";
import type { Table } from "./table.ts";

export const PAGE_SIZE_DEFAULT = 50;
export const PAGE_SIZE_MAX = 200;

export interface Page {
  items: Json[];
  /** Empty on the last page. */
  nextPageToken: string;
  totalSize: number;
}

/**
 * A token names the last item of its page by the fields it was ordered by, so that inserts and deletes
 * between two pages neither repeat nor skip an item, and carries a mark of its query.
 */
function toToken(mark: string, last: Json): string {
  return Buffer.from(JSON.stringify([mark, last])).toString("base64url");
}

function parseToken(token: string, mark: string): Json {
  try {
    const [seen, last] = parseJson(Buffer.from(token, "base64url").toString()) as [string, Json];
    if (seen === mark && typeof last === "object" && last !== null) return last;
  } catch {
    // falls through: not one of ours
  }
  throw invalid("invalid page token: it is not from this list, or the other parameters have changed");
}

function pageSize(query: ListQuery, usual: number): number {
  const size = query.pageSize ?? 0;
  if (size < 0) throw invalid("page_size must not be negative");
  return size === 0 ? usual : Math.min(size, PAGE_SIZE_MAX);
}

interface Found {
  keys: Keys;
  item: Json;
}

/** The first of many rows in an order, without sorting them all. */
class Smallest {
  readonly #order: Order;
  readonly #most: number;
  readonly #after: Keys | undefined;
  readonly found: Found[] = [];

  /** @param after only what comes after these */
  constructor(order: Order, most: number, after: Keys | undefined) {
    this.#order = order;
    this.#most = most;
    this.#after = after;
  }

  isIn(keys: Keys): boolean {
    const { isBefore } = this.#order;
    if (this.found.length === this.#most && !isBefore(keys, this.found.at(-1)!.keys)) return false;
    return this.#after === undefined || isBefore(this.#after, keys);
  }

  add(keys: Keys, item: Json): void {
    const { found } = this;
    let [low, high] = [0, found.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#order.isBefore(keys, found[middle]!.keys)) high = middle;
      else low = middle + 1;
    }
    found.splice(low, 0, { keys, item });
    if (found.length > this.#most) found.pop();
  }
}

/** Puts the rows of a table that a test lets pass among the smallest; answers how many those are. */
function sift(table: Table, isMeant: RowTest, order: Order, smallest: Smallest): number {
  const columns = order.columns(table);
  const keys: unknown[] = columns.map(() => undefined);
  let count = 0;
  for (let row = 0; row < table.rows.length; row += 1) {
    if (!isMeant(row)) continue;
    count += 1;
    for (let at = 0; at < columns.length; at += 1) keys[at] = columns[at]![row];
    if (smallest.isIn(keys)) smallest.add([...keys], table.rows[row]!);
  }
  return count;
}

/** Filters, orders, cuts and masks: the one implementation of control-plane §9 for all kinds. */
export function listPage(
  tables: Iterable<Table>,
  query: ListQuery,
  defaultOrder: string,
  tie = "name",
  usualSize = PAGE_SIZE_DEFAULT,
): Page {
  const filter = parseFilter(query.filter ?? "");
  const orderBy = query.orderBy?.trim() || defaultOrder;
  const order = parseOrder(orderBy, tie);
  const orderPaths = parseMask(order.paths.join(","));
  const mask = parseMask(query.readMask);
  const size = pageSize(query, usualSize);
  const mark = digest(query.filter ?? "", orderBy).slice(0, 8);

  const after = query.pageToken ? order.read(parseToken(query.pageToken, mark)) : undefined;
  const smallest = new Smallest(order, size + 1, after);
  let totalSize = 0;
  for (const table of tables) totalSize += sift(table, filter(table), order, smallest);
  const { found } = smallest;
  const items = found.slice(0, size).map(({ item }) => item);
  return {
    items: items.map((item) => applyMask(item, mask)),
    nextPageToken: found.length > size ? toToken(mark, applyMask(items.at(-1)!, orderPaths)) : "",
    totalSize,
  };
}
