import type { Ms } from "../core/time.ts";
import { hostElapsed, hostTimer } from "../engine/clock.ts";
import { limits } from "../engine/config.ts";
import type { Wire } from "./header.ts";

/** While others wait, a body has to come at so many bytes a second, measured over this long (host time). */
const RATE_MIN = 100_000;
const MEASURE_MS: Ms = 5000;
/** How often they are looked at; what goes by between two looks counts for twice that at most: we may have been busy. */
const LOOK_MS: Ms = 250;

let taken = 0;
let isWatching = false;
const inside = new Set<Place>();
const line: { place: Place; bytes: number; go: () => void }[] = [];

function enter(place: Place, bytes: number): void {
  place.bytes = bytes;
  taken += bytes;
  inside.add(place);
}

/** Lets in who is first in line, as long as there is room. One is let in however large it is. */
function letIn(): void {
  while (line[0] && hasRoom(line[0].bytes)) {
    const { place, bytes, go } = line.shift()!;
    enter(place, bytes);
    go();
  }
}

/** While somebody waits, those who hold their place and send too slowly are let go. */
function watch(): void {
  if (isWatching) return;
  isWatching = true;
  const beganAt = hostElapsed();
  hostTimer(LOOK_MS, () => {
    isWatching = false;
    if (line.length === 0) return;
    const stepMs = Math.min(hostElapsed() - beganAt, 2 * LOOK_MS);
    for (const place of inside) place.measure(stepMs);
    watch();
  });
}

const hasRoom = (bytes: number): boolean => taken === 0 || taken + bytes <= limits.bodiesMax;

/** The place of a large body among those that are received now: first come, first served. */
export class Place {
  readonly #wire: Wire;
  bytes = 0;
  #measuredMs: Ms = 0;
  #before = 0;

  /** @param wire where it comes from */
  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /**
   * Waits until there is room; once for each place.
   * @param signal aborted when the client goes @throws what the signal says, when the client goes before
   */
  async take(bytes: number, signal: () => AbortSignal): Promise<void> {
    if (this.bytes > 0) return;
    if (line.length === 0 && hasRoom(bytes)) enter(this, bytes);
    else await this.#stand(bytes, signal());
  }

  #stand(bytes: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const gone = (): void => {
        const at = line.findIndex(({ place }) => place === this);
        if (at >= 0) line.splice(at, 1);
        reject(signal.reason as Error);
        letIn();
      };
      const go = (): void => {
        signal.removeEventListener("abort", gone);
        resolve();
      };
      if (signal.aborted) return gone();
      signal.addEventListener("abort", gone);
      line.push({ place: this, bytes, go });
      watch();
    });
  }

  leave(): void {
    if (!inside.delete(this)) return;
    taken -= this.bytes;
    letIn();
  }

  /** Lets its client go when too little has come. */
  measure(stepMs: Ms): void {
    const { incoming, backlog } = this.#wire;
    if (!incoming || incoming.complete) return;
    if (this.#measuredMs === 0) this.#before = incoming.socket.bytesRead;
    this.#measuredMs += stepMs;
    if (this.#measuredMs < MEASURE_MS) return;
    const rate = ((incoming.socket.bytesRead - this.#before) * 1000) / this.#measuredMs;
    this.#measuredMs = 0;
    if (rate < RATE_MIN) backlog?.drop(incoming.socket, "its body comes too slowly, and others wait");
  }
}
