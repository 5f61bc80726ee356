/** The file cannot be used; the message says why and what to do. It was left as it was. */
export class DatabaseError extends Error {}

/** Reasons by what SQLite or the system calls them; the first that fits counts. */
const reasons: readonly [RegExp, string][] = [
  [/SQLITE_BUSY|SQLITE_LOCKED/, "is in use by another emulator; stop that one, or choose another file with --db"],
  [/SQLITE_NOTADB/, "is not an emulator database"],
  [/SQLITE_CORRUPT/, "is damaged; move it away or choose another file with --db"],
  [/ENOTDIR|EEXIST/, "cannot be opened: a file stands where its folder should be"],
  [
    /SQLITE_FULL|SQLITE_IOERR_(WRITE|FSYNC|TRUNCATE)|ENOSPC|EDQUOT|disk is full/,
    "cannot be written: is the disk full?",
  ],
  [/SQLITE_CANTOPEN|SQLITE_READONLY|SQLITE_PERM|SQLITE_IOERR_LOCK|EACCES|EPERM|EROFS/, "cannot be opened for writing"],
];

/** Says in one line, for users, what SQLite or the system would not do. */
export function explain(path: string, error: unknown): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const { code = "", message } = error as { code?: string; message: string };
  const reason =
    reasons.find(([pattern]) => pattern.test(code) || pattern.test(message))?.[1] ?? `cannot be opened: ${message}`;
  return new DatabaseError(`database ${path} ${reason}`, { cause: error });
}
