import type { Context } from "hono";
import { toHandle } from "../core/deployment/resource.ts";
import { ApiError, texts } from "../core/error.ts";
import { isDirectKey } from "../core/key.ts";
import type { Identity } from "../engine/identity.ts";
import { identify } from "../engine/identity.ts";
import type { DeploymentRecord } from "../core/deployment/record.ts";
import type { World } from "../engine/world.ts";
import { headerOf } from "./header.ts";
import type { Plane } from "./route.ts";

export const DIRECT_DOMAIN = ".direct.fireworks.ai";

/** The key of a request: `Authorization: Bearer` or `X-Api-Key` (control-plane §1.1). Never stored or logged. */
function keyOf(context: Context): string | undefined {
  const bearer = headerOf(context, "authorization");
  if (bearer?.startsWith("Bearer ")) return bearer.slice(7).trim();
  return headerOf(context, "x-api-key");
}

/**
 * Who calls.
 * @throws ApiError 401; for a wrong key on the control plane 403, as seen there (inference §7.2)
 */
export function authenticate(world: World, context: Context, plane: Plane): Identity {
  const key = keyOf(context);
  if (!key) throw new ApiError("UNAUTHORIZED", texts.badKey);
  const identity = identify(world, key);
  if (!identity) throw new ApiError(plane === "control" ? "FORBIDDEN_KEY" : "UNAUTHORIZED", texts.badKey);
  return identity;
}

/** The deployments whose own host name this is, in lower case: `b-c` of account `a` and `c` of `a-b` share one. */
export const deploymentsAt = (world: World, host: string): DeploymentRecord[] =>
  [...world.parts.deployments.values()].filter((record) => toHandle(record).toLowerCase() === host);

/**
 * The deployment whose own host name the client has used, with a key of that deployment's; undefined for other hosts.
 * @throws ApiError 401 for a key that is not the deployment's, 404 for a name that is none
 */
export function authenticateDirect(world: World, context: Context): string | undefined {
  const sent = headerOf(context, "host")?.toLowerCase();
  if (!sent?.includes(DIRECT_DOMAIN)) return undefined;
  // the key says which of them is meant
  const named = deploymentsAt(world, sent.replace(/:\d+$/, ""));
  if (named.length === 0) throw new ApiError("NOT_FOUND", texts.noPath);
  const key = keyOf(context);
  const record = named.find(({ spec }) => key && isDirectKey(key, spec.directRouteApiKeys));
  if (!record) throw new ApiError("UNAUTHORIZED", texts.badKey);
  return record.name;
}
