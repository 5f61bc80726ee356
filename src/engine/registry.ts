import type { z } from "zod";
import type { Json } from "../core/list/field.ts";
import type { Page } from "../core/list/page.ts";
import { listPage } from "../core/list/page.ts";
import type { Table } from "../core/list/table.ts";
import type { ListQuery } from "../schema/wire.ts";
import type { Identity } from "./identity.ts";
import { accountKind } from "./kinds/account.ts";
import { apiKeyKind } from "./kinds/api-key.ts";
import { auditLogKind } from "./kinds/audit-log.ts";
import { deploymentKind } from "./kinds/deployment.ts";
import { deployedModelKind } from "./kinds/deployed-model.ts";
import { deploymentShapeKind, deploymentShapeVersionKind } from "./kinds/deployment-shape.ts";
import { modelKind } from "./kinds/model.ts";
import { modelVersionKind } from "./kinds/model-version.ts";
import { quotaKind } from "./kinds/quota.ts";
import { reservationKind } from "./kinds/reservation.ts";
import { routerKind } from "./kinds/router.ts";
import { secretKind } from "./kinds/secret.ts";
import { userKind } from "./kinds/user.ts";
import type { World } from "./world.ts";

/** What a method is called with: decoded, and checked against its schemas. */
export interface Invocation {
  /** The account in the path, not the caller's. */
  account: string;
  /** The full name; of the parent for list and create. */
  name: string;
  caller: Identity;
  /** Where the client reached the emulator, for links. */
  origin: string;
  query: Record<string, unknown>;
  body: Json;
}

/** A method of a kind that is written by hand. */
export interface Method {
  summary: string;
  http: "GET" | "POST" | "PATCH" | "DELETE";
  query?: z.ZodObject;
  /** Undefined when it takes none. */
  body?: z.ZodObject;
  /** Undefined when it answers `{}`. */
  result?: z.ZodObject;
  /** Whether it changes anything; what is no GET does when left out. A GET has to say. */
  writes?: boolean;
  run(world: World, call: Invocation): Json;
}

/**
 * A kind of resource: a row. List and get come from `all` and `find`; the rest is there when the kind has it.
 * Adding a kind is a schema, a file under `kinds/` and a line below.
 */
export interface Kind {
  /** Path segment and key of the list, e.g. `deployments`. */
  collection: string;
  /** The key of the list, where it is another. */
  listKey?: string;
  /** The name of the type in documents, e.g. `Deployment`. */
  type: string;
  schema: z.ZodObject;
  /** Field of the default order (control-plane §9). */
  defaultOrder: string;
  /** The field that tells apart what is alike in the order; the name when left out. */
  tie?: string;
  /** Items on a page when nobody says. */
  pageSize?: number;
  /** The collection whose resources these belong to, e.g. `users`; the account's own when left out. */
  under?: string;
  /** Only admins may change these, and users what is their own. */
  adminOnly?: boolean;
  listQuery?: z.ZodObject;
  /** What a list is made from, in tables. */
  all(world: World, call: Invocation): Table[];
  /** Undefined for what can only be listed. */
  find: ((world: World, name: string) => Json | undefined) | undefined;
  create?: Method;
  update?: Method;
  remove?: Method;
  /** Custom methods, `POST /v1/accounts/a/deployments/d:undelete`. */
  verbs?: Record<string, Method>;
  /** The same on the collection, `POST .../apiKeys:delete`. */
  collectionVerbs?: Record<string, Method>;
}

export const kinds: readonly Kind[] = [
  accountKind,
  userKind,
  apiKeyKind,
  secretKind,
  auditLogKind,
  modelKind,
  modelVersionKind,
  deployedModelKind,
  deploymentKind,
  deploymentShapeKind,
  deploymentShapeVersionKind,
  routerKind,
  quotaKind,
  reservationKind,
];

/** One page of a kind. */
export function listResources(kind: Kind, world: World, call: Invocation): Page {
  return listPage(kind.all(world, call), call.query as ListQuery, kind.defaultOrder, kind.tie, kind.pageSize);
}
