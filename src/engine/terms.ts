import { notFound } from "../core/error.ts";
import type { Reservation, Stockout } from "./fleet.ts";
import { isInForce, reservationText, stockoutText } from "./fleet.ts";
import type { World } from "./world.ts";

/** Facts of the fleet that begin at a time and may end at one; each has a timer for its next turn. */
export interface Terms {
  stockout: Stockout;
  reservation: Reservation;
}
export type TermKind = keyof Terms;

const rows: {
  [K in TermKind]: {
    all: (world: World) => Map<string, Terms[K]>;
    text: (term: Terms[K]) => string;
    /** What it does to the fleet when it begins. */
    begin: (world: World, term: Terms[K]) => void;
  };
} = {
  stockout: {
    all: (world) => world.parts.fleet.stockouts,
    text: stockoutText,
    begin: (world, stockout) => world.strike(stockout),
  },
  reservation: {
    all: (world) => world.parts.fleet.reservations,
    text: reservationText,
    begin: (world) => world.moveLine(),
  },
};

/** Takes a term in, or goes on with it: saved with the time of its next turn, in force when its time has come. */
export function addTerm<K extends TermKind>(world: World, kind: K, term: Terms[K]): void {
  const { all, begin } = rows[kind];
  const { id, sequence, startAt, endAt } = term;
  all(world).set(id, term);
  const at = startAt > world.now ? startAt : endAt;
  const timer = at === null ? undefined : { at, sequence };
  if (timer) world.parts.queue.set({ kind, name: id, ...timer });
  world.parts.store.putDocument(kind, id, term, timer);
  if (isInForce(term, world.now)) begin(world, term);
}

/** Ends a term, at its time or before it. @throws ApiError NOT_FOUND */
export function endTerm(world: World, kind: TermKind, id: string): void {
  if (!rows[kind].all(world).delete(id)) throw notFound();
  world.parts.queue.delete(kind, id);
  world.parts.store.dropDocument(kind, id);
  world.moveLine();
}

/** A term's timer is due: it begins, or it is over. */
export function turnTerm(world: World, kind: TermKind, id: string): void {
  const { all, text } = rows[kind] as (typeof rows)["stockout"];
  const term = all(world).get(id);
  if (!term) return;
  const isOver = term.endAt !== null && term.endAt <= world.now;
  const [from, to] = isOver ? ["active", "over"] : ["scheduled", "active"];
  world.log.note(world.now, "", kind, from!, to!, text(term));
  if (isOver) endTerm(world, kind, id);
  else addTerm(world, kind, term);
}
