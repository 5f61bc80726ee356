import type { FlightRow } from "../store/reader.ts";
import { Store } from "../store/store.ts";
import { openDatabase } from "../store/database.ts";
import { Load } from "../core/deployment/load.ts";
import { PromptCache } from "../core/deployment/prompt-cache.ts";
import type { DeploymentRecord } from "../core/deployment/record.ts";
import { accountName } from "../core/name.ts";
import type { Ms } from "../core/time.ts";
import { toTimestamp } from "../core/time.ts";
import type { GpuCounts } from "../core/deployment/fleet.ts";
import type { Account } from "../schema/account.ts";
import { user } from "../schema/identity.ts";
import type { SandboxOptions } from "../schema/sandbox.ts";
import type { Catalog } from "./catalog.ts";
import { PUBLIC_ACCOUNT } from "./catalog.ts";
import { Clock, hostNow, VIRTUAL_START } from "./clock.ts";
import type { WorldConfig } from "./config.ts";
import { limits, withOptions } from "./config.ts";
import type { FaultEntry } from "./faults.ts";
import type { Reservation, Stockout } from "./fleet.ts";
import { FileStore } from "./files.ts";
import { FleetState } from "./fleet.ts";
import { TimerQueue } from "./queue.ts";
import type { StoredQuota } from "./quotas.ts";
import type { RateWindow } from "./rate-limit.ts";
import { Recordings } from "./recordings.ts";
import type { Resources, StoredResource } from "./resources.ts";
import { newValue, putResource, resourcesOf } from "./resources.ts";
import type { StoredResponse } from "./responses.ts";
import type { ScriptEntry } from "./scripts.ts";
import { openSecret } from "./secret.ts";
import type { OnBug, WorldParts } from "./parts.ts";
import { isTimerKind, World } from "./world.ts";

function newAccount(id: string, now: Ms): Account {
  return {
    name: accountName(id),
    displayName: id,
    createTime: toTimestamp(now),
    accountType: "ACCOUNT_TYPE_UNSPECIFIED",
    email: `owner@${id}.example`,
    state: "READY",
    status: { code: "OK", message: "" },
    suspendState: "UNSUSPENDED",
    updateTime: toTimestamp(now),
  };
}

/** The documents of a kind, in the order of their making where they have one, as they were before the restart. */
function readAll<T>(store: Store, kind: string): [string, T][] {
  const sequenceOf = (value: T): number => (value as { sequence?: number }).sequence ?? 0;
  return store
    .documents(kind)
    .map(({ name, body }): [string, T] => [name, JSON.parse(body) as T])
    .sort(([, a], [, b]) => sequenceOf(a) - sequenceOf(b));
}

/** Rebuilds what is kept in memory only: who is in flight, and the autoscaler's view of load. */
function loadsOf(deployments: Map<string, DeploymentRecord>, flights: FlightRow[]): Map<string, Load> {
  const loads = new Map([...deployments.keys()].map((name) => [name, new Load()]));
  for (const flight of flights) loads.get(flight.deployment)?.add(flight);
  return loads;
}

function openFleet(store: Store, catalog: Catalog): FleetState {
  const fleet = new FleetState(catalog.fleet);
  for (const [, { total, unlimited }] of readAll<{ total: GpuCounts; unlimited: boolean }>(store, "fleet")) {
    fleet.total = total;
    fleet.unlimited = unlimited;
  }
  for (const [id, stockout] of readAll<Stockout>(store, "stockout")) fleet.stockouts.set(id, stockout);
  for (const [id, reservation] of readAll<Reservation>(store, "reservation")) fleet.reservations.set(id, reservation);
  return fleet;
}

function groupResources(all: readonly StoredResource[]): Resources {
  const resources: Resources = new Map();
  for (const each of all) resourcesOf({ parts: { resources } }, each.collection).set(each.name, each);
  return resources;
}

/** Scripts that were made, then those of files, each with how often it was asked for. */
function openScripts(store: Store, catalog: Catalog): ScriptEntry[] {
  const saved = readAll<ScriptEntry>(store, "script").map(([, entry]) => entry);
  const counts = new Map(saved.map(({ script, matched }) => [script.id, matched]));
  return [
    ...saved.filter(({ source }) => source === "api"),
    ...catalog.scripts.map((each) => ({ ...each, sequence: 0, matched: counts.get(each.script.id) ?? 0 })),
  ];
}

/** The parts of a world as its database has them; a new one is seeded. */
function readParts(
  config: WorldConfig,
  catalog: Catalog,
  store: Store,
  onBug: OnBug,
  options: SandboxOptions,
): WorldParts {
  const stored = store.meta("now");
  const startTime = Number(
    store.meta("startTime") ?? config.startTime ?? (config.clock === "real" ? hostNow() : VIRTUAL_START),
  );
  const occurrences = store.occurrences();
  const deployments = new Map(readAll<DeploymentRecord>(store, "deployment"));
  const queue = new TimerQueue();
  for (const timer of store.timers()) {
    if (isTimerKind(timer.kind)) queue.set(timer);
    else
      onBug(
        new Error("the database has a timer that this version does not know; it is kept, and skipped"),
        `timer ${timer.kind} ${timer.name}`,
      );
  }
  return {
    config,
    onBug,
    options,
    catalog,
    store,
    queue,
    startTime,
    deployments,
    rateWindows: new Map(readAll<RateWindow>(store, "rate")),
    promptCaches: new Map(
      readAll<ReturnType<PromptCache["toJSON"]>>(store, "prompt-cache").map(([name, saved]) => [
        name,
        new PromptCache(saved),
      ]),
    ),
    recordings: config.record === undefined ? undefined : new Recordings(config.record),
    files: new FileStore(config.database),
    resources: groupResources(readAll<StoredResource>(store, "resource").map(([, resource]) => resource)),
    responses: new Map(readAll<StoredResponse>(store, "response")),
    faults: new Map(readAll<FaultEntry>(store, "fault")),
    scripts: openScripts(store, catalog),
    clock: new Clock(config.clock, config.rate, stored === undefined ? startTime : Number(stored)),
    fleet: openFleet(store, catalog),
    secret: openSecret(store),
    seed: String(config.seed ?? store.meta("seed") ?? 0),
    accounts: new Map(readAll<Account>(store, "account")),
    quotas: new Map(readAll<StoredQuota>(store, "quota")),
    scrapes: new Map(readAll<Ms[]>(store, "scrapes")),
    loads: loadsOf(deployments, store.flights()),
    trafficOwners: new Map(
      [...deployments.values()].flatMap(({ name, traffic }) => traffic.map(({ id }) => [id, name])),
    ),
    occurrences: new Map(occurrences.map((row) => [row.content, row])),
    lastOccurrenceId: occurrences.at(-1)?.id ?? 0,
    sequence: Number(store.meta("sequence") ?? 0),
    lastJournalId: store.lastId("journal"),
  };
}

/** Makes sure that an account exists; with `--auth any` every account that is written to does. */
export function ensureAccount(world: World, id: string): void {
  const name = accountName(id);
  const { accounts, store } = world.parts;
  if (accounts.has(name)) return;
  const account = newAccount(id, world.now);
  accounts.set(name, account);
  store.putDocument("account", name, account);
  const owner = `${name}/users/owner`;
  const { createTime, email } = account;
  const filled = { name: owner, createTime, updateTime: createTime, state: "READY", role: "admin", email };
  putResource(world, { collection: "users", name: owner, value: newValue(user, {}, filled), hidden: {} });
}

/** What every world has from the start. */
export function seedWorld(world: World): void {
  const { store, seed, startTime, config, options } = world.parts;
  store.setMeta("options", JSON.stringify(options));
  store.setMeta("seed", seed);
  store.setMeta("startTime", String(startTime));
  ensureAccount(world, PUBLIC_ACCOUNT);
  ensureAccount(world, config.account);
  world.saver.flush();
}

/**
 * Opens a world: a new one, or the one that the database holds, exactly as it was.
 * @param options what a sandbox has of its own; those that it was made with when left out
 * @throws DatabaseError when the file cannot be used, ApiError for options that cannot be
 */
export function openWorld(config: WorldConfig, catalog: Catalog, onBug: OnBug, options?: SandboxOptions): World {
  const connection = openDatabase(config.database);
  const store = new Store(connection, {
    journalMax: config.journalMax,
    eventsMax: limits.eventsMax,
    flightsMax: limits.flightsMax,
  });
  const own = options ?? (JSON.parse(store.meta("options") ?? "{}") as SandboxOptions);
  const world = new World(readParts(withOptions(config, own), catalog, store, onBug, own));
  try {
    seedWorld(world);
  } catch (error) {
    world.discard();
    throw error;
  }
  return world;
}
