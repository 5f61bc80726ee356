import { z } from "zod";
import { span, time } from "./control.ts";
import { acceleratorType, multiRegion, precision, region } from "./hardware.ts";
import { int32, output, timestamp } from "./wire.ts";

/** The hardware, as the emulator's own API shows and changes it. */

const pool = z.object({ region, acceleratorType, total: z.int(), reserved: z.int(), inUse: z.int() });
export const fleetResult = z.object({ unlimited: z.boolean(), pools: z.array(pool), waiting: z.array(z.string()) });
export const fleetPatch = z.strictObject({
  unlimited: z.boolean().optional(),
  pools: z.array(z.strictObject({ region, acceleratorType, total: z.int().min(0).max(1_000_000) })).optional(),
});

const id = z
  .string()
  .regex(/^[a-z0-9-]{1,63}$/)
  .optional();

export const stockoutBody = z.strictObject({
  id,
  acceleratorType: acceleratorType.optional().describe("Any type when left out."),
  region: region.optional().describe("Any region when left out."),
  startsIn: span.optional().describe("Now when left out."),
  duration: span.optional().describe("Until it is deleted when left out."),
  takesReplicas: z.boolean().optional().describe("Running replicas are lost too, as when a region fails."),
});
export const stockout = z.object({
  id: z.string(),
  acceleratorType: acceleratorType.nullable(),
  region: region.nullable(),
  startTime: time,
  endTime: time.nullable(),
  takesReplicas: z.boolean(),
  active: z.boolean(),
});

/** Reserved capacity as the service shows it (control-plane §1.3; the official schema's gatewayReservation). */
export const reservation = z.object({
  name: output(z.string()),
  displayName: z.string(),
  description: z.string(),
  createTime: output(timestamp),
  createdBy: output(z.string()),
  region,
  multiRegion,
  acceleratorType,
  reservedCount: int32,
  startTime: timestamp,
  endTime: timestamp,
  updateTime: output(timestamp),
});

export const reservationBody = z
  .strictObject({
    id,
    account: z.string().optional().describe("The emulator's own account when left out."),
    acceleratorType,
    region: region.optional(),
    multiRegion: multiRegion.optional(),
    reservedCount: z.int().positive().max(1_000_000),
    startsIn: span.optional().describe("Now when left out."),
    duration: span.optional().describe("Until it is deleted when left out."),
  })
  .refine(
    (body) => (body.region === undefined) !== (body.multiRegion === undefined),
    "give exactly one of region, multiRegion",
  );

/** What one replica can do, as the capacity model has it. */
const capacityRow = z.object({
  acceleratorType,
  acceleratorCount: z.int(),
  precision,
  concurrency: z.int().describe("Requests served at a time; as many again may wait."),
  prefillTokensPerSecond: z.number(),
  decodeTokensPerSecondAlone: z.number().describe("Of one request alone on the replica."),
  decodeTokensPerSecondFull: z.number().describe("Of each request when the replica is full."),
  requestsPerSecond: z.number().describe("At full width, of 500 prompt and 100 generated tokens."),
});
export const capacityQuery = z.object({
  model: z.string().optional().describe("Full name, or the ID of a public model."),
});
export const capacityResult = z.object({ model: z.string(), capacities: z.array(capacityRow) });
