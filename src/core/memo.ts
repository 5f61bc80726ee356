/** Remembers the results of a pure function of a text: the most recently used ones, up to a count and a length. */
export class Memo<T> {
  readonly #known = new Map<string, T>();
  readonly #entriesMax: number;
  readonly #lengthMax: number;

  constructor(entriesMax: number, lengthMax: number) {
    this.#entriesMax = entriesMax;
    this.#lengthMax = lengthMax;
  }

  get(text: string, make: (text: string) => T): T {
    if (text.length > this.#lengthMax) return make(text);
    let value = this.#known.get(text);
    if (value === undefined) {
      value = make(text);
      if (this.#known.size >= this.#entriesMax) this.#known.delete(this.#known.keys().next().value!);
    } else this.#known.delete(text);
    this.#known.set(text, value);
    return value;
  }
}
