import type { Ms } from "../core/time.ts";

export interface Timer {
  kind: string;
  name: string;
  at: Ms;
  sequence: number;
}

const isBefore = (left: Timer, right: Timer): boolean =>
  left.at < right.at || (left.at === right.at && left.sequence < right.sequence);

/** A timer in the heap; one that was replaced or deleted stays there, dead, until it comes to the top. */
interface Entry extends Timer {
  isLive: boolean;
  isInHeap: boolean;
}

/** Wake-ups by (time, sequence): a binary heap in which a newer timer of the same subject replaces the old one. */
export class TimerQueue {
  #heap: Entry[] = [];
  /** By kind and name: strings joined into one key would cost more than the heap. */
  readonly #current = new Map<string, Map<string, Entry>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  set({ kind, name, at, sequence }: Timer): void {
    let ofKind = this.#current.get(kind);
    if (!ofKind) this.#current.set(kind, (ofKind = new Map()));
    const known = ofKind.get(name);
    if (known?.isLive && known.at === at && known.sequence === sequence) return;
    if (!known?.isLive) this.#size += 1;
    if (known && !known.isInHeap) {
      // it was taken a moment ago: it can go back as it is
      known.at = at;
      known.sequence = sequence;
      known.isLive = true;
      this.#push(known);
    } else {
      if (known) known.isLive = false;
      const entry = { kind, name, at, sequence, isLive: true, isInHeap: true };
      ofKind.set(name, entry);
      this.#push(entry);
    }
    if (this.#heap.length > 64 && this.#heap.length > this.#size * 4) this.#rebuild();
  }

  delete(kind: string, name: string): void {
    const known = this.get(kind, name) as Entry | undefined;
    this.#current.get(kind)?.delete(name);
    if (!known) return;
    known.isLive = false;
    this.#size -= 1;
  }

  get(kind: string, name: string): Timer | undefined {
    const known = this.#current.get(kind)?.get(name);
    return known?.isLive ? known : undefined;
  }

  /** The first timer, left where it is. */
  peek(): Timer | undefined {
    while (this.#heap.length > 0 && !this.#heap[0]!.isLive) this.#pop();
    return this.#heap[0];
  }

  /** Takes the first timer if it is due by `at`. */
  take(at: Ms): Timer | undefined {
    const first = this.peek() as Entry | undefined;
    if (!first || first.at > at) return undefined;
    this.#pop();
    // it stays in the map, dead: most subjects are about to set the next one
    first.isLive = false;
    this.#size -= 1;
    return first;
  }

  clear(): void {
    this.#heap = [];
    this.#current.clear();
    this.#size = 0;
  }

  #rebuild(): void {
    const live = this.#heap.filter(({ isLive }) => isLive);
    this.#heap = [];
    for (const entry of live) this.#push(entry);
  }

  #push(timer: Entry): void {
    const heap = this.#heap;
    timer.isInHeap = true;
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
    heap[0]!.isInHeap = false;
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
