import { limits } from "./config.ts";
import type { WorldParts } from "./parts.ts";

type Parts = Pick<WorldParts, "occurrences" | "lastOccurrenceId" | "store">;

/** How often this content was seen before; counts it. */
export function countOccurrence(parts: Parts, content: string): number {
  const { occurrences, store } = parts;
  let known = occurrences.get(content);
  if (!known) {
    parts.lastOccurrenceId += 1;
    occurrences.set(content, (known = { id: parts.lastOccurrenceId, content, count: 0 }));
    forgetOldest(parts);
  }
  known.count += 1;
  store.setOccurrence(known);
  return known.count - 1;
}

/** Forgets the oldest, many at a time: a map is slow to find its first key where many were deleted. */
function forgetOldest({ occurrences, store, lastOccurrenceId }: Parts): void {
  const most = limits.occurrencesMax;
  if (occurrences.size <= most * 1.01) return;
  for (const { id, content } of occurrences.values()) {
    if (id > lastOccurrenceId - most) break;
    occurrences.delete(content);
  }
  store.dropOccurrences(lastOccurrenceId - most);
}
