import { z } from "zod";
import type { FlightRow } from "../store/reader.ts";
import { Store } from "../store/store.ts";
import { openDatabase } from "../store/database.ts";
import { explain } from "../store/database-error.ts";
import { ApiError } from "../core/error.ts";
import { Load } from "../core/deployment/load.ts";
import { PromptCache } from "../core/deployment/prompt-cache.ts";
import type { DeploymentRecord } from "../core/deployment/record.ts";
import { hashDirectKey, hasPlainKeys } from "../core/key.ts";
import { accountName } from "../core/name.ts";
import type { Ms } from "../core/time.ts";
import { toTimestamp } from "../core/time.ts";
import type { GpuCounts } from "../core/deployment/fleet.ts";
import type { Account } from "../schema/account.ts";
import { user } from "../schema/identity.ts";
import type { SandboxOptions } from "../schema/sandbox.ts";
import { sandboxOptions } from "../schema/sandbox.ts";
import type { Catalog } from "./catalog.ts";
import { PUBLIC_ACCOUNT } from "./catalog.ts";
import { Clock, hostNow, VIRTUAL_START } from "./clock.ts";
import type { WorldConfig } from "./config.ts";
import { limits, withOptions } from "./config.ts";
import { Documents } from "./documents.ts";
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
import { isTimerKind } from "./due.ts";
import { World } from "./world.ts";

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

/** Rebuilds what is kept in memory only: who is in flight, and the autoscaler's view of load. */
function loadsOf(deployments: Map<string, DeploymentRecord>, flights: FlightRow[]): Map<string, Load> {
  const loads = new Map([...deployments.keys()].map((name) => [name, new Load()]));
  for (const flight of flights) loads.get(flight.deployment)?.add(flight);
  return loads;
}

/** The row of `meta` that says that keys were there, and may still lie between the rows. */
const TRACES = "traces";

/** Databases of older versions have the keys of direct routes themselves: now they keep hashes, and no trace of the keys. */
function openDeployments(documents: Documents, store: Store): Map<string, DeploymentRecord> {
  const deployments = new Map(documents.all<DeploymentRecord>("deployment"));
  const old = [...deployments.values()].filter(({ spec }) => hasPlainKeys(spec.directRouteApiKeys));
  const timers = old.length > 0 ? store.timers() : [];
  for (const record of old) {
    const { name, spec } = record;
    record.spec = { ...spec, directRouteApiKeys: spec.directRouteApiKeys.map(hashDirectKey) };
    const timer = timers.find((each) => each.kind === "deployment" && each.name === name);
    store.putDocument("deployment", name, record, timer);
  }
  if (old.length > 0) {
    store.setMeta(TRACES, "yes");
    store.flush({ metrics: 0, autoscaler: 0 });
  }
  // a process that was killed here does it the next time
  if (store.meta(TRACES) === "yes") {
    store.forgetTraces();
    store.setMeta(TRACES, "no");
  }
  return deployments;
}

function openFleet(documents: Documents, catalog: Catalog): FleetState {
  const fleet = new FleetState(catalog.fleet);
  for (const [, { total, unlimited }] of documents.all<{ total: GpuCounts; unlimited: boolean }>("fleet")) {
    fleet.total = total;
    fleet.unlimited = unlimited;
  }
  for (const [id, stockout] of documents.all<Stockout>("stockout")) fleet.stockouts.set(id, stockout);
  for (const [id, reservation] of documents.all<Reservation>("reservation")) fleet.reservations.set(id, reservation);
  return fleet;
}

function groupResources(all: readonly StoredResource[]): Resources {
  const resources: Resources = new Map();
  for (const each of all) resourcesOf({ parts: { resources } }, each.collection).set(each.name, each);
  return resources;
}

/** Scripts that were made, then those of files, each with how often it was asked for. */
function openScripts(documents: Documents, catalog: Catalog): ScriptEntry[] {
  const saved = documents.all<ScriptEntry>("script").map(([, entry]) => entry);
  const counts = new Map(saved.map(({ script, matched }) => [script.id, matched]));
  return [
    ...saved.filter(({ source }) => source === "api"),
    ...catalog.scripts.map((each) => ({ ...each, sequence: 0, matched: counts.get(each.script.id) ?? 0 })),
  ];
}

/** What a sandbox has of its own, where it was saved; an option that is no more is left out. */
const savedOptions = z.object(sandboxOptions.shape);

/** The parts of a world as its database has them; a new one is seeded. */
function readParts(
  server: WorldConfig,
  catalog: Catalog,
  store: Store,
  onBug: OnBug,
  own: SandboxOptions | undefined,
): WorldParts {
  const documents = new Documents(store, server.database);
  const options = own ?? documents.meta("options", savedOptions) ?? {};
  const config = withOptions(server, options);
  const startTime =
    documents.number("startTime") ?? config.startTime ?? (config.clock === "real" ? hostNow() : VIRTUAL_START);
  const occurrences = store.occurrences();
  const deployments = openDeployments(documents, store);
  const queue = new TimerQueue();
  const parts = {
    config,
    onBug,
    options,
    catalog,
    store,
    queue,
    startTime,
    deployments,
    rateWindows: new Map(documents.all<RateWindow>("rate")),
    promptCaches: new Map(
      documents
        .all<ReturnType<PromptCache["toJSON"]>>("prompt-cache")
        .map(([name, saved]) => [name, new PromptCache(saved)]),
    ),
    recordings: config.record === undefined ? undefined : new Recordings(config.record),
    files: new FileStore(config.database),
    resources: groupResources(documents.all<StoredResource>("resource").map(([, resource]) => resource)),
    responses: new Map(documents.all<StoredResponse>("response")),
    faults: new Map(documents.all<FaultEntry>("fault")),
    scripts: openScripts(documents, catalog),
    clock: new Clock(config.clock, config.rate, documents.number("now") ?? startTime),
    fleet: openFleet(documents, catalog),
    secret: openSecret(store),
    seed: String(config.seed ?? documents.number("seed") ?? 0),
    accounts: new Map(documents.all<Account>("account")),
    quotas: new Map(documents.all<StoredQuota>("quota")),
    scrapes: new Map(documents.all<Ms[]>("scrapes")),
    loads: loadsOf(deployments, store.flights()),
    trafficOwners: new Map(
      [...deployments.values()].flatMap(({ name, traffic }) => traffic.map(({ id }) => [id, name])),
    ),
    occurrences: new Map(occurrences.map((row) => [row.content, row])),
    lastOccurrenceId: occurrences.at(-1)?.id ?? 0,
    sequence: documents.number("sequence") ?? 0,
    lastJournalId: store.lastId("journal"),
  };
  for (const timer of documents.timers(isTimerKind, onBug)) queue.set(timer);
  return parts;
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
}

/** A sandbox's database in which no world was ever saved: whoever wanted it was never answered. */
export class UnfinishedError extends Error {}

function open(
  config: WorldConfig,
  catalog: Catalog,
  onBug: OnBug,
  own: SandboxOptions | undefined,
  isThere: boolean,
): World {
  const store = new Store(openDatabase(config.database), {
    journalMax: config.journalMax,
    eventsMax: limits.eventsMax,
    flightsMax: limits.flightsMax,
  });
  let world: World | undefined;
  try {
    // the first that is saved of a world is its time
    if (isThere && store.meta("now") === undefined) throw new UnfinishedError();
    world = new World(readParts(config, catalog, store, onBug, own));
    seedWorld(world);
    world.saver.flush();
    // what a process left that was killed between a commit and the files
    const models = resourcesOf(world, "models");
    world.parts.files.keepOnly((owner) => models.has(owner));
    return world;
  } catch (error) {
    if (world) world.discard();
    else store.close();
    const isRefusal = error instanceof ApiError && error.code !== "UNAVAILABLE";
    throw isRefusal || error instanceof UnfinishedError ? error : explain(config.database, error);
  }
}

/**
 * Opens a world: a new one, or the one that the database holds, exactly as it was.
 * @param options what a sandbox has of its own; those that it was made with when left out
 * @throws DatabaseError when the file cannot be used, ApiError for options that cannot be
 */
export const openWorld = (config: WorldConfig, catalog: Catalog, onBug: OnBug, options?: SandboxOptions): World =>
  open(config, catalog, onBug, options, false);

/** Opens a world of an earlier run. @throws DatabaseError, UnfinishedError */
export const reopenWorld = (config: WorldConfig, catalog: Catalog, onBug: OnBug): World =>
  open(config, catalog, onBug, undefined, true);
