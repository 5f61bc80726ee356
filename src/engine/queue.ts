import type { Ms } from "../core/time.ts";

export interface Timer {
  kind: string;
  name: string;
  at: Ms;
  sequence: number;
}

const isBefore = (left: Timer, right: Timer): boolean =>
  left.at < right.at || (left.at === right.at && left.sequence < right.sequence);

/** Wake-ups by (time, sequence): a binary heap in which a newer timer of the same subject replaces the old one. */
export class TimerQueue {
  #heap: Timer[] = [];
  readonly #current = new Map<string, Timer>();

  get size(): number {
    return this.#current.size;
  }

  set(timer: Timer): void {
    const key = `${timer.kind} ${timer.name}`;
    const known = this.#current.get(key);
    if (known && known.at === timer.at && known.sequence === timer.sequence) return;
    this.#current.set(key, timer);
    this.#push(timer);
    if (this.#heap.length > 64 && this.#heap.length > this.#current.size * 4) this.#rebuild();
  }

  delete(kind: string, name: string): void {
    this.#current.delete(`${kind} ${name}`);
  }

  get(kind: string, name: string): Timer | undefined {
    return this.#current.get(`${kind} ${name}`);
  }

  /** The first timer, left where it is. */
  peek(): Timer | undefined {
    while (this.#heap.length > 0) {
      const first = this.#heap[0]!;
      if (this.#current.get(`${first.kind} ${first.name}`) === first) return first;
      this.#pop();
    }
    return undefined;
  }

  /** Takes the first timer if it is due by `at`. */
  take(at: Ms): Timer | undefined {
    const first = this.peek();
    if (!first || first.at > at) return undefined;
    this.#pop();
    this.#current.delete(`${first.kind} ${first.name}`);
    return first;
  }

  clear(): void {
    this.#heap = [];
    this.#current.clear();
  }

  #rebuild(): void {
    this.#heap = [];
    for (const timer of this.#current.values()) this.#push(timer);
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(timer, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = timer;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}
