import type { IncomingMessage, ServerResponse } from "node:http";
import type { Context } from "hono";
import type { Caller } from "../engine/inference.ts";
import { SANDBOX_NAME } from "../schema/sandbox.ts";
import type { Backlog } from "./backlog.ts";
import type { Paced } from "./paced.ts";
import type { Call } from "./route.ts";

/** What lies beneath a request: Node's own objects, where there is a socket, and what is said to the server. */
export interface Wire {
  incoming?: IncomingMessage;
  outgoing?: ServerResponse;
  /** The answer, if its body is paced. */
  paced?: Paced;
  /** Says whether there is room for an answer. */
  backlog?: Backlog;
}

export const wireOf = (context: Context): Wire => (context.env ?? {}) as Wire;

/**
 * A request header. Behind a socket Node has parsed them already; asking the Request would parse them again,
 * on every request.
 */
export function headerOf(context: Context, name: string): string | undefined {
  const { incoming } = wireOf(context);
  if (!incoming) return context.req.header(name);
  const value = incoming.headers[name];
  // scripts ask for any name, and `constructor` is found in every object
  return typeof value === "string" ? value : Array.isArray(value) ? value.join(", ") : undefined;
}

const SANDBOXES = "/sandboxes/";

/** `/sandboxes/{name}` where a path leads into a sandbox; empty for the server's own world. */
export function baseOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  if (start < 0 || !url.startsWith(SANDBOXES, start)) return "";
  const end = url.indexOf("/", start + SANDBOXES.length);
  return end > 0 && SANDBOX_NAME.test(url.slice(start + SANDBOXES.length, end)) ? url.slice(start, end) : "";
}

/** What leads into a sandbox. */
export const toBase = (sandbox: string): string => SANDBOXES + sandbox;
/** The name of the sandbox that a base leads into. */
export const sandboxOf = (base: string): string => base.slice(SANDBOXES.length);

/** The path of a request as its world sees it: undecoded, without the query and without what leads into a sandbox. */
export function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  if (start < 0) return "/";
  const from = start + baseOf(url).length;
  for (let at = from; at < url.length; at += 1) {
    const code = url.charCodeAt(at);
    if (code === 63 || code === 35) return url.slice(from, at);
  }
  return url.slice(from);
}

/** Where clients reach the server, for links: `--public-url`, or the host that this one asked for. */
export function originOf({ world, context }: Call): string {
  const { publicUrl } = world.parts.config;
  return publicUrl ?? new URL(context.req.url).origin;
}

/** Who asks, as the engine wants to know it. */
export const callerOf = ({ account, direct, context }: Call): Caller => ({
  account,
  direct,
  signal: () => context.req.raw.signal,
  header: (name) => headerOf(context, name),
});
