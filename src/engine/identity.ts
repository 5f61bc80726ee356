import { hashKey } from "../core/key.ts";
import { accountName } from "../core/name.ts";
import type { Role } from "../schema/identity.ts";
import { parseTimestamp } from "../core/time.ts";
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

/** A key that was made here: whose it is, or that it no longer works; undefined for other keys. */
function findMade(world: World, key: string): Identity | "invalid" | undefined {
  const keys = resourcesOf(world, "apiKeys");
  if (keys.size === 0) return undefined;
  const hash = hashKey(key);
  for (const { value, hidden } of keys.values()) {
    const { hash: own, user } = hidden as unknown as KeyHolder;
    if (own !== hash) continue;
    const expireTime = value["expireTime"] as string | null;
    if (expireTime !== null && parseTimestamp(expireTime)! <= world.now) return "invalid";
    const holder = resourcesOf(world, "users").get(user)?.value;
    if (!holder) return "invalid";
    return {
      account: user.split("/")[1]!,
      role: holder["role"] as Role,
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
  if (made) return made === "invalid" ? undefined : made;
  const { auth, account } = world.parts.config;
  if (auth === "any") return ownerOf(world, account);
  const owner = key.startsWith("fw_") ? key.slice(3) : "";
  return owner !== "" && world.parts.accounts.has(accountName(owner)) ? ownerOf(world, owner) : undefined;
}
