import { z } from "zod";
import { applyMask, parseMask } from "../core/list/mask.ts";
import { toSnake } from "../core/name.ts";
import type { Invocation, Kind, Method as KindMethod } from "../engine/registry.ts";
import { getResource, kinds, listResources } from "../engine/registry.ts";
import { getQuery, listQuery } from "../schema/wire.ts";
import { decodeControlBody } from "./body.ts";
import { originOf } from "./header.ts";
import type { Call, Method, Route } from "./route.ts";

const idParam = (collection: string): string => `${toSnake(collection.replace(/s$/, ""))}_id`;

/** Paths of a kind; accounts are the one kind without a parent. */
function pathsOf({ collection, under }: Kind): { parent: string; item: string } {
  if (collection === "accounts") return { parent: "/v1/accounts", item: "/v1/accounts/{account_id}" };
  const owner = under === undefined ? "" : `/${under}/{${idParam(under)}}`;
  const parent = `/v1/accounts/{account_id}${owner}/${collection}`;
  return { parent, item: `${parent}/{${idParam(collection)}}` };
}

/** What is called, and by whom. */
function invoke(kind: Kind, call: Call, body: Invocation["body"] = {}): Invocation {
  const { account_id: account = call.account, ...ids } = call.params;
  const ownerId = kind.under === undefined ? undefined : ids[idParam(kind.under)];
  const owner = `accounts/${account}${ownerId === undefined ? "" : `/${kind.under}/${ownerId}`}`;
  const id = kind.collection === "accounts" ? undefined : ids[idParam(kind.collection)];
  const name = id === undefined ? owner : `${owner}/${kind.collection}/${id}`;
  const origin = originOf(call) + call.base;
  return { account, name, query: call.query, body, caller: call.identity, origin };
}

function listRoute(kind: Kind, path: string): Route {
  const query = kind.listQuery ?? listQuery;
  const key = kind.listKey ?? kind.collection;
  return {
    method: "GET",
    path,
    plane: "control",
    need: kind.reads ?? "read",
    reach: kind.shared ? "catalogue" : "own",
    tag: kind.type,
    summary: `List ${kind.collection}`,
    query,
    result: z.object({ [key]: z.array(kind.schema), nextPageToken: z.string(), totalSize: z.int() }),
    handle: (call) => {
      const page = listResources(kind, call.world, invoke(kind, call));
      return { body: { [key]: page.items, nextPageToken: page.nextPageToken, totalSize: page.totalSize } };
    },
  };
}

function getRoute(kind: Kind, path: string): Route {
  return {
    method: "GET",
    path,
    plane: "control",
    need: kind.reads ?? "read",
    reach: kind.shared ? "public" : "own",
    tag: kind.type,
    summary: `Get one of ${kind.collection}`,
    query: getQuery,
    result: kind.schema,
    handle: (call) => {
      const mask = parseMask(call.query["readMask"] as string | undefined);
      return { body: applyMask(getResource(kind, call.world, invoke(kind, call)), mask) };
    },
  };
}

function methodRoute(kind: Kind, method: KindMethod, path: string): Route {
  return {
    method: method.http as Method,
    path,
    plane: "control",
    need: method.need ?? (method.http === "GET" ? (kind.reads ?? "read") : (kind.changes ?? "write")),
    tag: kind.type,
    summary: method.summary,
    query: method.query,
    body: method.body,
    result: method.result ?? z.object({}),
    writes: method.writes,
    handle: (call) => {
      const invocation = invoke(kind, call, method.body ? decodeControlBody(method.body, call.text) : {});
      call.note.deployment = kind.collection === "deployments" ? invocation.name : "";
      return { body: method.run(call.world, invocation) };
    },
  };
}

/** The control plane: every kind of the registry, by the same rules. */
export function resourceRoutes(): Route[] {
  return kinds.flatMap((kind) => {
    const { parent, item } = pathsOf(kind);
    const routes = [listRoute(kind, parent)];
    // before what has an ID: `versions:count` is none
    for (const [verb, method] of Object.entries(kind.collectionVerbs ?? {}))
      routes.push(methodRoute(kind, method, `${parent}:${verb}`));
    if (kind.find) routes.push(getRoute(kind, item));
    if (kind.create) routes.push(methodRoute(kind, kind.create, parent));
    if (kind.update) routes.push(methodRoute(kind, kind.update, item));
    if (kind.remove) routes.push(methodRoute(kind, kind.remove, item));
    for (const [verb, method] of Object.entries(kind.verbs ?? {}))
      routes.push(methodRoute(kind, method, `${item}:${verb}`));
    return routes;
  });
}
