import { errorTable, invalid } from "../../core/error.ts";
import { parseJson, parseRow } from "../../core/json.ts";
import type { Json } from "../../core/list/field.ts";
import { textOf } from "../../core/list/field.ts";
import { Table } from "../../core/list/table.ts";
import { accountOf, toSnake } from "../../core/name.ts";
import type { JournalRow } from "../../core/rows.ts";
import { parseTimestamp, toTimestamp } from "../../core/time.ts";
import { auditLogEntry } from "../../schema/identity.ts";
import { listQuery } from "../../schema/wire.ts";
import { z } from "zod";
import type { Invocation, Kind } from "../registry.ts";
import type { World } from "../world.ts";

const PAGE_SIZE = 10;
const ROWS = 200;

const singular = (collection: string): string => {
  const name = collection.replace(/s$/, "");
  return name.charAt(0).toUpperCase() + name.slice(1);
};

const verbs: Record<string, string> = { POST: "Create", PATCH: "Update", DELETE: "Delete" };

/** `POST .../deployments/d:undelete` is `UndeleteDeployment`, as gRPC calls it. */
function methodOf(httpMethod: string, path: string): string {
  const [resource, verb] = path.replace(/^\/v1\//, "").split(":") as [string, string | undefined];
  const parts = resource.split("/");
  const collection = parts.length % 2 === 0 ? parts.at(-2)! : parts.at(-1)!;
  const name = verb ? verb.charAt(0).toUpperCase() + verb.slice(1) : (verbs[httpMethod] ?? httpMethod);
  return name + singular(collection);
}

const codeOf = (status: number): string =>
  status < 400 ? "OK" : (Object.entries(errorTable).find(([, { http }]) => http === status)?.[0] ?? "UNKNOWN");

function parse(text: string): Json | null {
  try {
    return parseJson(text) as Json;
  } catch {
    return null;
  }
}

function toEntry(row: JournalRow): Json {
  const headers = parseRow(`request ${row.id}, headers`, row.headers) as Record<string, string>;
  const failed = row.status >= 400 ? parse(row.responseBody) : null;
  return {
    id: String(row.id).padStart(10, "0"),
    method: methodOf(row.method, row.path),
    principal: headers["x-emulator-principal"] ?? "",
    payload: parse(row.requestBody),
    status: { code: codeOf(row.status), message: textOf(failed, "message") },
    timestamp: toTimestamp(row.at),
    message: "",
    resource: row.path.replace(/^\/v1\//, "").replace(/:.*$/, ""),
    isAdminAction: false,
    userAgent: headers["user-agent"] ?? "",
    clientIp: "127.0.0.1",
    apiKeyId: headers["x-emulator-api-key-id"] ?? "",
  };
}

/** A path as its route has read it: `loc%61l` is `local`. */
function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** @throws ApiError INVALID_ARGUMENT for a text that is no time */
function timeOf(query: Json, field: string): number | undefined {
  const text = textOf(query, field);
  const at = parseTimestamp(text);
  if (text !== "" && at === undefined)
    throw invalid(`${toSnake(field)}: expected an RFC 3339 time such as "2026-01-01T00:00:00Z", got "${text}"`);
  return at;
}

function* entries(world: World, { account, query }: Invocation): Generator<Json> {
  world.saver.flush();
  const [from, to] = ["startTime", "endTime"].map((field) => timeOf(query, field));
  for (let before = Number.MAX_SAFE_INTEGER; ;) {
    const rows = world.parts.store.journal(before, ROWS);
    for (const each of rows) {
      const row = { ...each, path: decodePath(each.path) };
      const isDeed = row.method !== "GET" && accountOf(row.path.slice(4)) === account && row.path.startsWith("/v1/acc");
      if (!isDeed || row.at < (from ?? 0) || row.at >= (to ?? Infinity)) continue;
      const entry = toEntry(row);
      if (query["email"] === undefined || entry["principal"] === query["email"]) yield entry;
    }
    if (rows.length < ROWS) return;
    before = rows.at(-1)!.id;
  }
}

/** Who did what, newest first: the journal's changes of the control plane, as long as it keeps them. */
export const auditLogKind: Kind = {
  collection: "auditLogs",
  type: "AuditLogEntry",
  schema: auditLogEntry,
  defaultOrder: "timestamp desc,id desc",
  tie: "id",
  reads: "manage",
  pageSize: PAGE_SIZE,
  listQuery: listQuery.extend({
    startTime: z.string().optional(),
    endTime: z.string().optional(),
    email: z.string().optional(),
  }),
  all: (world, call) => [new Table(entries(world, call))],
  find: undefined,
};
