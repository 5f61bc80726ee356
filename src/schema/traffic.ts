import { z } from "zod";
import { span, time } from "./control.ts";

/** Synthetic load in world time. */

/** A request in eleven days: more seldom is never. */
const LEVEL_MIN = 1e-6;
const LEVEL_MAX = 1e6;
const TOKENS_MAX = 10_000_000;
const shape = z.enum(["constant", "ramp", "spike", "square"]);
const level = z.number().min(LEVEL_MIN).max(LEVEL_MAX).optional();

export const trafficBody = z
  .strictObject({
    id: z
      .string()
      .regex(/^[a-z0-9-]{1,63}$/)
      .optional(),
    deployment: z.string().describe("Full name, `account/id`, or an ID of the emulator's own account."),
    requestsPerSecond: level.describe("Open loop: they come whoever answers."),
    concurrentRequests: level.describe("Closed loop: so many clients, each with one request under way."),
    promptTokens: z.int().min(1).max(TOKENS_MAX).default(500),
    completionTokens: z.int().min(0).max(TOKENS_MAX).default(100),
    shape: shape
      .default("constant")
      .describe("ramp: from 0 to the level; spike: up to it and down again; square: on and off in turn."),
    startsIn: span.optional().describe("Now when left out."),
    duration: span.optional().describe("Until it is deleted when left out; ramp and spike need one."),
    period: span.optional().describe("Of a square wave; 10m when left out."),
    duty: z.number().positive().max(1).default(0.5).describe("The share of a square wave's period that is on."),
  })
  .refine(
    (body) => (body.requestsPerSecond === undefined) !== (body.concurrentRequests === undefined),
    "give exactly one of requestsPerSecond, concurrentRequests",
  )
  .refine((body) => body.duration !== undefined || body.shape === "constant" || body.shape === "square", {
    path: ["duration"],
    message: "a ramp and a spike need a duration",
  });

export const traffic = z.object({
  id: z.string(),
  deployment: z.string(),
  requestsPerSecond: z.number().nullable(),
  concurrentRequests: z.number().nullable(),
  promptTokens: z.int(),
  completionTokens: z.int(),
  shape,
  period: span,
  duty: z.number(),
  startTime: time,
  endTime: time.nullable(),
  active: z.boolean(),
  level: z.number().describe("Requests per second, or clients, at this moment."),
  answers: z
    .object({ sent: z.int(), ok: z.int(), tooMany: z.int(), scalingUp: z.int(), held: z.int() })
    .describe("Whole requests so far: all, and those answered 200, 429, 503; held ones wait for a cold start."),
});
