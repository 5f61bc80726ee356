const kept = new Set<object>();

/**
 * Keeps a better-sqlite3 object from ever becoming garbage. Built against the headers of newer Node 24 releases
 * (`node_object_wrap.h` there removes a cleanup hook in its destructor), collecting one aborts the process: statements
 * are therefore prepared once and kept, and so is a closed connection, a few hundred bytes each.
 */
export function keep<T extends object>(object: T): T {
  kept.add(object);
  return object;
}
