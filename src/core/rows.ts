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
  /** Frames of a stream; 0 for a body. */
  chunks: number;
  /** World times at which a stream tells its first token and its last. */
  firstTokenAt: Ms | null;
  endAt: Ms | null;
}

/** How often the same content was asked for. */
export interface OccurrenceRow {
  id: number;
  content: string;
  count: number;
}
