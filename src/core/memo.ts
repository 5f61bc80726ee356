/**
 * Remembers the results of a pure function of a text, from the second time that it is asked for: the most recently
 * used ones, up to a count and a length. What never comes again is garbage at once.
 */
export class Memo<T> {
  readonly #known = new Map<string, T>();
  readonly #seen = new Set<string>();
  readonly #entriesMax: number;
  readonly #lengthMax: number;

  constructor(entriesMax: number, lengthMax: number) {
    this.#entriesMax = entriesMax;
    this.#lengthMax = lengthMax;
  }

  /** @param make is told whether its result will be remembered */
  get(text: string, make: (text: string, again: boolean) => T): T {
    if (text.length > this.#lengthMax) return make(text, false);
    const known = this.#known.get(text);
    if (known === undefined && !this.#isSeen(text)) return make(text, false);
    const value = known ?? make(text, true);
    if (known !== undefined) this.#known.delete(text);
    else if (this.#known.size >= this.#entriesMax) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(text, value);
    return value;
  }

  /** Whether it was asked for before, as far back as is remembered. */
  #isSeen(text: string): boolean {
    if (this.#seen.delete(text)) return true;
    if (this.#seen.size >= this.#entriesMax) this.#seen.clear();
    this.#seen.add(text);
    return false;
  }
}
