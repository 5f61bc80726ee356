import type { LogEntry } from "./deployment/record.ts";
import type { Ms } from "./time.ts";

/** One line of the event log, in its place. */
export type EventRow = LogEntry;

/** One request that was served; headers are redacted JSON. */
export interface JournalRow {
  id: number;
  at: Ms;
  method: string;
  path: string;
  status: number;
  requestId: string;
  headers: string;
  deployment: string;
  model: string;
  requestBody: string;
  responseBody: string;
}
