import { ApiError, invalid } from "../../core/error.ts";
import type { Json } from "../../core/list/field.ts";
import { textOf } from "../../core/list/field.ts";
import { idOf } from "../../core/name.ts";
import { secret } from "../../schema/identity.ts";
import { updateMaskQuery } from "../../schema/wire.ts";
import type { Kind } from "../registry.ts";
import {
  allOf,
  changedValue,
  demandResource,
  dropResource,
  findIn,
  idFor,
  putResource,
  resourcesOf,
} from "../resources.ts";
import type { World } from "../world.ts";

function write(world: World, name: string, { keyName }: Json): Json {
  if (!keyName) throw invalid("invalid secret: key_name is required");
  // the value goes nowhere: nothing here needs it, and nobody is told
  return putResource(world, { collection: "secrets", name, value: { name, keyName, value: "" }, hidden: {} }).value;
}

/** Secrets that evaluators and tools would use; their values are never told (control-plane §1.2). */
export const secretKind: Kind = {
  collection: "secrets",
  type: "Secret",
  schema: secret,
  defaultOrder: "name",
  changes: "manage",
  all: allOf("secrets"),
  find: findIn("secrets"),
  create: {
    summary: "Create a secret",
    http: "POST",
    body: secret,
    result: secret,
    run: (world, { name: parent, body }) =>
      world.change(() => {
        const name = `${parent}/secrets/${idFor(world, "secret ID", idOf(textOf(body, "name")), parent)}`;
        if (resourcesOf(world, "secrets").has(name)) throw new ApiError("ALREADY_EXISTS", "secret ID already exists");
        return write(world, name, body);
      }),
  },
  update: {
    summary: "Change a secret",
    http: "PATCH",
    query: updateMaskQuery,
    body: secret,
    result: secret,
    run: (world, { name, query, body }) =>
      world.change(() => {
        const before = demandResource(world, "secrets", name).value;
        return write(world, name, changedValue(secret, "secret", before, { ...body, name }, query["updateMask"]));
      }),
  },
  remove: {
    summary: "Delete a secret",
    http: "DELETE",
    run: (world, { name }) =>
      world.change(() => {
        dropResource(world, demandResource(world, "secrets", name));
        return {};
      }),
  },
};
