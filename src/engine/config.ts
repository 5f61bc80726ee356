import type { StreamUsage } from "../core/codec/format.ts";
import type { Profile } from "../core/deployment/replica.ts";
import { invalid } from "../core/error.ts";
import { isAccountId } from "../core/name.ts";
import type { Ms } from "../core/time.ts";
import { parseTimestamp } from "../core/time.ts";
import type { AcceleratorType } from "../schema/hardware.ts";
import type { SandboxOptions } from "../schema/sandbox.ts";
import type { ClockMode } from "./clock.ts";

/** How a world behaves: every knob, with its default. */
export interface WorldConfig {
  /** A file, or `:memory:`. */
  database: string;
  clock: ClockMode;
  rate: number;
  /** World time of a new world: the host's now for `real`, 2026-01-01 otherwise. */
  startTime: Ms | undefined;
  profile: Profile;
  /** A request to a deployment with no ready replica: 503 at once, or held until one is ready. */
  coldStart: "reject" | "wait";
  /** `any`: every key works. `known`: only `fw_<account ID>` of an account that exists. */
  auth: "any" | "known";
  /** Undefined keeps the seed of an existing world; a new one gets 0. */
  seed: number | undefined;
  /** The account that keys belong to. */
  account: string;
  journalMax: number;
  defaultAccelerator: AcceleratorType | undefined;
  streamUsage: StreamUsage;
  /** Whether answers come at the pace of the model; `auto`: in the realistic profile, unless the clock is manual. */
  pace: "auto" | "on" | "off";
  /** Limits of the shared service; `auto`: in the realistic profile. */
  rateLimits: "auto" | "on" | "off";
  /** Whether replicas remember prompts. */
  promptCache: "on" | "off";
  /** A request that no script matches is refused instead of answered by the generator. */
  strict: boolean;
  /** The key of a ranking's list; deployments differ (inference §6.2). */
  rerankKey: "data" | "results";
  /** The origin whose pages may read the answers in a browser, or `*`; undefined for none (inference §1.4). */
  cors: string | undefined;
  /** Where clients reach the server, for links; undefined where that is where it listens. */
  publicUrl: string | undefined;
  /** Tokens of one chunk of a stream. */
  chunkTokens: number;
  /** Whether a text ends before its stop string or with it; sources disagree (inference §2.1). */
  stopText: "drop" | "keep";
  /** GPUs of each type that an account may use, at first and at most; undefined for the catalogue's. Infinity for no limit. */
  gpuQuota: number | undefined;
  /** Worlds beside the server's own. */
  sandboxesMax: number;
  /** Events that one advance may run through. */
  advanceMax: number;
  /** Host time that an advance takes at a stretch; between two, other worlds are served. */
  turnMs: number;
  /** Folder to which what the upstream answers is written as scripts; with it, requests that no script matches go there. */
  record: string | undefined;
  /** Base URL of the upstream, up to `/v1`. */
  upstream: string | undefined;
  /** Folder whose folders stand for buckets that models are imported from. */
  buckets: string | undefined;
  /** Folders of catalogue, scripts and scenarios on top of the built-in ones. */
  fixtures: readonly string[];
}

export const defaultConfig: WorldConfig = {
  database: ":memory:",
  clock: "real",
  rate: 1,
  startTime: undefined,
  profile: "fast",
  coldStart: "reject",
  auth: "any",
  seed: undefined,
  account: "local",
  journalMax: 10_000,
  defaultAccelerator: "NVIDIA_A100_80GB",
  streamUsage: "last-chunk",
  pace: "auto",
  rateLimits: "auto",
  promptCache: "on",
  strict: false,
  rerankKey: "data",
  cors: undefined,
  publicUrl: undefined,
  chunkTokens: 1,
  stopText: "drop",
  gpuQuota: undefined,
  sandboxesMax: 100,
  advanceMax: 10_000_000,
  turnMs: 20,
  record: undefined,
  upstream: undefined,
  buckets: undefined,
  fixtures: [],
};

/** A server's settings, with what a sandbox has of its own. @throws ApiError INVALID_ARGUMENT */
export function withOptions(base: WorldConfig, { startTime, gpuQuota, ...own }: SandboxOptions): WorldConfig {
  const at = startTime === undefined ? base.startTime : parseTimestamp(startTime);
  if (startTime !== undefined && at === undefined)
    throw invalid(`startTime: expected an RFC 3339 time such as "2026-01-01T00:00:00Z", got "${startTime}"`);
  if (own.account !== undefined && !isAccountId(own.account))
    throw invalid(`account: expected 1-63 letters, digits and dashes, got "${own.account}"`);
  const quota = gpuQuota === "none" ? Infinity : (gpuQuota ?? base.gpuQuota);
  return { ...base, ...own, startTime: at, gpuQuota: quota };
}

/** Limits that are not flags yet; each protects the process from a single caller. */
export const limits = {
  eventsMax: 50_000,
  /** Requests kept for metrics, over all deployments. */
  flightsMax: 100_000,
  /** Synthetic traffic on one deployment. */
  trafficMax: 100,
  /** Events in the answer of one advance. */
  advanceEventsMax: 1_000,
  /** Distinct request contents whose ids go on counting; the oldest is forgotten first. */
  occurrencesMax: 100_000,
  /** Requests held for a cold start at once. */
  heldMax: 1_000,
  /** A group of rows is committed after this much host time, this many rows, or this many characters of bodies. */
  groupMs: 50,
  groupRows: 1_000,
  /** What could not be committed is tried again after this much host time. */
  retryMs: 1_000,
  groupLength: 8_000_000,
  /** Connections at once: thousands of streams, with room to spare. */
  connectionsMax: 4_096,
  /** Requests that wait for the answer before theirs: on one connection, and on all. */
  pipelinedEachMax: 256,
  pipelinedMax: 4_096,
  /** Bytes of answers that clients have not taken yet, on all connections; beyond, no further answer is composed. */
  unsentMax: 32_000_000,
  /** Beyond it, who has taken nothing for this long is dropped. The system takes a megabyte or so at once (host time). */
  unsentGraceMs: 2_000,
  /** One connection may have this much, or read nothing for this long, but not both (host time). */
  unsentEachMax: 4_000_000,
  unsentStillMs: 30_000,
  /** Bytes of large bodies that are received or wait to be answered; the next wait. One below `bodyLarge` is not counted. */
  bodiesMax: 64_000_000,
  bodyLarge: 16_384,
} as const;
