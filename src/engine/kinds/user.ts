import { ApiError, invalid } from "../../core/error.ts";
import type { Json } from "../../core/list/field.ts";
import { toSnake } from "../../core/name.ts";
import { toTimestamp } from "../../core/time.ts";
import { createUserQuery, roles, user } from "../../schema/identity.ts";
import { updateMaskQuery } from "../../schema/wire.ts";
import type { Identity } from "../identity.ts";
import { can, deny } from "../permission.ts";
import type { Kind } from "../registry.ts";
import {
  allOf,
  changedValue,
  demandResource,
  findIn,
  idFor,
  newValue,
  putResource,
  resourcesOf,
} from "../resources.ts";
import type { World } from "../world.ts";

function checkRole(role: unknown): void {
  if (!(roles as readonly unknown[]).includes(role))
    throw invalid(`invalid user: role must be one of ${roles.join(", ")}`);
}

function write(world: World, name: string, value: Json): Json {
  checkRole(value["role"]);
  return putResource(world, { collection: "users", name, value, hidden: {} }).value;
}

/** What users may change of themselves; the rest is for admins. */
const SELF_FIELDS: ReadonlySet<string> = new Set(["displayName"]);

/** @throws ApiError PERMISSION_DENIED */
function demandOwnFields(caller: Identity, before: Json, after: Json): void {
  if (can(caller, "manage")) return;
  const isChanged = (field: string): boolean => JSON.stringify(after[field]) !== JSON.stringify(before[field]);
  const denied = Object.keys(after).find((field) => !SELF_FIELDS.has(field) && isChanged(field));
  if (denied) throw deny(`role ${caller.role} may not change ${toSnake(denied)}; ask an admin of the account`);
}

/** People and services of an account, each with a role (control-plane §1.5). */
export const userKind: Kind = {
  collection: "users",
  type: "User",
  schema: user,
  defaultOrder: "name",
  changes: "manage",
  all: allOf("users"),
  find: findIn("users"),
  create: {
    summary: "Create a user",
    http: "POST",
    query: createUserQuery,
    body: user,
    result: user,
    run: (world, { name: parent, query, body }) =>
      world.change((now) => {
        const name = `${parent}/users/${idFor(world, "user ID", query["userId"], parent)}`;
        if (resourcesOf(world, "users").has(name)) throw new ApiError("ALREADY_EXISTS", "user ID already exists");
        const at = toTimestamp(now);
        const filled = { name, createTime: at, updateTime: at, state: "READY", status: { code: "OK", message: "" } };
        return write(world, name, newValue(user, body, filled));
      }),
  },
  update: {
    summary: "Change a user",
    http: "PATCH",
    need: "self",
    query: updateMaskQuery,
    body: user,
    result: user,
    run: (world, { name, caller, query, body }) =>
      world.change((now) => {
        const before = demandResource(world, "users", name).value;
        const value = changedValue(user, "user", before, body, query["updateMask"]);
        demandOwnFields(caller, before, value);
        return write(world, name, { ...value, updateTime: toTimestamp(now) });
      }),
  },
};
