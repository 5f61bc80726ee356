/** Grouped writes are saved within 50 ms; later than this they must be. */
const GROUP_MS = 1_000;

/** What was answered of each thing, and what was asked and not answered: what must be there after a restart. */
export class Ledger {
  #entries = new Map();
  /** The latest time of the world that an answer named. */
  time = "";

  /** Takes note of a time that an answer has; as texts, 10.5 s would come before 10 s. */
  note(stamp) {
    if (stamp && !(Date.parse(stamp) <= Date.parse(this.time))) this.time = stamp;
  }

  entry(kindName, kind, id) {
    const key = `${kindName}/${id}`;
    let entry = this.#entries.get(key);
    if (!entry)
      this.#entries.set(
        key,
        (entry = { key, kind, id, name: id, value: kind.initial, open: [], past: [], answeredAt: 0, isUnknown: false }),
      );
    return entry;
  }

  get entries() {
    return [...this.#entries.values()];
  }

  /** The world begins anew; what is not in it stays. */
  reset() {
    for (const { key, kind } of this.entries) if (!kind.isElsewhere) this.#entries.delete(key);
    this.time = "";
  }
}

/** Makes one write. @returns what was wrong with the answer, if anything; a connection that breaks leaves it open */
export async function write(call, ledger, entry, [method, path, body, after, between = []]) {
  entry.open = [after, ...between];
  const answer = await call(method, path, body);
  if (answer.status === 200) {
    entry.past.push(entry.value);
    if (entry.value === undefined && entry.kind.nameOf) entry.name = entry.kind.nameOf(answer.body);
    entry.value = after;
    entry.answeredAt = performance.now();
    ledger.note(answer.body?.updateTime ?? answer.body?.now);
  }
  entry.open = [];
  if (answer.status === 200 || entry.kind.tolerates?.includes(answer.status)) return undefined;
  return `${method} ${path} ${JSON.stringify(body) ?? ""}: ${answer.status} ${String(answer.raw).slice(0, 300)}`;
}

/**
 * Looks at everything after a restart, and takes what it finds as the truth from then on.
 * @param endedAt when the process ended, of `performance.now()`
 */
export async function verify(call, ledger, endedAt, fail) {
  for (const entry of ledger.entries) {
    const { kind, value, open } = entry;
    // something that was made and has no name yet cannot be looked at; it stays, unknown
    const isNameless = kind.nameOf && value === undefined && entry.past.length === 0;
    if (isNameless) {
      entry.open = [];
      continue;
    }
    const { status, body, raw } = await call("GET", kind.read(entry.id, entry.name));
    const found = status === 404 ? undefined : status === 200 ? kind.seen(body) : `HTTP ${status}`;
    const isFresh = kind.isGrouped && endedAt - entry.answeredAt < GROUP_MS;
    const allowed = [value, ...open, ...(isFresh ? entry.past.slice(-5).concat(undefined) : [])];
    if (!allowed.includes(found)) {
      const how = found === undefined || entry.past.includes(found) ? "lost" : "wrong";
      const expected = `${entry.key}: ${allowed.map((each) => each ?? "(none)").join(" or ")}`;
      fail(how, expected, `${found ?? "(none)"}; ${status} ${String(raw).slice(0, 300)}`);
    }
    entry.value = found;
    entry.past = [];
    entry.open = [];
  }
  const { body } = await call("GET", "/__emulator/clock");
  if (Date.parse(body.now) < Date.parse(ledger.time)) fail("lost", `a clock at ${ledger.time} or later`, body.now);
}
