import type { Json } from "../../core/list/field.ts";
import { Table } from "../../core/list/table.ts";
import { accountName } from "../../core/name.ts";
import { account } from "../../schema/account.ts";
import { PUBLIC_ACCOUNT } from "../catalog.ts";
import type { Kind } from "../registry.ts";

/** Accounts: the caller's own, and the catalogue's by its name (control-plane §1.2). */
export const accountKind: Kind = {
  collection: "accounts",
  type: "Account",
  schema: account,
  defaultOrder: "name",
  reads: "identify",
  shared: ({ name }) => name === accountName(PUBLIC_ACCOUNT),
  // clients ask "who am I" with this list and take more than one account for an error
  all: (world, call) => {
    const own = world.parts.accounts.get(accountName(call.account));
    return [new Table(own ? [own as Json] : [])];
  },
  find: (world, name) => world.parts.accounts.get(name) as Json | undefined,
};
