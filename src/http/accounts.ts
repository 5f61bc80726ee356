import { z } from "zod";
import { ApiError, invalid, notFound } from "../core/error.ts";
import { accountName, isAccountId } from "../core/name.ts";
import { toTimestamp } from "../core/time.ts";
import { ensureAccount } from "../engine/open-world.ts";
import type { World } from "../engine/world.ts";
import type { Account } from "../schema/account.ts";
import { account } from "../schema/account.ts";
import { decodeOwnBody } from "./body.ts";
import type { Route } from "./route.ts";

/** Accounts are made and suspended outside the API of the service: here. */

const createBody = z.strictObject({ id: z.string(), email: z.string().optional(), displayName: z.string().optional() });
const patchBody = z
  .strictObject({ suspendState: account.shape.suspendState, email: z.string(), displayName: z.string() })
  .partial();
const listResult = z.object({ accounts: z.array(account) });

function change(world: World, name: string, fields: Partial<Account>): Account {
  return world.change((now) => {
    const before = world.parts.accounts.get(name);
    if (!before) throw notFound();
    const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
    const after = { ...before, ...given, updateTime: toTimestamp(now) };
    world.parts.accounts.set(name, after);
    world.parts.store.putDocument("account", name, after);
    return after;
  });
}

function create(world: World, { id, ...fields }: z.infer<typeof createBody>): Account {
  if (!isAccountId(id)) throw invalid(`id: expected 1-63 letters, digits and dashes, got "${id}"`);
  const name = accountName(id);
  if (world.parts.accounts.has(name)) throw new ApiError("ALREADY_EXISTS", `account ${id} already exists`);
  world.change(() => ensureAccount(world, id));
  return change(world, name, fields);
}

export function accountRoutes(): Route[] {
  const own = { plane: "emulator", tag: "Emulator" } as const;
  const [all, one] = ["/__emulator/accounts", "/__emulator/accounts/{id}"];
  return [
    {
      ...own,
      method: "GET",
      path: all,
      summary: "All accounts of the world",
      result: listResult,
      handle: ({ world }) => ({ body: { accounts: [...world.parts.accounts.values()] } }),
    },
    {
      ...own,
      method: "POST",
      path: all,
      summary: "Make an account; its owner's key is `fw_<id>`",
      body: createBody,
      result: account,
      handle: ({ world, text }) => ({ body: create(world, decodeOwnBody(createBody, text)) }),
    },
    {
      ...own,
      method: "PATCH",
      path: one,
      summary: "Suspend an account, or change its names",
      body: patchBody as unknown as z.ZodObject,
      result: account,
      handle: ({ world, text, params }) => ({
        body: change(world, accountName(params["id"]!), decodeOwnBody(patchBody, text) as Partial<Account>),
      }),
    },
  ];
}
