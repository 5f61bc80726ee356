import type { Server } from "node:http";
import type { Socket } from "node:net";
import type { Ms } from "../core/time.ts";
import { hostElapsed, hostTimer } from "../engine/clock.ts";
import { limits } from "../engine/config.ts";
import { turnMs, turnOver } from "./turn.ts";

/** How often all connections are looked at, while there are any. */
const LOOK_MS = 100;
/** What goes by between two looks counts for no more than this: while we were busy, nobody could read. */
const STEP_MAX_MS = 2 * LOOK_MS;
/** Requests are answered for this long before the answers are written and counted. */
const TURN_MAX_MS = 10;
/** After some had to wait, so many are let in together: at first, and this many times more while they take no time. */
const BATCH_MIN = 1;
const BATCH_GROWTH = 4;

/** A connection, and what its client has not taken yet. */
interface Peer {
  socket: Socket;
  /** Bytes that an answer still holds for it, beside those that are written. */
  owed: () => number;
  /** Bytes unsent at the last look. */
  unsent: number;
  /** Bytes that the system had taken from us at the last look. */
  sent: number;
  /** How long something has been unsent, and what had been sent when that began. */
  behindMs: Ms;
  sentBefore: number;
  /** How long nothing has moved. */
  stillMs: Ms;
}

const nothing = (): number => 0;

/** Bytes that the system has taken. A long write is seen moving only at the handle, where Node's own timeout looks. */
function sentOf(socket: Socket): number {
  const { _handle: handle } = socket as { _handle?: { bytesWritten: number; writeQueueSize: number } | null };
  return handle ? handle.bytesWritten - handle.writeQueueSize : socket.bytesWritten - socket.writableLength;
}

/** How long the rest would take at the rate so far: of the worst, the longest. */
const restOf = ({ unsent, sent, sentBefore, behindMs }: Peer): number => (unsent * behindMs) / (sent - sentBefore + 1);

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
const seconds = (ms: Ms): string => `${(ms / 1000).toFixed(0)} s`;

/**
 * What clients have asked for and do not read. It is bounded for each connection and for the process: whoever stands
 * still goes, and while there is too much no further answer is composed.
 */
export class Backlog {
  readonly #peers = new Map<Socket, Peer>();
  readonly #report: (reason: string) => void;
  readonly #waiting: (() => void)[] = [];
  #countedAt: Ms = 0;
  #isLooking = false;
  #isLettingIn = false;
  #isFull = false;

  /** @param report is called with the reason for each connection that is dropped */
  constructor(server: Server, report: (reason: string) => void) {
    this.#report = report;
    server.on("connection", (socket: Socket) => {
      const peer = { unsent: 0, sent: 0, behindMs: 0, sentBefore: 0, stillMs: 0 };
      this.#peers.set(socket, { socket, owed: nothing, ...peer });
      socket.once("close", () => this.#peers.delete(socket));
      this.#look();
    });
  }

  /** An answer that is written piece by piece holds what is not written yet. @returns says that it has ended */
  owe(socket: Socket | null, owed: () => number): () => void {
    const peer = socket && this.#peers.get(socket);
    if (!peer) return nothing;
    peer.owed = owed;
    return () => (peer.owed = nothing);
  }

  /** Before an answer is composed. @returns undefined where there is room for it */
  admit(): Promise<void> | undefined {
    if (!this.#isFull && this.#waiting.length === 0 && turnMs() < TURN_MAX_MS) return undefined;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (!this.#isLettingIn) void this.#letIn();
    });
  }

  /** Lets in those who wait, as many at a time as a turn has time for. */
  async #letIn(): Promise<void> {
    this.#isLettingIn = true;
    for (let batch = BATCH_MIN; this.#waiting.length > 0;) {
      await turnOver();
      // what was composed is written by now
      await turnOver();
      this.count();
      if (this.#isFull) {
        await new Promise<void>((resolve) => hostTimer(LOOK_MS, resolve));
        continue;
      }
      const beganAt = hostElapsed();
      for (const go of this.#waiting.splice(0, batch)) go();
      await turnOver();
      batch = hostElapsed() - beganAt < TURN_MAX_MS ? batch * BATCH_GROWTH : BATCH_MIN;
    }
    this.#isLettingIn = false;
  }

  #look(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    hostTimer(LOOK_MS, () => {
      this.#isLooking = false;
      this.count();
      if (this.#peers.size > 0) this.#look();
    });
  }

  /** Looks at all connections, and drops those that must go. */
  count(): void {
    const now = hostElapsed();
    const stepMs = Math.min(now - this.#countedAt, STEP_MAX_MS);
    this.#countedAt = now;
    let total = 0;
    const behind: Peer[] = [];
    for (const peer of this.#peers.values()) {
      if (!measure(peer, stepMs)) continue;
      total += peer.unsent;
      behind.push(peer);
    }
    for (const peer of behind) {
      if (peer.unsent <= limits.unsentEachMax || peer.stillMs < limits.unsentStillMs) continue;
      total -= this.#drop(peer, `it has read nothing for ${seconds(peer.stillMs)}`);
    }
    if (total > limits.unsentMax) total -= this.#shed(behind, total - limits.unsentMax);
    this.#isFull = total > limits.unsentMax;
  }

  /** Drops those who stand still, the largest first; where for long nobody does and others wait, the slowest. */
  #shed(behind: Peer[], tooMuch: number): number {
    const { unsentGraceMs: grace } = limits;
    const left = behind.filter(({ socket }) => !socket.destroyed);
    const still = left.filter(({ stillMs }) => stillMs >= grace).sort((a, b) => b.unsent - a.unsent);
    const isPatient = this.#waiting.length === 0 || left.some(({ behindMs }) => behindMs < 2 * grace);
    const slowest = isPatient ? [] : left.sort((a, b) => restOf(b) - restOf(a)).slice(0, 1);
    let freed = 0;
    for (const peer of still.length > 0 ? still : slowest) {
      if (freed >= tooMuch) break;
      freed += this.#drop(peer, `all connections together have more than ${megabytes(limits.unsentMax)}`);
    }
    return freed;
  }

  #drop({ socket, unsent }: Peer, why: string): number {
    this.drop(socket, `${megabytes(unsent)} unsent, and ${why}`);
    return unsent;
  }

  drop(socket: Socket, reason: string): void {
    this.#report(reason);
    socket.destroy();
  }
}

/** @returns whether something is unsent */
function measure(peer: Peer, stepMs: Ms): boolean {
  const { socket, unsent: before } = peer;
  peer.unsent = socket.destroyed ? 0 : socket.writableLength + peer.owed();
  if (peer.unsent === 0) return false;
  const sent = sentOf(socket);
  if (before === 0) Object.assign(peer, { behindMs: 0, sentBefore: sent, sent, stillMs: 0 });
  else {
    peer.behindMs += stepMs;
    peer.stillMs = sent === peer.sent ? peer.stillMs + stepMs : 0;
    peer.sent = sent;
  }
  return true;
}
