import type { IncomingMessage } from "node:http";
import type { Context } from "hono";
import type { Caller } from "../engine/inference.ts";
import type { Call } from "./route.ts";

/**
 * A request header. Behind a socket Node has parsed them already; asking the Request would parse them again,
 * on every request.
 */
export function headerOf(context: Context, name: string): string | undefined {
  const incoming = (context.env as { incoming?: IncomingMessage } | undefined)?.incoming;
  if (!incoming) return context.req.header(name);
  const value = incoming.headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}

/** The path of a request, undecoded and without the query. */
export function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  if (start < 0) return "/";
  for (let at = start; at < url.length; at += 1) {
    const code = url.charCodeAt(at);
    if (code === 63 || code === 35) return url.slice(start, at);
  }
  return url.slice(start);
}

/** Who asks, as the engine wants to know it. */
export const callerOf = ({ account, direct, context }: Call): Caller => ({
  account,
  direct,
  signal: () => context.req.raw.signal,
  header: (name) => headerOf(context, name),
});
