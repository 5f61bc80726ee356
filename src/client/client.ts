import type { z } from "zod";
import type * as schema from "../schema/control.ts";

export type Status = z.infer<typeof schema.statusResult>;
export type ClockState = z.infer<typeof schema.clockBody>;
export type AdvanceTarget = { by: string } | { to: string } | { until: "settled" | "nextEvent" };
export type AdvanceResult = z.infer<typeof schema.advanceResult>;
export type EmulatorEvent = z.infer<typeof schema.event>;
export type JournalEntry = z.infer<typeof schema.journalEntry>;
export type FleetState = z.infer<typeof schema.fleetResult>;
export type FleetPatch = z.input<typeof schema.fleetPatch>;
export type StockoutInput = z.input<typeof schema.stockoutBody>;
export type StockoutState = z.infer<typeof schema.stockout>;
export type UsageReport = z.infer<typeof schema.usageResult>;
export type Explanation = z.infer<typeof schema.explainResult>;

/** The emulator answered with an error, or did not answer (status 0). */
export class ClientError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

type Fetch = (input: string, init?: RequestInit) => Response | Promise<Response>;

function messageOf(body: unknown): string | undefined {
  const { message, error } = (body ?? {}) as { message?: string; error?: { message?: string } };
  return message ?? error?.message;
}

/** The control API of an emulator, over any `fetch`: every method is one HTTP call under `/__emulator`. */
export class EmulatorClient {
  readonly #url: string;
  readonly #fetch: Fetch;

  /** @param url where the emulator listens, without a path */
  constructor(url: string, fetcher: Fetch = fetch) {
    this.#url = url.replace(/\/+$/, "");
    this.#fetch = fetcher;
  }

  async #call<T>(method: string, path: string, body?: unknown): Promise<T> {
    let response: Response;
    try {
      response = await this.#fetch(`${this.#url}/__emulator${path}`, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
      });
    } catch (error) {
      const reason = ((error as { cause?: Error }).cause ?? (error as Error)).message;
      throw new ClientError(0, `no emulator answers at ${this.#url}${reason ? `: ${reason}` : ""}`);
    }
    const result = (await response.json()) as T;
    if (!response.ok) throw new ClientError(response.status, messageOf(result) ?? `HTTP ${response.status}`);
    return result;
  }

  status(): Promise<Status> {
    return this.#call("GET", "/status");
  }

  clock(): Promise<ClockState> {
    return this.#call("GET", "/clock");
  }

  setClock(change: { mode?: ClockState["mode"]; rate?: number }): Promise<ClockState> {
    return this.#call("PATCH", "/clock", change);
  }

  advance(target: AdvanceTarget): Promise<AdvanceResult> {
    return this.#call("POST", "/clock:advance", target);
  }

  async events(filter: { deployment?: string; type?: string } = {}): Promise<EmulatorEvent[]> {
    return this.#pages<EmulatorEvent>("/events", "events", filter);
  }

  async requests(filter: { path?: string; status?: string; deployment?: string } = {}): Promise<JournalEntry[]> {
    return this.#pages<JournalEntry>("/requests", "requests", filter);
  }

  fleet(): Promise<FleetState> {
    return this.#call("GET", "/fleet");
  }

  setFleet(change: FleetPatch): Promise<FleetState> {
    return this.#call("PATCH", "/fleet", change);
  }

  async stockouts(): Promise<StockoutState[]> {
    return (await this.#call<{ stockouts: StockoutState[] }>("GET", "/stockouts")).stockouts;
  }

  addStockout(stockout: StockoutInput): Promise<StockoutState> {
    return this.#call("POST", "/stockouts", stockout);
  }

  async removeStockout(id: string): Promise<void> {
    await this.#call("DELETE", `/stockouts/${encodeURIComponent(id)}`);
  }

  usage(): Promise<UsageReport> {
    return this.#call("GET", "/usage");
  }

  /** @param name `accounts/{account}/deployments/{id}` */
  explain(name: string): Promise<Explanation> {
    const [, account, , id] = name.split("/");
    return this.#call("GET", `/deployments/${account}/${id}:explain`);
  }

  async reset(part?: string): Promise<string[]> {
    return (await this.#call<{ cleared: string[] }>("POST", part ? `/reset/${part}` : "/reset")).cleared;
  }

  async #pages<T>(path: string, key: string, filter: Record<string, string | undefined>): Promise<T[]> {
    const items: T[] = [];
    const query = new URLSearchParams(
      Object.entries(filter).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
    query.set("pageSize", "200");
    for (;;) {
      const page = await this.#call<Record<string, unknown>>("GET", `${path}?${query.toString()}`);
      items.push(...(page[key] as T[]));
      if (!page["nextPageToken"]) return items;
      query.set("pageToken", page["nextPageToken"] as string);
    }
  }
}
