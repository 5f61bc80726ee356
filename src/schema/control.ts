import { z } from "zod";
import { acceleratorType, region } from "./hardware.ts";

/** The emulator's own API, under `/__emulator`. Times are RFC 3339, spans Go-style (`90s`, `1h30m`, `7d`). */

const span = z.string().describe("A span such as `90s`, `1h30m` or `7d`.");
const time = z.string().meta({ format: "date-time" });

const clockMode = z.enum(["real", "manual", "skip"]);
export const clockBody = z.object({ now: time, mode: clockMode, rate: z.number(), nextEventTime: time.nullable() });
export const clockPatch = z.strictObject({
  mode: clockMode.optional(),
  rate: z.number().positive().max(1e6).optional(),
});

const advanceKeys = ["by", "to", "until"] as const;
export const advanceBody = z
  .strictObject({ by: span.optional(), to: time.optional(), until: z.enum(["settled", "nextEvent"]).optional() })
  .refine(
    (body) => advanceKeys.filter((key) => body[key] !== undefined).length === 1,
    "give exactly one of by, to, until",
  );

export const event = z.object({
  id: z.int(),
  time,
  deployment: z.string(),
  type: z.string().describe("state, desired, replica or stockout"),
  from: z.string(),
  to: z.string(),
  reason: z.string(),
});
export const advanceResult = z.object({ now: time, steps: z.int(), events: z.array(event), truncated: z.boolean() });

export const eventsQuery = z.object({
  deployment: z.string().optional().describe("Full name; all by default."),
  type: z.string().optional(),
  pageSize: z.int().optional(),
  pageToken: z.string().optional(),
});
export const eventsResult = z.object({ events: z.array(event), nextPageToken: z.string() });

export const statusResult = z.object({
  version: z.string(),
  url: z.string(),
  database: z.string(),
  account: z.string(),
  seed: z.string(),
  profile: z.string(),
  coldStart: z.string(),
  auth: z.string(),
  clock: clockBody,
  counts: z.object({
    deployments: z.int(),
    replicas: z.int(),
    waitingDeployments: z.int(),
    timers: z.int(),
    events: z.int(),
    requests: z.int(),
  }),
});

export const requestsQuery = z.object({
  path: z.string().optional().describe("Only paths that contain this."),
  status: z.int().optional(),
  deployment: z.string().optional(),
  pageSize: z.int().optional(),
  pageToken: z.string().optional(),
});
export const journalEntry = z.object({
  id: z.int(),
  time,
  method: z.string(),
  path: z.string(),
  status: z.int(),
  requestId: z.string(),
  headers: z.record(z.string(), z.string()),
  deployment: z.string(),
  model: z.string(),
  requestBody: z.string(),
  responseBody: z.string(),
});
export const requestsResult = z.object({ requests: z.array(journalEntry), nextPageToken: z.string() });

const pool = z.object({ region, acceleratorType, total: z.int(), inUse: z.int() });
export const fleetResult = z.object({ unlimited: z.boolean(), pools: z.array(pool), waiting: z.array(z.string()) });
export const fleetPatch = z.strictObject({
  unlimited: z.boolean().optional(),
  pools: z.array(z.strictObject({ region, acceleratorType, total: z.int().min(0).max(1_000_000) })).optional(),
});

export const stockoutBody = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9-]{1,63}$/)
    .optional(),
  acceleratorType: acceleratorType.optional().describe("Any type when left out."),
  region: region.optional().describe("Any region when left out."),
  startsIn: span.optional().describe("Now when left out."),
  duration: span.optional().describe("Until it is deleted when left out."),
});
export const stockout = z.object({
  id: z.string(),
  acceleratorType: acceleratorType.nullable(),
  region: region.nullable(),
  startTime: time,
  endTime: time.nullable(),
  active: z.boolean(),
});

export const usageResult = z.object({
  usage: z.array(
    z.object({
      deployment: z.string(),
      day: z.string(),
      acceleratorType: z.string(),
      gpuSeconds: z.number(),
      cost: z.number(),
    }),
  ),
  totalGpuSeconds: z.number(),
  totalCost: z.number(),
});

export const explainResult = z.object({
  deployment: z.string(),
  state: z.string(),
  desired: z.int(),
  ready: z.int(),
  bounds: z.object({ min: z.int(), max: z.int() }),
  lastDecision: z
    .object({
      time,
      recommended: z.int(),
      desired: z.int(),
      inputs: z.record(z.string(), z.number()),
      reason: z.string(),
    })
    .nullable(),
  nextWakeTime: time.nullable(),
});

export const resetResult = z.object({ cleared: z.array(z.string()) });
export const health = z.object({ status: z.literal("ok") });
export const ready = z.object({ status: z.enum(["ready", "not ready"]), reason: z.string().optional() });
