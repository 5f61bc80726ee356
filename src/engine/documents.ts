import type { z } from "zod";
import { DatabaseError } from "../store/database-error.ts";
import type { Store } from "../store/store.ts";
import { TIME_MAX } from "../core/time.ts";
import type { OnBug } from "./parts.ts";
import type { Timer } from "./queue.ts";
import type { StoredKind } from "./stored-shapes.ts";
import { storedShapes } from "./stored-shapes.ts";

/** Letters of a finding that are shown. */
const FINDING_MAX = 300;

const issueText = ({ issues: [issue] }: z.ZodError): string =>
  `${["$", ...issue!.path.map(String)].join(".")}: ${issue!.message}`;

/** What a database holds, checked as it is read: whoever can write into the file can write anything into it. */
export class Documents {
  readonly #store: Store;
  readonly #path: string;
  /** By kind and name. */
  readonly #read = new Map<string, Map<string, unknown>>();

  /** @param path to be named in errors */
  constructor(store: Store, path: string) {
    this.#store = store;
    this.#path = path;
  }

  /** The documents of a kind, in the order of their making where they have one. @throws DatabaseError naming the row */
  all<T>(kind: StoredKind): [string, T][] {
    const sequenceOf = (value: T): number => (value as { sequence?: number }).sequence ?? 0;
    const rows = this.#store
      .documents(kind)
      .map(({ name, body }): [string, T] => [
        name,
        this.#parse(`document ${kind} ${name}`, body, storedShapes[kind]) as T,
      ]);
    for (const [name, value] of rows) {
      const { name: inside = name } = value as { name?: string };
      if (inside !== name) throw this.#damaged(`document ${kind} ${name}: it says that its name is ${inside}`);
    }
    this.#read.set(kind, new Map(rows));
    return rows.sort(([, a], [, b]) => sequenceOf(a) - sequenceOf(b));
  }

  /**
   * Wake-ups of the documents that were read. One of something that this version does not know, or that is not there,
   * is reported, kept in the database and left out.
   * @param isKnown whether a kind of document, or a collection of resources, is woken @throws DatabaseError
   */
  timers(isKnown: (kind: string) => boolean, onBug: OnBug): Timer[] {
    return this.#store.timers().flatMap((timer) => {
      const { kind, name, at } = timer;
      if (typeof at !== "number") throw this.#damaged(`timer ${kind} ${name}: "${String(at)}" is no time`);
      const document = this.#read.get(kind)?.get(name);
      // resources are one kind of document, and each collection a kind of its own in the world
      const woken = kind === "resource" ? (document as { collection?: string } | undefined)?.collection : kind;
      if (document !== undefined && woken !== undefined && isKnown(woken)) return [{ ...timer, kind: woken }];
      onBug(new Error("this version does not know what it is for; it is kept, and skipped"), `timer ${kind} ${name}`);
      return [];
    });
  }

  /** A number of the world's own; undefined when it was never saved. @throws DatabaseError */
  number(key: "now" | "seed" | "sequence" | "startTime"): number | undefined {
    const saved = this.#store.meta(key);
    if (saved === undefined) return undefined;
    const value = saved.trim() === "" ? NaN : Number(saved);
    const most = key === "now" || key === "startTime" ? TIME_MAX : Number.MAX_SAFE_INTEGER;
    if (Number.isNaN(value) || Math.abs(value) > most)
      throw this.#damaged(`meta ${key}: expected a number up to ${most}, got "${saved}"`);
    return value;
  }

  /** A document of the world's own; undefined when it was never saved. @throws DatabaseError */
  meta<T>(key: string, shape: z.ZodType<T>): T | undefined {
    const saved = this.#store.meta(key);
    if (saved === undefined) return undefined;
    this.#parse(`meta ${key}`, saved, shape);
    // the checked copy: what the shape does not know is left out
    return shape.parse(JSON.parse(saved));
  }

  #parse(what: string, body: string, shape: z.ZodType): unknown {
    let value: unknown;
    try {
      value = JSON.parse(body);
    } catch (error) {
      throw this.#damaged(`${what} is not JSON: ${(error as Error).message}`);
    }
    const checked = shape.safeParse(value);
    if (!checked.success) throw this.#damaged(`${what}: ${issueText(checked.error)}`);
    // not the checked copy: its keys have another order
    return value;
  }

  #damaged(finding: string): DatabaseError {
    // one line, of what may be anything
    const line = finding.replace(/\s+/g, " ").slice(0, FINDING_MAX);
    return new DatabaseError(
      `database ${this.#path} is damaged: ${line}; move it away or choose another file with --db`,
    );
  }
}
