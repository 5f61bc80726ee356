import { z } from "zod";
import { toReservation } from "../engine/reservations.ts";
import { addReservation } from "../engine/reservations.ts";
import { endTerm } from "../engine/terms.ts";
import * as schema from "../schema/fleet.ts";
import { collectionRoutes, parseSpanOf } from "./collection.ts";
import type { Route } from "./route.ts";

const item = schema.reservation.extend({ id: z.string() });

/** The service sells reservations by contract; here they are made by a call. */
export const reservationRoutes = (): Route[] =>
  collectionRoutes({
    name: "reservations",
    tag: "Fleet",
    words: {
      many: "reservations of all accounts",
      one: "a reservation",
      make: "Set GPUs aside for an account, out of reach of stockouts",
    },
    item,
    body: schema.reservationBody,
    list: (world) =>
      [...world.parts.fleet.reservations.values()].map(
        (reservation) => ({ id: reservation.id, ...toReservation(reservation, "") }) as z.infer<typeof item>,
      ),
    create: (world, body) => {
      const startsIn = parseSpanOf("startsIn", body.startsIn) ?? 0;
      const reservation = addReservation(world, body, startsIn, parseSpanOf("duration", body.duration));
      return { id: reservation.id, ...toReservation(reservation, "") } as z.infer<typeof item>;
    },
    remove: (world, ids) =>
      world.change(() => {
        for (const id of ids) endTerm(world, "reservation", id);
      }),
  });
