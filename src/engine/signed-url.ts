import type { Ms } from "../core/time.ts";
import { HOUR } from "../core/time.ts";
import type { World } from "./world.ts";

/** A signed URL works for so long (ours). */
const SIGNED_FOR = HOUR;

/** What a signed URL allows. */
export interface Grant {
  owner: string;
  file: string;
  method: "PUT" | "GET";
  size: number;
  resumable: boolean;
  expires: Ms;
}

const signedParts = ({ owner, file, method, size, resumable, expires }: Grant) =>
  ["signed-url", owner, file, method, size, resumable, expires] as const;

/** A URL with which one file can be sent or fetched, without a key, for an hour of world time. */
export function signUrl(world: World, origin: string, given: Omit<Grant, "expires">): string {
  const grant = { ...given, expires: world.now + SIGNED_FOR };
  const query = Object.entries(grant).map(([key, value]): [string, string] => [key, String(value)]);
  const signature = world.parts.secret.sign(...signedParts(grant));
  return `${origin}/__emulator/files?${new URLSearchParams([...query, ["signature", signature]]).toString()}`;
}

/** @returns what a signed URL allows, or why it allows nothing */
export function readGrant(world: World, query: (name: string) => string | undefined): Grant | string {
  const text = (name: string): string => query(name) ?? "";
  const grant: Grant = {
    owner: text("owner"),
    file: text("file"),
    method: text("method") === "GET" ? "GET" : "PUT",
    size: Number(text("size")),
    resumable: text("resumable") === "true",
    expires: Number(text("expires")),
  };
  if (!world.parts.secret.verify(text("signature"), ...signedParts(grant))) return "SignatureDoesNotMatch";
  return world.now > grant.expires ? "ExpiredToken" : grant;
}
