import { BLOCK_TOKENS } from "../core/codec/prompt.ts";
import type { CacheWish } from "../core/codec/request.ts";
import { PromptCache } from "../core/deployment/prompt-cache.ts";
import { hashText, mix } from "../core/random.ts";
import type { Caller } from "./inference.ts";
import type { World } from "./world.ts";

/** A prompt as the cache sees it, and what its client wants of it. */
export interface CachedPrompt {
  blocks: readonly (readonly number[])[];
  wish: CacheWish;
}

/** Headers that send requests of one session to one replica (inference §1.3). */
const AFFINITY_HEADERS = ["x-session-affinity", "x-multi-turn-session-id", "x-claude-code-session-id"];

/** What a request is sent to its replica by, if anything. */
export function affinityOf({ key }: CacheWish, caller: Caller): string | undefined {
  for (const name of AFFINITY_HEADERS) {
    const value = caller.header(name);
    if (value !== undefined) return value;
  }
  return key;
}

function cacheOf(world: World, scope: string, ready: readonly { number: number }[], replica: number): PromptCache {
  const { promptCaches } = world.parts;
  let cache = promptCaches.get(scope);
  if (!cache) promptCaches.set(scope, (cache = new PromptCache()));
  if (!cache.has(replica)) cache.keepOnly(ready);
  return cache;
}

/**
 * Remembers a prompt on its replica.
 * @param scope the deployment, the deployment and a guest, or the account and model on the shared service
 * @returns how many of its tokens were remembered already
 */
export function recallPrompt(
  world: World,
  scope: string,
  ready: readonly { number: number }[],
  replica: number,
  prompt: CachedPrompt,
  caller: Caller,
): number {
  const { blocks: prompts, wish } = prompt;
  const most = Math.floor(wish.most / BLOCK_TOKENS);
  if (world.parts.config.promptCache === "off" || prompts.length === 0 || most < 1) return 0;
  const isolation = caller.header("x-prompt-cache-isolation-key") ?? wish.isolation;
  const salt = isolation === undefined ? undefined : hashText(isolation);
  const cache = cacheOf(world, scope, ready, replica);
  let found = 0;
  for (const all of prompts) {
    const blocks = most < all.length ? all.slice(0, most) : all;
    found += cache.recall(replica, salt === undefined ? blocks : blocks.map((block) => mix(block, salt)));
  }
  world.parts.store.putDocument("prompt-cache", scope, cache);
  return found * BLOCK_TOKENS;
}

/** What an account that is not its owner has asked of a deployment. */
export const guestScope = (deployment: string, account: string): string => `${deployment} ${account}`;

/** Forgets what was asked of a deployment, by its owner and by guests. */
export function dropPromptCache({ parts }: World, deployment: string): void {
  for (const scope of parts.promptCaches.keys())
    if (scope === deployment || scope.startsWith(guestScope(deployment, "")))
      if (parts.promptCaches.delete(scope)) parts.store.dropDocument("prompt-cache", scope);
}
