/** Blocks that a replica remembers; the least recently used go first (ours). */
const BLOCKS_MAX = 4096;

/** The prompts that the replicas of one deployment remember, or the shared service for one model. */
export class PromptCache {
  readonly #replicas: Map<number, Set<number>>;

  /** @param saved what `toJSON` gave */
  constructor(saved: readonly [replica: number, blocks: number[]][] = []) {
    this.#replicas = new Map(saved.map(([replica, blocks]) => [replica, new Set(blocks)]));
  }

  /** Remembers a prompt. @returns how many of its first blocks were known */
  recall(replica: number, blocks: readonly number[]): number {
    let known = this.#replicas.get(replica);
    if (!known) this.#replicas.set(replica, (known = new Set()));
    let found = 0;
    while (found < blocks.length && known.has(blocks[found]!)) found += 1;
    // the beginning is used last: it is of use without the end, but not the other way round
    for (const block of blocks.slice(0, BLOCKS_MAX).toReversed()) {
      known.delete(block);
      known.add(block);
    }
    for (const block of known) {
      if (known.size <= BLOCKS_MAX) break;
      known.delete(block);
    }
    return found;
  }

  /** Forgets replicas that are gone. */
  keepOnly(replicas: readonly { number: number }[]): void {
    for (const number of this.#replicas.keys())
      if (!replicas.some((replica) => replica.number === number)) this.#replicas.delete(number);
  }

  has(replica: number): boolean {
    return this.#replicas.has(replica);
  }

  toJSON(): [number, number[]][] {
    return [...this.#replicas].map(([replica, blocks]) => [replica, [...blocks]]);
  }
}
