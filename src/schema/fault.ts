import { z } from "zod";
import { answerHeaders } from "./answer-header.ts";
import { span } from "./control.ts";
import { glob } from "./pattern.ts";

/** Failures on purpose (`/__emulator/faults`); the first that matches a request happens to it. */

const faultFields = {
  match: z
    .strictObject({ method: z.string(), path: glob, model: glob, deployment: glob, account: z.string() })
    .partial()
    .default({})
    .describe("`model` and `deployment` as the request's body or path names them."),
  times: z.int().min(1).optional().describe("How often it happens; for ever when left out."),
  probability: z.number().min(0).max(1).optional().describe("Drawn from the seed; 1 when left out."),
  respond: z
    .strictObject({
      status: z.int().min(400).max(599),
      code: z.string(),
      message: z.string(),
      headers: answerHeaders,
      body: z.unknown().describe("Sent as it is, instead of the service's envelope."),
    })
    .partial()
    .refine(({ status, code }) => status !== undefined || code !== undefined, "give status, code or both")
    .optional(),
  delay: span.optional().describe("World time before the request is handled."),
  disconnectAfterChunks: z.int().min(0).optional().describe("The connection is cut; of a body, after 0."),
  corruptChunk: z.int().min(1).optional().describe("The nth chunk of the stream, or the body, is no JSON."),
  stallAfterChunks: z.int().min(0).optional().describe("Nothing more comes, and the connection stays open."),
  errorAfterChunks: z.int().min(0).optional().describe("The stream tells an error and ends."),
};

/** What a fault does; one or several of them. */
const faultEffects = [
  "respond",
  "delay",
  "disconnectAfterChunks",
  "corruptChunk",
  "stallAfterChunks",
  "errorAfterChunks",
] as const;

export const faultBody = z
  .strictObject({ id: z.string().min(1).optional(), ...faultFields })
  .refine((body) => faultEffects.some((key) => body[key] !== undefined), `give one of ${faultEffects.join(", ")}`);
export type FaultInput = z.infer<typeof faultBody>;

export const faultState = z.object({ id: z.string(), ...faultFields, happened: z.int() });
export type Fault = z.infer<typeof faultState>;
