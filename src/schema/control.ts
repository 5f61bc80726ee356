import { z } from "zod";

/** The emulator's own API, under `/__emulator`. Times are RFC 3339, spans Go-style (`90s`, `1h30m`, `7d`). */

export const span = z.string().describe("A span such as `90s`, `1h30m` or `7d`.");
export const time = z.string().meta({ format: "date-time" });

export const clockMode = z.enum(["real", "manual", "skip"]);
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

const input = z.object({
  observed: z.number().describe("The load of all replicas together; for `default` in replicas' worth of requests."),
  target: z.number(),
  replicas: z.int(),
});
const recommendation = {
  inputs: z.record(z.string(), input).describe("What each load target asks for."),
  raw: z.int().describe("The largest of them."),
  replicas: z.int().describe("Within the bounds."),
  window: z.string().describe("What the scale-up or the scale-down window does with it."),
};

/** What the autoscaler saw when it changed the desired count. */
const eventDetail = z.object({
  ...recommendation,
  bounds: z.object({ min: z.int(), max: z.int(), schedule: z.string() }),
  desired: z.int(),
  nextLookTime: time.nullable(),
});

export const event = z.object({
  id: z.int(),
  time,
  deployment: z.string(),
  type: z.string().describe("state, desired, replica, traffic, stockout or reservation"),
  from: z.string(),
  to: z.string(),
  reason: z.string(),
  detail: eventDetail.nullable().describe("What a decision of the autoscaler was made of."),
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

export const explainResult = z.object({
  deployment: z.string(),
  time,
  state: z.string(),
  desired: z.int(),
  ready: z.int(),
  bounds: z
    .object({ min: z.int(), max: z.int(), schedule: z.string() })
    .describe("In force now; `schedule` names the one that raises min."),
  lastDecision: z.object({ time, ...recommendation, desired: z.int() }).nullable(),
  reason: z.string().describe("In a sentence, what the autoscaler does and why."),
  scaleToZeroTime: time.nullable().describe("When there will have been no request for the window, as things stand."),
  deletionTime: time.nullable(),
  nextLookTime: time.nullable().describe("The next look that can change something."),
  nextWakeTime: time.nullable(),
});

export const resetResult = z.object({ cleared: z.array(z.string()) });
export const health = z.object({ status: z.literal("ok") });
export const ready = z.object({ status: z.enum(["ready", "not ready"]), reason: z.string().optional() });
