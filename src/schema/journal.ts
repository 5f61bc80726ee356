import { z } from "zod";
import { glob, pattern, wanted } from "./pattern.ts";
import { time } from "./control.ts";

/** The journal of served requests: GET lists it, `:count` and `:verify` ask it. */

export const requestsQuery = z.object({
  method: z.string().optional(),
  path: z.string().optional().describe("Only paths that contain this."),
  status: z.int().optional(),
  model: glob.optional(),
  deployment: glob.optional(),
  requestId: z.string().optional(),
  text: z.string().optional().describe("Only requests with this in one of their bodies."),
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
  stream: z
    .object({ chunks: z.int(), firstTokenTime: time, endTime: time })
    .nullable()
    .describe("Null for a body. A stream that was hung up has the chunks that were sent."),
});
export const requestsResult = z.object({ requests: z.array(journalEntry), nextPageToken: z.string() });

const requestMatch = z
  .strictObject({
    method: z.string(),
    path: glob,
    status: z.int(),
    model: glob,
    deployment: glob,
    requestId: z.string(),
    header: wanted(pattern).describe("Headers that the journal keeps."),
    requestBody: pattern,
    responseBody: pattern,
    json: wanted(z.unknown()).describe("What the request's body must have, at least."),
    after: z.int().describe("Only requests with a higher id."),
  })
  .partial();
export type RequestMatch = z.infer<typeof requestMatch>;

export const countBody = z.strictObject({ match: requestMatch.default({}) });
export const countResult = z.object({ count: z.int() });

export const verifyBody = z
  .strictObject({
    match: requestMatch.default({}),
    times: z.int().min(0).optional().describe("Exactly so many."),
    atLeast: z.int().min(0).optional().describe("1, where nothing is said."),
    atMost: z.int().min(0).optional(),
  })
  .describe("How many requests there must have been.");
export const verifyResult = z.object({
  verified: z.boolean(),
  count: z.int(),
  message: z.string(),
  nearest: z
    .array(
      z.object({
        request: journalEntry.pick({ id: true, method: true, path: true, status: true }),
        differences: z.array(z.string()),
      }),
    )
    .describe("Where there were too few: those that miss by least, and what they have instead."),
});
