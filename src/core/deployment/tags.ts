import { ApiError, invalid } from "../error.ts";

/** Tags are annotations whose keys begin so (control-plane §2.5). */
const PREFIX = "custom/";
const TAGS_MAX = 64;
const KEY_MAX = 128;
const VALUE_MAX = 128;
const LOGICAL = /^[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,119}[A-Za-z0-9])?$/;

type Tags = Record<string, string>;

function checkKey(key: string): void {
  if (!key.startsWith(PREFIX)) throw new ApiError("PERMISSION_DENIED", `tag key "${key}" must start with ${PREFIX}`);
  if (key.length > KEY_MAX || !LOGICAL.test(key.slice(PREFIX.length))) throw invalid(`invalid tag key "${key}"`);
}

function checkValue(key: string, value: string): void {
  const { length } = Array.from(value);
  if (length === 0 || length > VALUE_MAX || value.trim() !== value || /\p{Cc}/u.test(value))
    throw invalid(
      `invalid value of tag "${key}": 1 to ${VALUE_MAX} characters, no control characters, no space around`,
    );
}

/** @throws ApiError PERMISSION_DENIED for keys that are not the client's, INVALID_ARGUMENT */
export function setTags(before: Tags, tags: Tags): Tags {
  for (const [key, value] of Object.entries(tags)) {
    checkKey(key);
    checkValue(key, value);
  }
  const after = { ...before, ...tags };
  if (Object.keys(after).length > TAGS_MAX) throw invalid(`a deployment has at most ${TAGS_MAX} tags`);
  return after;
}

export function deleteTags(before: Tags, keys: readonly string[]): Tags {
  for (const key of keys) checkKey(key);
  return Object.fromEntries(Object.entries(before).filter(([key]) => !keys.includes(key)));
}
