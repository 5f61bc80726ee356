/** Choices from a seed: the same seed makes the same choices (mulberry32). */
export class Random {
  #state;

  /** @param {number | string} seed */
  constructor(seed) {
    let hash = 2166136261;
    for (const letter of String(seed)) hash = Math.imul(hash ^ letter.charCodeAt(0), 16777619);
    this.#state = hash >>> 0;
  }

  /** Choices of their own for a part of the work, whatever the other parts choose meanwhile. */
  fork(name) {
    return new Random(`${this.#state} ${name}`);
  }

  /** In [0, 1). */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  below(count) {
    return Math.floor(this.next() * count);
  }

  between(low, high) {
    return low + this.next() * (high - low);
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  chance(share) {
    return this.next() < share;
  }

  word(length = 6) {
    return Array.from({ length }, () => this.pick("abcdefghijklmnopqrstuvwxyz")).join("");
  }

  bytes(length) {
    const buffer = Buffer.alloc(length);
    for (let at = 0; at + 4 <= length; at += 4) buffer.writeUInt32LE(Math.floor(this.next() * 2 ** 32), at);
    return buffer;
  }
}
