import type { Load } from "../core/deployment/load.ts";
import type { PromptCache } from "../core/deployment/prompt-cache.ts";
import type { DeploymentRecord } from "../core/deployment/record.ts";
import type { OccurrenceRow } from "../core/rows.ts";
import type { Ms } from "../core/time.ts";
import type { Account } from "../schema/account.ts";
import type { SandboxOptions } from "../schema/sandbox.ts";
import type { Store } from "../store/store.ts";
import type { Catalog } from "./catalog.ts";
import type { Clock } from "./clock.ts";
import type { WorldConfig } from "./config.ts";
import type { FaultEntry } from "./faults.ts";
import type { FileStore } from "./files.ts";
import type { FleetState } from "./fleet.ts";
import type { TimerQueue } from "./queue.ts";
import type { StoredQuota } from "./quotas.ts";
import type { RateWindow } from "./rate-limit.ts";
import type { Recordings } from "./recordings.ts";
import type { Resources } from "./resources.ts";
import type { StoredResponse } from "./responses.ts";
import type { ScriptEntry } from "./scripts.ts";
import type { Secret } from "./secret.ts";

/**
 * @param what it happened to: `request <id>`, `timer <kind> <name>`, `deployment <name>`
 * @param hide takes the secrets of a request out of a text
 */
export type OnBug = (error: unknown, what: string, hide?: (text: string) => string) => void;

/** What a world is made of; `openWorld` puts it together from a database. */
export interface WorldParts {
  config: WorldConfig;
  /** Hears of what should never happen, and of what it happened to. */
  onBug: OnBug;
  /** What a sandbox has of its own in it. */
  options: SandboxOptions;
  catalog: Catalog;
  store: Store;
  clock: Clock;
  queue: TimerQueue;
  fleet: FleetState;
  seed: string;
  /** What URLs are signed with. */
  secret: Secret;
  startTime: Ms;
  accounts: Map<string, Account>;
  /** Quotas that were changed, by resource name; the others are the catalogue's. */
  quotas: Map<string, StoredQuota>;
  /** When each account last read its metrics. */
  scrapes: Map<string, Ms[]>;
  /** Canned answers, in the order they are tried. */
  scripts: ScriptEntry[];
  /** What accounts did on the shared service this minute, by account, and by account and model. */
  rateWindows: Map<string, RateWindow>;
  /** The prompts that replicas remember, by deployment; on the shared service by account and model. */
  promptCaches: Map<string, PromptCache>;
  /** Where what an upstream answers is written down; undefined when nothing is asked of one. */
  recordings: Recordings | undefined;
  /** What was uploaded. */
  files: FileStore;
  /** Users, keys, models and the like: what is neither a deployment nor the catalogue's. */
  resources: Resources;
  /** Answers that can be asked for again, in the order of their making. */
  responses: Map<string, StoredResponse>;
  /** Failures on purpose, in the order they are tried. */
  faults: Map<string, FaultEntry>;
  deployments: Map<string, DeploymentRecord>;
  loads: Map<string, Load>;
  /** Deployments by the IDs of their synthetic traffic; may name some that are gone. */
  trafficOwners: Map<string, string>;
  /** How often the same was asked for, by content, the oldest first. */
  occurrences: Map<string, OccurrenceRow>;
  lastOccurrenceId: number;
  sequence: number;
  lastJournalId: number;
}
