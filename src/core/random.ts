import { hash } from "node:crypto";

/** 64 hex digits that depend on every part and on their order. The root of every id and text. */
export function digest(...parts: (string | number)[]): string {
  return hash("sha256", parts.join("\u0000"), "hex");
}

/** 32 hex digits of a digest: enough to tell contents apart, half the room where they are remembered. */
export const shortDigest = (...parts: (string | number)[]): string => digest(...parts).slice(0, 32);

const FNV_PRIME = 0x01000193;

/** A number of 32 bits that depends on every character: quick, for what is not an id (FNV-1a). */
export function hashText(text: string, start = 0, end = text.length): number {
  let value = 0x811c9dc5;
  for (let at = start; at < end; at += 1) value = Math.imul(value ^ text.charCodeAt(at), FNV_PRIME);
  return value >>> 0;
}

/** A hash with one more number in it. */
export function mix(before: number, value: number): number {
  const mixed = Math.imul(before ^ value, FNV_PRIME);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

/** A seeded stream of numbers (sfc32): same digest, same stream. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /**
   * @param seed at least 32 hex digits, as `digest` makes them
   * @param stream tells apart several streams of one seed
   */
  constructor(seed: string, stream = 0) {
    this.#a = Number.parseInt(seed.slice(0, 8), 16) | 0;
    this.#b = Number.parseInt(seed.slice(8, 16), 16) | 0;
    this.#c = Number.parseInt(seed.slice(16, 24), 16) | 0;
    this.#d = (Number.parseInt(seed.slice(24, 32), 16) | 0) + stream;
    // neighbouring streams are alike until their bits have mixed
    if (stream !== 0) for (let turn = 0; turn < 12; turn += 1) this.next();
  }

  /** A whole number in [0, 2^32). */
  next(): number {
    const t = (((this.#a + this.#b) | 0) + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (this.#c << 21) | (this.#c >>> 11);
    this.#c = (this.#c + t) | 0;
    return t >>> 0;
  }

  /** A number in [0, 1). */
  unit(): number {
    return this.next() / 4_294_967_296;
  }

  /** A whole number in [0, bound). */
  below(bound: number): number {
    return Math.floor(this.unit() * bound);
  }

  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

/** 32 hex digits: a seed's own, or those of its nth repetition. */
export function hexOf(seed: string, repetition: number): string {
  if (repetition === 0) return seed.slice(0, 32);
  const random = new Random(seed, repetition);
  const words = Buffer.alloc(16);
  for (let at = 0; at < words.length; at += 4) words.writeUInt32BE(random.next(), at);
  return words.toString("hex");
}

export const ALPHANUMERIC = "abcdefghijklmnopqrstuvwxyz0123456789";

/** Lowercase letters and digits, as generated resource IDs use them. */
export function alphanumeric(seed: string, length: number): string {
  const random = new Random(seed);
  return Array.from({ length }, () => ALPHANUMERIC[random.below(36)]).join("");
}

/** The first 32 digits as a dashed UUID (version 4 in form). */
export function toUuid(seed: string): string {
  return `${seed.slice(0, 8)}-${seed.slice(8, 12)}-4${seed.slice(13, 16)}-a${seed.slice(17, 20)}-${seed.slice(20, 32)}`;
}
