import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Ids, TwoAccounts } from "../support/two-accounts.ts";
import { routeTable } from "../support/routes.ts";
import { twoAccounts } from "../support/two-accounts.ts";
import { grants, preparations } from "../support/grants.ts";

/**
 * Every route that asks for a key, called by everybody, about their own account, a colleague, another account and the
 * catalogue. What the table does not grant has to be denied, so a new route needs a row.
 */

const callers = ["owner", "admin", "user", "contributor", "custom", "inference-user", "none", "wrong", "expired"];
const unknown = new Set(["none", "wrong", "expired"]);
const targets = ["own", "colleague", "other", "catalogue"] as const;
const accounts = { own: "local", colleague: "local", other: "acme", catalogue: "fireworks" };

function listRoutes() {
  return routeTable()
    .filter(({ plane }) => plane === "control" || plane === "inference")
    .flatMap(({ method, path, aliases = [], plane }) =>
      [path, ...aliases].map((each) => ({ method, path: each, plane })),
    );
}
type Listed = ReturnType<typeof listRoutes>[number];

/** The row of a route; `/v1/x` of inference is `/inference/v1/x`. */
const rowOf = ({ method, path, plane }: Listed): string =>
  `${method} ${plane === "inference" && path.startsWith("/v1") ? "/inference" : ""}${path}`;

const fill = (path: string, ids: Ids): string => path.replaceAll(/\{(\w+)\}/g, (_, param: string) => ids[param]!);

/** How a caller is refused. */
function refusal(caller: string, target: (typeof targets)[number], isControl: boolean): object {
  if (caller === "none" || (unknown.has(caller) && !isControl)) return { status: 401 };
  if (unknown.has(caller)) return { status: 403, body: { error: { code: "UNAUTHORIZED" } } };
  if (!isControl) return { status: 404 };
  const isForeign = target === "other" || target === "catalogue";
  return { status: 403, body: { code: 7, ...(isForeign ? { message: "" } : {}) } };
}

const routes = listRoutes();

test("every route has a row, and every row a route", () => {
  expect(Object.keys(grants).sort()).toEqual([...new Set(routes.map(rowOf))].sort());
});

describe.each(["", "/sandboxes/box"])("below %j", (base) => {
  let world: TwoAccounts;
  let count = 0;
  beforeAll(async () => {
    world = await twoAccounts(base);
  });
  afterAll(() => world.close());

  const keyOf = (caller: string): string | undefined =>
    ({ owner: "fw_local", none: undefined, wrong: "fw_nobody", ...world.keys })[caller];

  /** One request, prepared so that nothing but its caller can be wrong with it. */
  async function ask(route: Listed, caller: string, target: (typeof targets)[number]) {
    count += 1;
    const account = accounts[target];
    const ids: Ids = { ...world.ids[account]! };
    if (target === "own" && !unknown.has(caller)) ids["user_id"] = caller;
    if (target === "colleague" && caller === "owner") ids["user_id"] = "user";
    const prepared = await preparations[rowOf(route)]?.({ ...world, account, ids, id: `n${count}` });
    const path = fill(route.path, { ...ids, ...prepared?.ids }) + (prepared?.query ?? "");
    return { path, body: prepared?.body };
  }

  test.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))("%s", async (_, route) => {
    const isControl = route.plane === "control";
    const granted = grants[rowOf(route)] ?? {};
    const meant = targets.filter((target) => {
      if (target === "colleague") return route.path.includes("{user_id}");
      if (target === "own") return true;
      return isControl ? route.path.includes("{account_id}") : granted.other !== undefined && target === "other";
    });
    for (const target of meant)
      for (const caller of callers) {
        const { path, body } = await ask(route, caller, target);
        const where = `${caller} on ${target}: ${route.method} ${path}`;
        const key = keyOf(caller);
        if (granted[target]?.includes(caller)) {
          const { status, text } = await world.send(key, route.method, path, body);
          expect([status, text], where).toEqual([granted.absent === target ? 404 : 200, expect.anything()]);
          continue;
        }
        // denied whatever is in the body; the name of a model is in it
        const bodies = isControl || unknown.has(caller) ? [body, ...(body ? ["{"] : [])] : [body];
        for (const each of bodies) {
          const { status, body: answer } = await world.send(key, route.method, path, each);
          expect({ status, body: answer }, where).toMatchObject(refusal(caller, target, isControl));
        }
      }
  });
});
