import type { Context } from "hono";
import type { z } from "zod";
import type { Place } from "../core/redaction/fields.ts";
import type { Identity } from "../engine/identity.ts";
import type { Need, Reach } from "../engine/permission.ts";
import type { World } from "../engine/world.ts";

/** The layer that answers, which decides the envelope of its errors (inference §7.1). */
export type Plane = "control" | "inference" | "emulator" | "open";

/** How the model server words its errors on a route. */
export type ErrorStyle = "openai" | "anthropic" | "responses";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** One request on its way. */
export interface Call {
  world: World;
  context: Context;
  /** What leads into its sandbox, `/sandboxes/{name}`; empty for the server's own world. */
  base: string;
  /** The caller's account ID. */
  account: string;
  /** The deployment whose own host name was called; undefined for the service's. */
  direct: string | undefined;
  /** Who calls; the owner of the account where nobody has to say. */
  identity: Identity;
  params: Record<string, string>;
  query: Record<string, unknown>;
  /** The raw text of the body; empty when there is none. */
  text: string;
  /** Answers since the process started, by plane and status. */
  counts: ReadonlyMap<string, number>;
  /** Which fields of its body are secrets. */
  place: Place;
  /** What the journal keeps besides the bodies. */
  note: { deployment: string; model: string };
}

/** An answer: JSON text or an object, or a ready Response for streams. */
export interface Reply {
  status?: number;
  body: unknown;
  headers?: Record<string, string>;
}

/** A row of the API: routing, checks and the OpenAPI document all read it. */
export interface Route {
  method: Method;
  /** In OpenAPI's form: `/v1/accounts/{account_id}/deployments/{deployment_id}:scale`. */
  path: string;
  /** The same handler under other paths. */
  aliases?: readonly string[];
  plane: Plane;
  /** "openai" when left out. */
  errors?: ErrorStyle;
  tag: string;
  summary: string;
  query?: z.ZodObject;
  body?: z.ZodObject;
  result?: z.ZodType;
  /** What it asks of the caller's role; on the control plane "read" of a GET and "manage" of the rest when left out. */
  need?: Need;
  /** What of other accounts it may show; "own" when left out. */
  reach?: Reach;
  /**
   * When it runs while its world is in the middle of an advance: `after` it, when left out; `between` two events, as it
   * only looks; or in its `own` place behind the advances that are there.
   */
  turn?: "after" | "between" | "own";
  /** It is of no world: it neither waits for one nor needs one that can be saved. */
  isWorldless?: boolean;
  /** It reads the body by itself, as it comes. */
  streams?: boolean;
  /** Whether it changes anything; what is no GET does when left out. A GET with a verb has to say. */
  writes?: boolean;
  handle(call: Call): Reply | Response | Promise<Reply | Response>;
}

/** Whether it waits until its world has come to a rest. */
export const isWaiting = ({ turn = "after", isWorldless = false }: Route): boolean => turn === "after" && !isWorldless;

/** Whether a route changes anything. */
export const isWriting = ({ writes, method }: Route): boolean => writes ?? method !== "GET";
