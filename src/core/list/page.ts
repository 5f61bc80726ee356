import type { ListQuery } from "../../schema/wire.ts";
import { invalid } from "../error.ts";
import { digest } from "../random.ts";
import type { Json } from "./field.ts";
import { parseFilter } from "./filter.ts";
import { applyMask, parseMask } from "./mask.ts";
import type { Order } from "./order.ts";
import { parseOrder } from "./order.ts";

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
    const [seen, last] = JSON.parse(Buffer.from(token, "base64url").toString()) as [string, Json];
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

/** The first of many items in an order, without sorting them all. */
class Smallest {
  readonly #order: Order;
  readonly #most: number;
  readonly items: Json[] = [];

  constructor(order: Order, most: number) {
    this.#order = order;
    this.#most = most;
  }

  add(item: Json): void {
    const { items } = this;
    if (items.length === this.#most && this.#order(item, items.at(-1)!) >= 0) return;
    let [low, high] = [0, items.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#order(items[middle]!, item) <= 0) low = middle + 1;
      else high = middle;
    }
    items.splice(low, 0, item);
    if (items.length > this.#most) items.pop();
  }
}

/** Filters, orders, cuts and masks: the one implementation of control-plane §9 for all kinds. */
export function listPage(
  resources: Iterable<Json>,
  query: ListQuery,
  defaultOrder: string,
  tie = "name",
  usualSize = PAGE_SIZE_DEFAULT,
): Page {
  const filter = parseFilter(query.filter ?? "");
  const orderBy = query.orderBy?.trim() || defaultOrder;
  const order: Order = parseOrder(orderBy, tie);
  const orderPaths = parseMask(`${orderBy.replace(/\s+(asc|desc)\b/gi, "")},${tie}`);
  const mask = parseMask(query.readMask);
  const size = pageSize(query, usualSize);
  const mark = digest(query.filter ?? "", orderBy).slice(0, 8);

  const last = query.pageToken ? parseToken(query.pageToken, mark) : undefined;
  const smallest = new Smallest(order, size + 1);
  let totalSize = 0;
  for (const item of resources) {
    if (!filter(item)) continue;
    totalSize += 1;
    if (last === undefined || order(item, last) > 0) smallest.add(item);
  }
  const found = smallest.items;
  const items = found.slice(0, size);
  return {
    items: items.map((item) => applyMask(item, mask)),
    nextPageToken: found.length > size ? toToken(mark, applyMask(items.at(-1)!, orderPaths)) : "",
    totalSize,
  };
}
