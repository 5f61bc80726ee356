import type { LogEntry } from "./deployment/record.ts";
import type { Ms } from "./time.ts";

/** One line of the event log, in its place. */
export interface EventRow extends Omit<LogEntry, "detail"> {
  id: number;
  at: Ms;
  deployment: string;
  /** JSON of what a decision was made of; empty for other events. */
  detail: string;
}

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
