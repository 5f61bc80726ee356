import type { Context } from "hono";
import { ApiError, texts } from "../core/error.ts";
import { accountName } from "../core/name.ts";
import type { World } from "../engine/world.ts";
import { headerOf } from "./header.ts";
import type { Plane } from "./route.ts";

/** The key of a request: `Authorization: Bearer` or `X-Api-Key` (control-plane §1.1). Never stored or logged. */
export function keyOf(context: Context): string | undefined {
  const bearer = headerOf(context, "authorization");
  if (bearer?.startsWith("Bearer ")) return bearer.slice(7).trim();
  return headerOf(context, "x-api-key");
}

/**
 * The caller's account ID.
 * @throws ApiError 401; for a wrong key on the control plane 403, as seen there (inference §7.2)
 */
export function authenticate(world: World, context: Context, plane: Plane): string {
  const { auth, account } = world.parts.config;
  const key = keyOf(context);
  if (!key) throw new ApiError("UNAUTHORIZED", texts.badKey);
  if (auth === "any") return account;
  const owner = key.startsWith("fw_") ? key.slice(3) : "";
  if (owner !== "" && world.parts.accounts.has(accountName(owner))) return owner;
  throw new ApiError(plane === "control" ? "FORBIDDEN_KEY" : "UNAUTHORIZED", texts.badKey);
}
