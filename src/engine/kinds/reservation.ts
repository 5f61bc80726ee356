import { Table } from "../../core/list/table.ts";
import { accountOf } from "../../core/name.ts";
import { reservation } from "../../schema/fleet.ts";
import type { Kind } from "../registry.ts";
import { reservationsOf } from "../reservations.ts";

/** Reserved capacity of an account; it is bought outside the API (control-plane §1.3, §3.11). */
export const reservationKind: Kind = {
  collection: "reservations",
  type: "Reservation",
  schema: reservation,
  defaultOrder: "name",
  all: (world, call) => [new Table(reservationsOf(world, call.account))],
  find: (world, name) => reservationsOf(world, accountOf(name)).find((each) => each["name"] === name),
};
