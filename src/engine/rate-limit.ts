import { ApiError, usualText } from "../core/error.ts";
import type { Ms } from "../core/time.ts";
import { MINUTE } from "../core/time.ts";
import { limitOf } from "./count-quotas.ts";
import type { World } from "./world.ts";

/** What an account may do on the shared service in a minute (inference §9): documented, without their growth. */
const PROMPT_TOKENS_PER_MINUTE = 3_600_000;
const GENERATED_TOKENS_PER_MINUTE = 36_000;

/** A deployment has none, only its capacity; the shared service may have none either. */
export const NO_LIMITS: Record<string, string> = {};

/** What an account has done with one model in one minute of world time; requests are counted over all its models. */
export interface RateWindow {
  minute: number;
  requests: number;
  promptTokens: number;
  generatedTokens: number;
}

const minuteOf = (at: Ms): number => Math.floor(at / MINUTE);

function windowOf(world: World, name: string): RateWindow {
  const minute = minuteOf(world.now);
  const known = world.parts.rateWindows.get(name);
  if (known?.minute === minute) return known;
  const fresh: RateWindow = { minute, requests: 0, promptTokens: 0, generatedTokens: 0 };
  world.parts.rateWindows.set(name, fresh);
  return fresh;
}

/** Requests of an account on the shared service this minute, as far as they are counted. */
export const countRequests = (world: World, account: string): number => {
  const known = world.parts.rateWindows.get(account);
  return known?.minute === minuteOf(world.now) ? known.requests : 0;
};

const isOn = ({ parts: { config } }: World): boolean =>
  config.rateLimits === "auto" ? config.profile === "realistic" : config.rateLimits === "on";

const left = (limit: number, used: number): string => String(Math.max(limit - used, 0));

/**
 * Counts a request on the shared service.
 * @returns its headers (inference §8.1); none where limits are off
 * @throws ApiError RATE_LIMIT_EXCEEDED once the minute is used up; what was generated before counts, not what would be
 */
export function countRate(
  world: World,
  account: string,
  model: string,
  promptTokens: number,
  generatedTokens: number,
): Record<string, string> {
  if (!isOn(world)) return NO_LIMITS;
  const requestsMax = limitOf(world, account, "serverless-inference-rpm");
  const [all, own] = [windowOf(world, account), windowOf(world, `${account} ${model}`)];
  const isOver =
    all.requests >= requestsMax ||
    own.promptTokens + promptTokens > PROMPT_TOKENS_PER_MINUTE ||
    own.generatedTokens >= GENERATED_TOKENS_PER_MINUTE;
  if (isOver) throw new ApiError("RATE_LIMIT_EXCEEDED", usualText("RATE_LIMIT_EXCEEDED"));
  all.requests += 1;
  own.promptTokens += promptTokens;
  own.generatedTokens += generatedTokens;
  for (const name of [account, `${account} ${model}`])
    world.parts.store.putDocument("rate", name, world.parts.rateWindows.get(name)!);
  return {
    "x-ratelimit-limit-requests": String(requestsMax),
    "x-ratelimit-remaining-requests": left(requestsMax, all.requests),
    "x-ratelimit-limit-tokens-prompt": String(PROMPT_TOKENS_PER_MINUTE),
    "x-ratelimit-remaining-tokens-prompt": left(PROMPT_TOKENS_PER_MINUTE, own.promptTokens),
    "x-ratelimit-limit-tokens-generated": String(GENERATED_TOKENS_PER_MINUTE),
    "x-ratelimit-remaining-tokens-generated": left(GENERATED_TOKENS_PER_MINUTE, own.generatedTokens),
    "x-ratelimit-over-limit": "no",
  };
}
