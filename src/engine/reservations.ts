import type { z } from "zod";
import { ApiError, invalid } from "../core/error.ts";
import type { Json } from "../core/list/field.ts";
import { accountName, isAccountId, resourceName } from "../core/name.ts";
import type { Ms } from "../core/time.ts";
import { toTimestamp } from "../core/time.ts";
import type { reservationBody } from "../schema/fleet.ts";
import type { Reservation } from "./fleet.ts";
import { addTerm } from "./terms.ts";
import type { World } from "./world.ts";

/** A reservation as the service shows it. */
export const toReservation = (reservation: Reservation, email: string): Json => ({
  name: resourceName(reservation.account, "reservations", reservation.id),
  displayName: "",
  description: "",
  createTime: toTimestamp(reservation.createdAt),
  createdBy: email,
  region: reservation.region ?? "REGION_UNSPECIFIED",
  multiRegion: reservation.multiRegion ?? "MULTI_REGION_UNSPECIFIED",
  acceleratorType: reservation.acceleratorType,
  reservedCount: reservation.reservedCount,
  startTime: toTimestamp(reservation.startAt),
  endTime: reservation.endAt === null ? null : toTimestamp(reservation.endAt),
  updateTime: toTimestamp(reservation.createdAt),
});

/** Reservations of one account. */
export function reservationsOf(world: World, account: string): Json[] {
  const email = world.parts.accounts.get(accountName(account))?.email ?? "";
  return [...world.parts.fleet.reservations.values()]
    .filter((reservation) => reservation.account === account)
    .map((reservation) => toReservation(reservation, email));
}

/**
 * Sets GPUs aside for an account. Who holds them now keeps them; they come to the account as they are given back.
 * @throws ApiError INVALID_ARGUMENT, ALREADY_EXISTS, FAILED_PRECONDITION when there is not so much hardware
 */
export function addReservation(
  world: World,
  body: z.infer<typeof reservationBody>,
  startsIn: Ms,
  duration: Ms | undefined,
): Reservation {
  return world.change((now) => {
    const { fleet } = world.parts;
    const { acceleratorType, region, multiRegion, reservedCount } = body;
    const account = body.account ?? world.parts.config.account;
    if (!isAccountId(account)) throw invalid(`account: invalid account ID "${account}"`);
    const sequence = world.nextSequence();
    const id = body.id ?? `reservation-${sequence}`;
    if (fleet.reservations.has(id)) throw new ApiError("ALREADY_EXISTS", `reservation ${id} already exists`);
    const holdings = fleet.spread(account, acceleratorType, reservedCount, { region, multiRegion });
    const found = holdings.reduce((sum, { gpus }) => sum + gpus, 0);
    if (found < reservedCount)
      throw new ApiError(
        "FAILED_PRECONDITION",
        `only ${found} of ${reservedCount} ${acceleratorType} in ${region ?? multiRegion} are not reserved yet`,
      );
    const startAt = now + startsIn;
    const reservation: Reservation = {
      id,
      sequence,
      account,
      acceleratorType,
      region: region ?? null,
      multiRegion: multiRegion ?? null,
      reservedCount,
      createdAt: now,
      startAt,
      endAt: duration === undefined ? null : startAt + duration,
      holdings,
    };
    addTerm(world, "reservation", reservation);
    return reservation;
  });
}
