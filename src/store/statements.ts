/** A table that can be emptied. */
export type Table = "documents" | "timers" | "events" | "journal" | "usage" | "tokens" | "flights" | "occurrences";

/** Every statement that writes, prepared once when a database is opened. */
export const statements = {
  setMeta: "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
  putDocument: "INSERT INTO documents VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body",
  dropDocument: "DELETE FROM documents WHERE kind = ? AND name = ?",
  putTimer:
    "INSERT INTO timers VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET at = excluded.at, sequence = excluded.sequence",
  dropTimer: "DELETE FROM timers WHERE kind = ? AND name = ?",
  addEvent: `INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  addJournal: "INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
  cutJournal: "UPDATE journal SET chunks = ?, endAt = ? WHERE id = ?",
  addUsage: `INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET gpuMs = gpuMs + excluded.gpuMs, reservedMs = reservedMs + excluded.reservedMs`,
  addTokens: `INSERT INTO tokens VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET promptTokens = promptTokens + excluded.promptTokens, completionTokens = completionTokens + excluded.completionTokens`,
  addFlight: "INSERT INTO flights VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
  cutFlight:
    "UPDATE flights SET endAt = ?, firstTokenAt = min(firstTokenAt, ?), startAt = min(startAt, ?), completionTokens = ? WHERE id = (SELECT id FROM flights WHERE deployment = ? AND replica = ? AND admittedAt = ? AND endAt = ? LIMIT 1)",
  setOccurrence: "INSERT INTO occurrences VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET count = excluded.count",
  dropOccurrences: "DELETE FROM occurrences WHERE id <= ?",
  pruneFlights: "DELETE FROM flights WHERE endAt <= ?",
  pruneMostFlights: "DELETE FROM flights WHERE id <= ? AND endAt <= ?",
  pruneJournal: "DELETE FROM journal WHERE id <= ?",
  pruneEvents: "DELETE FROM events WHERE id <= ?",
} as const;
