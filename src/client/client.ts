import type { z } from "zod";
import type * as billing from "../schema/billing.ts";
import type * as schema from "../schema/control.ts";
import type * as fault from "../schema/fault.ts";
import type * as fleet from "../schema/fleet.ts";
import type * as journal from "../schema/journal.ts";
import type * as sandbox from "../schema/sandbox.ts";
import type * as script from "../schema/script.ts";
import type * as load from "../schema/traffic.ts";

export type Status = z.infer<typeof schema.statusResult>;
export type ClockState = z.infer<typeof schema.clockBody>;
export type ClockChange = z.input<typeof schema.clockPatch>;
export type AdvanceTarget = { by: string } | { to: string } | { until: "settled" | "nextEvent" };
export type AdvanceResult = z.infer<typeof schema.advanceResult>;
export type EmulatorEvent = z.infer<typeof schema.event>;
export type EventFilter = { deployment?: string; type?: string };
export type JournalEntry = z.infer<typeof journal.journalEntry>;
export type JournalFilter = Partial<
  Record<"method" | "path" | "status" | "model" | "deployment" | "requestId" | "text", string>
>;
export type RequestMatch = journal.RequestMatch;
export type RequestDemand = z.input<typeof journal.verifyBody>;
export type FleetState = z.infer<typeof fleet.fleetResult>;
export type FleetChange = z.input<typeof fleet.fleetPatch>;
export type StockoutInput = z.input<typeof fleet.stockoutBody>;
export type StockoutState = z.infer<typeof fleet.stockout>;
export type ReservationInput = z.input<typeof fleet.reservationBody>;
export type ReservationState = z.infer<typeof fleet.reservation> & { id: string };
export type FaultInput = z.input<typeof fault.faultBody>;
export type FaultState = z.infer<typeof fault.faultState>;
export type ScriptInput = z.input<typeof script.script>;
export type ScriptState = z.infer<typeof script.scriptState>;
export type TrafficInput = z.input<typeof load.trafficBody>;
export type TrafficState = z.infer<typeof load.traffic>;
export type SandboxInput = z.input<typeof sandbox.sandboxBody>;
export type SandboxState = z.infer<typeof sandbox.sandbox>;
export type UsageFilter = { account?: string; startTime?: string; endTime?: string };
export type UsageReport = z.infer<typeof billing.usageResult>;
export type Explanation = z.infer<typeof schema.explainResult>;

/** The emulator answered with an error, or did not answer (status 0). */
export class ClientError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** What can be listed, made and ended by id, or by name. */
export interface Collection<State, Input> {
  list(): Promise<State[]>;
  create(input: Input): Promise<State>;
  delete(id: string): Promise<void>;
}

/** The control API of an emulator, or of a sandbox: every method is one HTTP call (lists: one a page). */
export interface EmulatorClient {
  status(): Promise<Status>;
  clock: {
    get(): Promise<ClockState>;
    set(change: ClockChange): Promise<ClockState>;
    /** RFC 3339. */
    now(): Promise<string>;
    /** `"1h"`, `{ to: "2026-02-01T00:00:00Z" }`, `{ until: "settled" }`. */
    advance(target: string | AdvanceTarget): Promise<AdvanceResult>;
  };
  /** What happened, oldest first. */
  events: { list(filter?: EventFilter): Promise<EmulatorEvent[]> };
  /** The journal, newest first. */
  requests: {
    list(filter?: JournalFilter): Promise<JournalEntry[]>;
    count(match?: RequestMatch): Promise<number>;
    /** @throws ClientError 417 with the nearest misses */
    verify(demand: RequestDemand): Promise<void>;
    clear(): Promise<void>;
  };
  fleet: { get(): Promise<FleetState>; set(change: FleetChange): Promise<FleetState> };
  stockouts: Collection<StockoutState, StockoutInput>;
  /** Canned answers, in the order they are tried. */
  scripts: Collection<ScriptState, ScriptInput>;
  /** Failures on purpose, in the order they are tried. */
  faults: Collection<FaultState, FaultInput>;
  /** Capacity set aside for an account. */
  reservations: Collection<ReservationState, ReservationInput>;
  /** Synthetic load in world time. */
  traffic: Collection<TrafficState, TrafficInput>;
  /** Worlds of one's own: `createClient(sandbox.url)` is a client of one. */
  sandboxes: Collection<SandboxState, SandboxInput>;
  usage(filter?: UsageFilter): Promise<UsageReport>;
  /** @param name `accounts/{account}/deployments/{id}` */
  explain(name: string): Promise<Explanation>;
  /** Clears everything, or one part; says what it cleared. */
  reset(part?: "journal" | "scripts" | "faults" | "state" | "clock"): Promise<string[]>;
}

type Fetch = (input: string, init?: RequestInit) => Response | Promise<Response>;
type Call = <T>(method: string, path: string, body?: unknown) => Promise<T>;

function messageOf(body: unknown): string | undefined {
  const { message, error } = (body ?? {}) as { message?: string; error?: { message?: string } };
  return message ?? error?.message;
}

/** @param root of the paths, below the URL */
function createCall(url: string, root: string, fetcher: Fetch, controlToken: string): Call {
  const headers: Record<string, string> =
    controlToken === "" || controlToken === "none" ? {} : { "x-emulator-token": controlToken };
  return async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) };
    let response: Response;
    try {
      response = await fetcher(url + root + path, init);
    } catch (error) {
      const reason = ((error as { cause?: Error }).cause ?? (error as Error)).message;
      throw new ClientError(0, `no emulator answers at ${url}${reason ? `: ${reason}` : ""}`);
    }
    const result = (await response.json()) as T;
    if (!response.ok) throw new ClientError(response.status, messageOf(result) ?? `HTTP ${response.status}`);
    return result;
  };
}

const toQuery = (filter: Record<string, string | undefined>): URLSearchParams =>
  new URLSearchParams(Object.entries(filter).filter((entry): entry is [string, string] => entry[1] !== undefined));

const collection = <State, Input>(call: Call, name: string): Collection<State, Input> => ({
  list: async () => (await call<Record<string, State[]>>("GET", `/${name}`))[name]!,
  create: (input) => call("POST", `/${name}`, input),
  delete: async (id) => void (await call("DELETE", `/${name}/${encodeURIComponent(id)}`)),
});

/** All pages of a list. */
async function listAll<T>(call: Call, key: string, filter: Record<string, string | undefined>): Promise<T[]> {
  const items: T[] = [];
  const query = toQuery({ ...filter, pageSize: "200" });
  for (;;) {
    const page = await call<Record<string, unknown>>("GET", `/${key}?${query.toString()}`);
    items.push(...(page[key] as T[]));
    if (!page["nextPageToken"]) return items;
    query.set("pageToken", page["nextPageToken"] as string);
  }
}

/** Pages in a browser have no environment. */
const tokenOfProcess = (): string => globalThis.process?.env["FIREWORKS_EMULATOR_CONTROL_TOKEN"] ?? "";

/**
 * @param address where the emulator listens, or a sandbox's URL
 * @param fetcher the global `fetch` unless another is given
 * @param controlToken the emulator's, if it has one; FIREWORKS_EMULATOR_CONTROL_TOKEN when left out
 */
export function createClient(
  address: string,
  fetcher: Fetch = fetch,
  controlToken: string = tokenOfProcess(),
): EmulatorClient {
  const url = address.replace(/\/+$/, "");
  const call = createCall(url, "/__emulator", fetcher, controlToken);
  return {
    status: () => call("GET", "/status"),
    clock: {
      get: () => call("GET", "/clock"),
      set: (change) => call("PATCH", "/clock", change),
      now: async () => (await call<ClockState>("GET", "/clock")).now,
      advance: (target) => call("POST", "/clock:advance", typeof target === "string" ? { by: target } : target),
    },
    events: { list: (filter = {}) => listAll(call, "events", filter) },
    requests: {
      list: (filter = {}) => listAll(call, "requests", filter),
      count: async (match = {}) => (await call<{ count: number }>("POST", "/requests:count", { match })).count,
      verify: async (demand) => void (await call("POST", "/requests:verify", demand)),
      clear: async () => void (await call("DELETE", "/requests")),
    },
    fleet: { get: () => call("GET", "/fleet"), set: (change) => call("PATCH", "/fleet", change) },
    stockouts: collection(call, "stockouts"),
    scripts: collection(call, "scripts"),
    faults: collection(call, "faults"),
    reservations: collection(call, "reservations"),
    traffic: collection(call, "traffic"),
    sandboxes: collection(createCall(url, "", fetcher, controlToken), "sandboxes"),
    usage: (filter = {}) => call("GET", `/usage?${toQuery(filter).toString()}`),
    explain: (name) => {
      const [, account, , id] = name.split("/");
      return call("GET", `/deployments/${account}/${id}:explain`);
    },
    reset: async (part) => (await call<{ cleared: string[] }>("POST", part ? `/reset/${part}` : "/reset")).cleared,
  };
}
