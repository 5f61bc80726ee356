import { invalid } from "../error.ts";
import type { Json } from "./field.ts";
import { toReader } from "./field.ts";

export type Order = (left: Json, right: Json) => number;

const toText = (value: unknown): string => (typeof value === "string" ? value : (JSON.stringify(value) ?? ""));

function compare(left: unknown, right: unknown): number {
  if (typeof left === "number" && typeof right === "number") return left - right;
  const [a, b] = [toText(left), toText(right)];
  return a < b ? -1 : Number(a > b);
}

/**
 * `create_time desc, name`: comma-separated fields.
 * @param tie tells apart what is alike, so that an order is always total
 */
export function parseOrder(text: string, tie: string): Order {
  const keys = `${text},${tie}`
    .split(",")
    .filter((key) => key.trim() !== "")
    .map((key) => {
      const [path, direction = "asc", ...rest] = key.trim().split(/\s+/);
      if (rest.length > 0 || !/^(asc|desc)$/i.test(direction) || !/^[\w.]+$/.test(path!))
        throw invalid(`invalid order_by: "${key.trim()}"`);
      return { read: toReader(path!), sign: direction.toLowerCase() === "desc" ? -1 : 1 };
    });
  return (left, right) => {
    for (const { read, sign } of keys) {
      const result = compare(read(left), read(right));
      if (result !== 0) return result * sign;
    }
    return 0;
  };
}
