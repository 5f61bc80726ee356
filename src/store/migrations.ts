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
  `
  -- what a decision was made of, as JSON; empty for other events
  ALTER TABLE events ADD COLUMN detail TEXT NOT NULL DEFAULT '';
  -- a filter reads all of them, which is quick; an index made writing them twice as slow
  DROP INDEX events_by_deployment;

  -- requests that were turned away are counted too; rows are kept for metrics
  ALTER TABLE flights ADD COLUMN status INTEGER NOT NULL DEFAULT 200;
  CREATE INDEX flights_by_end ON flights (endAt);
  CREATE INDEX flights_by_deployment ON flights (deployment, admittedAt);

  -- bills tell the region, the model, and what was reserved
  ALTER TABLE usage RENAME TO usage1;
  CREATE TABLE usage (
    deployment TEXT NOT NULL, day TEXT NOT NULL, acceleratorType TEXT NOT NULL, region TEXT NOT NULL, baseModel TEXT NOT NULL,
    gpuMs INTEGER NOT NULL, reservedMs INTEGER NOT NULL,
    PRIMARY KEY (deployment, day, acceleratorType, region, baseModel)
  ) WITHOUT ROWID;
  INSERT INTO usage SELECT deployment, day, acceleratorType, 'REGION_UNSPECIFIED', '', gpuMs, 0 FROM usage1;
  DROP TABLE usage1;

  -- tokens of the shared service, for the bill
  CREATE TABLE tokens (
    account TEXT NOT NULL, day TEXT NOT NULL, model TEXT NOT NULL, promptTokens INTEGER NOT NULL, completionTokens INTEGER NOT NULL,
    PRIMARY KEY (account, day, model)
  ) WITHOUT ROWID;

  -- deployments learnt to have traffic, schedules and reserved or revocable replicas
  UPDATE documents SET body = json_set(
    body,
    '$.traffic', json('[]'), '$.flows', json('[]'), '$.decision', NULL, '$.boundsUntil', NULL, '$.zeroAt', json_extract(body, '$.updateTime'), '$.unusedAt', json_extract(body, '$.updateTime'),
    '$.accruedAt', json_extract(body, '$.updateTime'), '$.lookedAt', max(json_extract(body, '$.updateTime'), coalesce(json_extract(body, '$.decision.at'), 0)),
    '$.replicas', json((
      SELECT coalesce(json_group_array(json_set(value, '$.reservedGpus', 0, '$.revocable', json('false'))), '[]')
      FROM json_each(body, '$.replicas')
    ))
  ) WHERE kind = 'deployment';
  `,
  `
  -- what of a prompt a replica remembered
  ALTER TABLE flights ADD COLUMN cachedTokens INTEGER NOT NULL DEFAULT 0;

  -- a stream has chunks, and a first token and an end of its own
  ALTER TABLE journal ADD COLUMN chunks INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE journal ADD COLUMN firstTokenAt INTEGER;
  ALTER TABLE journal ADD COLUMN endAt INTEGER;
  `,
  `
  -- in the order they came: as keys, contents went to pages all over the file, which cost more than the journal
  ALTER TABLE occurrences RENAME TO occurrences1;
  CREATE TABLE occurrences (id INTEGER PRIMARY KEY, content TEXT NOT NULL, count INTEGER NOT NULL);
  INSERT INTO occurrences (content, count) SELECT content, count FROM occurrences1;
  DROP TABLE occurrences1;
  `,
];
