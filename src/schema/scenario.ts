import { z } from "zod";
import { time } from "./control.ts";
import { fleetPatch, reservationBody, stockoutBody } from "./fleet.ts";
import { trafficBody } from "./traffic.ts";

/** A scenario file: a timeline of commands and traffic with expectations. Offsets are spans from the start. */

const span = z
  .string()
  .regex(/^(\d+(\.\d+)?(ms|s|m|h|d))+$/, 'expected a span such as "90s", "1h30m" or "7d"')
  .describe("A span such as `90s`, `1h30m` or `7d`.");
const deploymentBody = z.record(z.string(), z.unknown()).describe("A Deployment as the API takes it.");
const onDeployment = { deployment: z.string().describe("Its ID.") };

/** What can be done; every one is a call of the public HTTP API. */
const actions = z
  .strictObject({
    create: z.strictObject({ id: z.string(), body: deploymentBody }),
    update: z.strictObject({ ...onDeployment, body: deploymentBody }),
    scale: z.strictObject({ ...onDeployment, replicas: z.int() }),
    delete: z.strictObject(onDeployment),
    request: z.strictObject({ ...onDeployment, times: z.int().min(1).max(1000).default(1) }),
    traffic: trafficBody,
    stopTraffic: z.string().describe("Its ID."),
    stockout: stockoutBody,
    endStockout: z.string().describe("Its ID."),
    reservation: reservationBody,
    fleet: fleetPatch,
  })
  .partial();

const step = z
  .strictObject({
    at: span,
    note: z.string().optional().describe("Shown in the timeline."),
    status: z.int().optional().describe("The HTTP status that the call must get; 200 when left out."),
    message: z.string().optional().describe("Words that the refusal must contain."),
    ...actions.shape,
  })
  .refine(
    (each) => Object.keys(actions.shape).filter((key) => each[key as keyof typeof each] !== undefined).length === 1,
    `give exactly one of ${Object.keys(actions.shape).join(", ")}`,
  );

const bound = z
  .strictObject({ atMost: z.number().optional(), atLeast: z.number().optional() })
  .refine((each) => each.atMost !== undefined || each.atLeast !== undefined, "give atMost, atLeast or both");

const when = {
  from: span.optional().describe("The whole time when left out."),
  to: span.optional(),
  after: span.optional().describe("With `within`: it must become true in this time, instead of being so throughout."),
  within: span.optional(),
};

const expectation = z.union([
  z.strictObject({ ...onDeployment, desired: bound, ...when }),
  z.strictObject({ ...onDeployment, replicas: bound, ...when }),
  z.strictObject({ ...onDeployment, ready: bound, ...when }),
  z.strictObject({ ...onDeployment, state: z.string(), at: span.optional().describe("The end when left out.") }),
  z.strictObject({ cost: bound.describe("US dollars."), deployment: z.string().optional() }),
  z.strictObject({ answers: bound, status: z.int(), deployment: z.string().optional() }),
  z.strictObject({
    events: bound,
    type: z.string(),
    contains: z.string().optional(),
    deployment: z.string().optional(),
  }),
]);
export type Expectation = z.infer<typeof expectation>;
export type Bound = z.infer<typeof bound>;

export const scenarioFile = z.strictObject({
  $schema: z.string().optional(),
  name: z.string(),
  description: z.string(),
  startTime: time.default("2026-01-05T00:00:00Z").describe("A Monday."),
  until: span.describe("How long it is played."),
  seed: z.int().default(0),
  profile: z.enum(["instant", "fast", "realistic"]).default("realistic"),
  coldStart: z.enum(["reject", "wait"]).default("reject"),
  gpuQuota: z.int().nonnegative().optional().describe("GPUs of each type; the catalogue's when left out."),
  steps: z.array(step),
  expect: z.array(expectation).min(1),
});
export type Scenario = z.infer<typeof scenarioFile>;
export type ScenarioStep = Scenario["steps"][number];
