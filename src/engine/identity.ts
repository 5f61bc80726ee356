import { ApiError, suspendedText } from "../core/error.ts";
import { accountName } from "../core/name.ts";
import { digest } from "../core/random.ts";
import type { Role } from "../schema/identity.ts";
import { parseTimestamp } from "../core/time.ts";
import { PUBLIC_ACCOUNT } from "./catalog.ts";
import { resourcesOf } from "./resources.ts";
import type { World } from "./world.ts";

/** Who calls. */
export interface Identity {
  account: string;
  role: Role;
  /** The user, if it is known; empty otherwise. */
  user: string;
  email: string;
  /** Of a key that was made here; empty for those that always work. */
  keyId: string;
}

/** Before anybody has said who they are. */
export const nobody = (account: string): Identity => ({
  account,
  role: "inference-user",
  user: "",
  email: "",
  keyId: "",
});

/** What is kept of a key. */
export const hashKey = (key: string): string => digest("api-key", key);

const ownerOf = (world: World, account: string): Identity => ({
  account,
  role: "admin",
  user: `${accountName(account)}/users/owner`,
  email: world.parts.accounts.get(accountName(account))?.email ?? "",
  keyId: "",
});

interface KeyHolder {
  hash: string;
  user: string;
}

/** A key that was made here: whose it is, `expired`, or undefined. */
function findMade(world: World, key: string): Identity | "expired" | undefined {
  const keys = resourcesOf(world, "apiKeys");
  if (keys.size === 0) return undefined;
  const hash = hashKey(key);
  for (const { value, hidden } of keys.values()) {
    const { hash: own, user } = hidden as unknown as KeyHolder;
    if (own !== hash) continue;
    const expireTime = value["expireTime"] as string | null;
    if (expireTime !== null && parseTimestamp(expireTime)! <= world.now) return "expired";
    const holder = resourcesOf(world, "users").get(user)?.value;
    return {
      account: user.split("/")[1]!,
      role: (holder?.["role"] ?? "user") as Role,
      user,
      email: String(value["email"]),
      keyId: String(value["keyId"]),
    };
  }
  return undefined;
}

/**
 * Whose a key is. With `--auth any` every key is the owner's of the one account, unless it was made here; otherwise
 * `fw_<account ID>` is the owner's of an account that exists.
 * @returns undefined for a key that does not work
 */
export function identify(world: World, key: string): Identity | undefined {
  const made = findMade(world, key);
  if (made) return made === "expired" ? undefined : made;
  const { auth, account } = world.parts.config;
  if (auth === "any") return ownerOf(world, account);
  const owner = key.startsWith("fw_") ? key.slice(3) : "";
  return owner !== "" && world.parts.accounts.has(accountName(owner)) ? ownerOf(world, owner) : undefined;
}

/** @throws ApiError PRECONDITION_FAILED for an account that does not pay */
export function demandActive(world: World, account: string): void {
  const known = world.parts.accounts.get(accountName(account));
  if (known && known.suspendState !== "UNSUSPENDED") throw new ApiError("PRECONDITION_FAILED", suspendedText(account));
}

/** What a method of the control plane does, as far as it matters who may call it. */
export interface Deed {
  /** The account in the path; `-` for any. */
  account: string;
  /** The user in the path, if any. */
  user: string;
  writes: boolean;
  adminOnly: boolean;
}

const deny = (message: string): ApiError => new ApiError("PERMISSION_DENIED", message);

/**
 * Whether somebody may do it.
 * @throws ApiError PERMISSION_DENIED, with the empty text that was seen for what belongs to others; PRECONDITION_FAILED
 */
export function authorize(world: World, who: Identity, { account, user, writes, adminOnly }: Deed): void {
  demandActive(world, who.account);
  const isOwn = account === who.account || world.parts.config.auth === "any";
  if (!isOwn && (writes || (account !== PUBLIC_ACCOUNT && account !== "-"))) throw deny("");
  if (!writes || who.role === "admin") return;
  if (who.role === "inference-user") throw deny(`role ${who.role} may use inference alone`);
  if (adminOnly && user !== who.user) throw deny(`role ${who.role} may not do this; ask an admin of the account`);
}
