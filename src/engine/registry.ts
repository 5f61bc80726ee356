import type { z } from "zod";
import { notFound } from "../core/error.ts";
import type { Json } from "../core/list/field.ts";
import { textOf } from "../core/list/field.ts";
import type { Page } from "../core/list/page.ts";
import { listPage } from "../core/list/page.ts";
import { accountName } from "../core/name.ts";
import { Table } from "../core/list/table.ts";
import type { ListQuery } from "../schema/wire.ts";
import { PUBLIC_ACCOUNT } from "./catalog.ts";
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
import type { Need } from "./permission.ts";
import { deny, maySee } from "./permission.ts";
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
  /** What it asks of the caller's role: that of the kind when left out. */
  need?: Need;
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
  /** What reading asks of the caller's role; "read" when left out. */
  reads?: Need;
  /** What a change asks of it; "write" when left out. */
  changes?: Need;
  /** Which of these everybody may see, whoever owns them; none when left out. */
  shared?: (item: Json) => boolean;
  listQuery?: z.ZodObject;
  /** What a list is made from, in tables. */
  all(world: World, call: Invocation): Table[];
  /** Finds one by its name; `account` is the caller's. Undefined for what can only be listed. */
  find: ((world: World, name: string, account: string) => Json | undefined) | undefined;
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

/** One page of a kind; of other accounts what is shared. */
export function listResources(kind: Kind, world: World, call: Invocation): Page {
  const all = kind.all(world, call);
  const { account } = call.caller;
  const isSeen = (item: Json): boolean => maySee(world, account, textOf(item, "name"), kind.shared?.(item));
  const isOwn = maySee(world, account, accountName(call.account));
  const tables = isOwn
    ? all
    : all.map((table) => (table.rows.every(isSeen) ? table : new Table(table.rows.filter(isSeen))));
  return listPage(tables, call.query as ListQuery, kind.defaultOrder, kind.tie, kind.pageSize);
}

/**
 * One resource of a kind.
 * @throws ApiError NOT_FOUND; PERMISSION_DENIED in another account, whether it is there or not
 */
export function getResource(kind: Kind, world: World, call: Invocation): Json {
  const { account, name, caller } = call;
  const found = kind.find!(world, name, caller.account);
  if (found && maySee(world, caller.account, name, kind.shared?.(found))) return found;
  throw account === PUBLIC_ACCOUNT || maySee(world, caller.account, name) ? notFound() : deny("");
}
