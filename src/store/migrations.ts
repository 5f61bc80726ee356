/** Marks a file as ours (`PRAGMA application_id`): "fire" in ASCII. */
export const APPLICATION_ID = 0x66697265;

/**
 * Each entry takes the database one version up (`PRAGMA user_version`); entries are never changed once released.
 * Times are integer milliseconds of world time.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

  -- every resource and every piece of world state with a name of its own
  CREATE TABLE documents (kind TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID;

  -- the one next wake-up of a document; \`sequence\` breaks ties
  CREATE TABLE timers (kind TEXT NOT NULL, name TEXT NOT NULL, at INTEGER NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID;

  CREATE TABLE events (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, deployment TEXT NOT NULL, type TEXT NOT NULL,
    "from" TEXT NOT NULL, "to" TEXT NOT NULL, reason TEXT NOT NULL
  );
  CREATE INDEX events_by_deployment ON events (deployment, id);

  CREATE TABLE journal (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, status INTEGER NOT NULL,
    requestId TEXT NOT NULL, headers TEXT NOT NULL, deployment TEXT NOT NULL, model TEXT NOT NULL,
    requestBody TEXT NOT NULL, responseBody TEXT NOT NULL
  );

  CREATE TABLE usage (
    deployment TEXT NOT NULL, day TEXT NOT NULL, acceleratorType TEXT NOT NULL, gpuMs INTEGER NOT NULL,
    PRIMARY KEY (deployment, day, acceleratorType)
  ) WITHOUT ROWID;

  -- requests that still load a replica, or did within the autoscaler's view
  CREATE TABLE flights (
    id INTEGER PRIMARY KEY, deployment TEXT NOT NULL, replica INTEGER NOT NULL, admittedAt INTEGER NOT NULL, startAt INTEGER NOT NULL,
    firstTokenAt INTEGER NOT NULL, endAt INTEGER NOT NULL, promptTokens INTEGER NOT NULL, completionTokens INTEGER NOT NULL
  );

  -- how often the same content was asked, so that ids go on where they stopped
  CREATE TABLE occurrences (content TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
  `,
];
