import { z } from "zod";

/** Marks a field that the service fills in; a client's value is ignored (reference: control-plane §2.1, "O"). */
export const output = <T extends z.ZodType>(schema: T): T => schema.meta({ readOnly: true }) as T;

/** Marks a field that can be set at creation only (control-plane §2.1, "I" and "W-I"). */
export const immutable = <T extends z.ZodType>(schema: T): T => schema.meta({ "x-immutable": true }) as T;

/** Marks a field whose value is a secret: no message quotes it. */
export const confidential = <T extends z.ZodType>(schema: T): T => schema.meta({ "x-secret": true }) as T;

/** RFC 3339 time, or null when unset. */
export const timestamp = z.string().meta({ format: "date-time" }).nullable();

/** Protobuf JSON duration: decimal seconds with the suffix `s`, e.g. `"600s"`. */
export const duration = z.string().meta({ format: "duration" });

/** 64-bit integer, a decimal string on the wire. */
export const int64 = z.string().meta({ format: "int64" });

export const int32 = z.int32();

/** gRPC status names, as resources and the control plane's error table use them. */
const grpcCodes = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
] as const;

/** The outcome of the latest operation on a resource. */
export const status = z.object({ code: z.enum(grpcCodes), message: z.string() });
export type Status = z.infer<typeof status>;

/** Query of every list method (control-plane §9). */
export const listQuery = z.object({
  pageSize: int32.optional().describe("Items on a page: 50 by default, 200 at most."),
  pageToken: z.string().optional().describe("From the previous page's nextPageToken."),
  filter: z.string().optional().describe('AIP-160 expression, e.g. `state="READY" AND min_replica_count>0`.'),
  orderBy: z.string().optional().describe("Comma-separated fields, each with an optional ` desc`."),
  readMask: z.string().optional().describe("Comma-separated fields to return; empty or `*` for all."),
});
export type ListQuery = z.infer<typeof listQuery>;

export const getQuery = listQuery.pick({ readMask: true });

export const updateMaskQuery = z.object({
  updateMask: z.string().optional().describe("Comma-separated fields to change; those in the body when left out."),
});
