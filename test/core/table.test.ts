import fc from "fast-check";
import { expect, test } from "vitest";
import { listPage } from "../../src/core/list/page.ts";
import { Table } from "../../src/core/list/table.ts";

const name = fc.constantFrom("a", "b", "c", "d", "e");
const size = fc.integer({ min: 0, max: 3 });
const operation = fc.oneof(
  fc.record({ what: fc.constant("put" as const), name, size }),
  fc.record({ what: fc.constant("drop" as const), name }),
  fc.record({ what: fc.constant("read" as const), path: fc.constantFrom("name", "inner.size", "missing") }),
);

test("a table's columns are its rows', whatever was put, changed, dropped and read before", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
      const [table, model] = [new Table(), new Map<string, object>()];
      for (const each of operations) {
        if (each.what === "read") table.column(each.path);
        else if (each.what === "drop") {
          table.drop(each.name);
          model.delete(each.name);
        } else {
          const row = { name: each.name, inner: { size: each.size } };
          table.put(each.name, row);
          model.set(each.name, row);
        }
      }
      expect(new Set(table.rows)).toEqual(new Set(model.values()));
      expect(table.column("name")).toEqual(table.rows.map((row) => row["name"]));
      expect(table.column("inner.size")).toEqual(table.rows.map((row) => (row["inner"] as { size: number }).size));
    }),
  );
});

test("more columns than are kept are right all the same", () => {
  const table = new Table([{ name: "a" }, { name: "b" }]);
  for (let n = 0; n < 100; n += 1) expect(table.column(`field${n}`)).toEqual([undefined, undefined]);
  expect(table.column("name")).toEqual(["a", "b"]);
});

test("a page over several tables is the page over all their rows", () => {
  const rows = Array.from({ length: 30 }, (_, n) => ({ name: `m${(n * 7) % 30}`, size: n % 4 }));
  const query = { filter: "size>0", orderBy: "size desc", pageSize: 5 };
  const [apart, together] = [[new Table(rows.slice(0, 11)), new Table(rows.slice(11))], [new Table(rows)]];
  const first = listPage(apart, query, "name");
  expect(first).toEqual(listPage(together, query, "name"));
  expect(first.items.map((item) => item["size"])).toEqual([3, 3, 3, 3, 3]);
  const next = { ...query, pageToken: first.nextPageToken };
  expect(listPage(apart, next, "name")).toEqual(listPage(together, next, "name"));
});
