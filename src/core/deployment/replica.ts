import type { Region } from "../../schema/hardware.ts";
import type { Ms } from "../time.ts";
import { SECOND } from "../time.ts";
import type { Phase, Replica } from "./record.ts";

const profiles = ["instant", "fast", "realistic"] as const;
export type Profile = (typeof profiles)[number];

/** How long each stage of a replica's start takes. */
export interface StartTimes {
  schedulingMs: Ms;
  downloadMs: Ms;
  initializeMs: Ms;
  /** From DELETE to the end of the last replica. */
  drainMs: Ms;
}

const DRAIN_MS = 10 * SECOND;
const DOWNLOAD_GB_PER_SECOND = 2;
const INITIALIZE_GB_PER_SECOND = 4;

/** Durations are ours (simulation §1): `realistic` follows the weights, `fast` is 3 s in all, `instant` is nothing. */
export const startTimes: Record<Profile, (weightsGb: number) => StartTimes> = {
  instant: () => ({ schedulingMs: 0, downloadMs: 0, initializeMs: 0, drainMs: 0 }),
  fast: () => ({ schedulingMs: 500, downloadMs: 1500, initializeMs: SECOND, drainMs: DRAIN_MS }),
  realistic: (weightsGb) => ({
    schedulingMs: 10 * SECOND,
    downloadMs: Math.round((weightsGb / DOWNLOAD_GB_PER_SECOND) * SECOND),
    initializeMs: 30 * SECOND + Math.round((weightsGb / INITIALIZE_GB_PER_SECOND) * SECOND),
    drainMs: DRAIN_MS,
  }),
};

const nextPhase: Partial<Record<Phase, { phase: Phase; lasts: (times: StartTimes) => Ms | null }>> = {
  scheduling: { phase: "waiting", lasts: () => null },
  downloading: { phase: "initializing", lasts: (times) => times.initializeMs },
  initializing: { phase: "ready", lasts: () => null },
};

const moveTo = (replica: Replica, phase: Phase, since: Ms, dueAt: Ms | null): Replica => ({
  number: replica.number,
  generation: replica.generation,
  phase,
  since,
  dueAt,
  region: replica.region,
  gpus: replica.gpus,
  reservedGpus: replica.reservedGpus,
  revocable: replica.revocable,
});

/** A replica at the start of its pipeline. */
export function startReplica(
  number: number,
  generation: number,
  gpus: number,
  revocable: boolean,
  times: StartTimes,
  now: Ms,
): Replica {
  const dueAt = now + times.schedulingMs;
  return { number, generation, phase: "scheduling", since: now, dueAt, region: null, gpus, reservedGpus: 0, revocable };
}

/** The replica once its phase has ended; itself when that is not yet. */
export function advanceReplica(replica: Replica, times: StartTimes, now: Ms): Replica {
  if (replica.dueAt === null || replica.dueAt > now) return replica;
  const { phase, lasts } = nextPhase[replica.phase]!;
  const span = lasts(times);
  return moveTo(replica, phase, replica.dueAt, span === null ? null : replica.dueAt + span);
}

/** The replica once it has GPUs in a region. */
export function placeReplica(
  replica: Replica,
  region: Region,
  reservedGpus: number,
  times: StartTimes,
  now: Ms,
): Replica {
  const placed = moveTo(replica, "downloading", now, now + times.downloadMs);
  placed.region = region;
  placed.reservedGpus = reservedGpus;
  return placed;
}
