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

  get(text: string, make: (text: string) => T): T {
    if (text.length > this.#lengthMax) return make(text);
    const known = this.#known.get(text);
    const value = known ?? make(text);
    if (known !== undefined) this.#known.delete(text);
    else if (!this.#isSeen(text)) return value;
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
