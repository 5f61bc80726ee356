import { ApiError, suspendedText } from "../core/error.ts";
import { accountName, accountOf } from "../core/name.ts";
import type { Role } from "../schema/identity.ts";
import { PUBLIC_ACCOUNT } from "./catalog.ts";
import type { Identity } from "./identity.ts";
import type { World } from "./world.ts";

/**
 * What a method asks of its caller's role: `identify` shows the caller's own account, `self` changes the user in the
 * path, `manage` is for admins.
 */
export type Need = "infer" | "identify" | "read" | "write" | "self" | "manage";

/**
 * What a reading method may show besides the caller's own account: nothing, the catalogue account and whatever is
 * public in a list over all accounts, or one public resource by its name.
 */
export type Reach = "own" | "catalogue" | "public";

/** What a caller wants to do, for authorization. */
export interface Deed {
  /** The account that it is about; `-` for a list over all accounts. */
  account: string;
  /** The full name of the user in the path, if any. */
  user: string;
  need: Need;
  reach: Reach;
}

const MEMBER: readonly Need[] = ["infer", "identify", "read", "write", "self"];

/** What each role may do; the service documents the names of roles alone (control-plane §1.5), the rest is ours. */
const abilities: Record<Role, readonly Need[]> = {
  admin: [...MEMBER, "manage"],
  user: MEMBER,
  contributor: MEMBER,
  custom: MEMBER,
  "inference-user": ["infer", "identify"],
};

type Who = Pick<Identity, "account" | "role" | "user">;

/** Whether a role has an ability; a role that is not in the table has none. */
export const can = ({ role }: Pick<Who, "role">, need: Need): boolean => abilities[role]?.includes(need) ?? false;

/** With `--auth any` there are no borders between accounts. */
const isOpen = ({ parts: { config } }: World): boolean => config.auth === "any";

const mayReach = (who: Who, { account, reach }: Deed, open: boolean): boolean =>
  open ||
  account === who.account ||
  reach === "public" ||
  (reach === "catalogue" && (account === PUBLIC_ACCOUNT || account === "-"));

/**
 * Whether a caller may do something; what no rule allows is denied.
 * @param open whether every account is open to every caller
 */
export function mayDo(who: Who, deed: Deed, open: boolean): boolean {
  const { account, user, need, reach } = deed;
  if (!mayReach(who, deed, open)) return false;
  // any key may read the catalogue (control-plane §1.1)
  if (account === PUBLIC_ACCOUNT && reach !== "own") return can(who, "identify");
  if (need === "self") return can(who, "manage") || (can(who, "self") && user === who.user);
  return can(who, need);
}

/** The account that a reading method is about: `-` is the caller's own, unless the method lists what is public. */
export const meantAccount = (world: World, who: Who, account: string, reach: Reach): string =>
  account === "-" && reach !== "catalogue" && !isOpen(world) ? who.account : account;

export const deny = (message: string): ApiError => new ApiError("PERMISSION_DENIED", message);

/** @throws ApiError PRECONDITION_FAILED for an account that does not pay */
export function demandActive(world: World, account: string): void {
  const known = world.parts.accounts.get(accountName(account));
  if (known && known.suspendState !== "UNSUSPENDED") throw new ApiError("PRECONDITION_FAILED", suspendedText(account));
}

/**
 * Lets a caller do something or not. Inference finds the model before it looks for a suspension (inference §7.3).
 * @throws ApiError PERMISSION_DENIED, with the empty text that was seen for what belongs to others; PRECONDITION_FAILED
 */
export function authorize(world: World, who: Who, deed: Deed): void {
  if (deed.need !== "infer") demandActive(world, who.account);
  const open = isOpen(world);
  if (mayDo(who, deed, open)) return;
  const isOwn = open || deed.account === who.account;
  throw deny(isOwn ? `role ${who.role} may not do this; ask an admin of the account` : "");
}

/** Whether an account may see and use a resource: its own, a public one, or any where accounts are open. */
export const maySee = (world: World, account: string, name: string, isPublic = false): boolean =>
  isOpen(world) || isPublic || accountOf(name) === account;
