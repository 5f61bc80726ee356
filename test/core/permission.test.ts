import { expect, test } from "vitest";
import type { Deed } from "../../src/engine/permission.ts";
import { mayDo } from "../../src/engine/permission.ts";
import type { Role } from "../../src/schema/identity.ts";

/** The rule without a transport: who, what, yes or no. */

const who = (role: string) => ({ account: "local", role: role as Role, user: "accounts/local/users/me" });
const deed = (more: Partial<Deed>): Deed => ({ account: "local", user: "", need: "read", reach: "own", ...more });
const me = "accounts/local/users/me";
const you = "accounts/local/users/you";

test.each<[string, Partial<Deed>, string]>([
  ["infers", { need: "infer" }, "admin user contributor custom inference-user"],
  ["asks whose key it has", { need: "identify" }, "admin user contributor custom inference-user"],
  ["reads", { need: "read" }, "admin user contributor custom"],
  ["writes", { need: "write" }, "admin user contributor custom"],
  ["changes itself", { need: "self", user: me }, "admin user contributor custom"],
  ["changes a colleague", { need: "self", user: you }, "admin"],
  ["changes nobody in particular", { need: "self" }, "admin"],
  ["manages", { need: "manage" }, "admin"],
  ["reads the catalogue", { account: "fireworks", reach: "catalogue" }, "admin user contributor custom inference-user"],
  ["reads the catalogue's own affairs", { account: "fireworks" }, ""],
  ["writes into the catalogue", { account: "fireworks", need: "write" }, ""],
  ["manages another account", { account: "acme", need: "manage" }, ""],
  ["infers for another account", { account: "acme", need: "infer" }, ""],
  ["lists another account", { account: "acme", reach: "catalogue" }, ""],
  ["lists what is public", { account: "-", reach: "catalogue" }, "admin user contributor custom"],
  ["lists all accounts", { account: "-" }, ""],
  ["looks at one public thing", { account: "acme", reach: "public" }, "admin user contributor custom"],
])("who %s", (_, what, roles) => {
  const all = ["admin", "user", "contributor", "custom", "inference-user", "boss", ""];
  expect(all.filter((role) => mayDo(who(role), deed(what), false)).join(" ")).toBe(roles);
});

test("where every key works there is no border, and roles count all the same", () => {
  expect(mayDo(who("user"), deed({ account: "acme", need: "write" }), true)).toBe(true);
  expect(mayDo(who("user"), deed({ account: "acme", need: "manage" }), true)).toBe(false);
});
