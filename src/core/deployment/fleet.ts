import type { Placement } from "../../schema/deployment.ts";
import type { AcceleratorType, MultiRegion, Region } from "../../schema/hardware.ts";
import type { DeploymentRecord, Replica } from "./record.ts";

/** GPUs per region and type. */
export type GpuCounts = Partial<Record<Region, Partial<Record<AcceleratorType, number>>>>;

/** What the scheduler knows of the world's hardware at one moment. */
export interface Fleet {
  total: GpuCounts;
  inUse: GpuCounts;
  unlimited: boolean;
  /** Stockouts in force. */
  stockouts: { acceleratorType?: AcceleratorType | undefined; region?: Region | undefined }[];
}

/** A multi-region holds the regions whose names begin so (control-plane §5.3). */
const prefixes: Partial<Record<MultiRegion, string[]>> = { US: ["US_", "NA_"], EUROPE: ["EU_"], APAC: ["AP_"] };

/** The regions that a placement allows and that have the type at all, by name. */
export function allowedRegions(placement: Placement, type: AcceleratorType, total: GpuCounts): Region[] {
  const named = placement.regions?.length
    ? placement.regions
    : placement.region && placement.region !== "REGION_UNSPECIFIED"
      ? [placement.region]
      : undefined;
  const prefix = prefixes[placement.multiRegion ?? "GLOBAL"];
  return (Object.keys(total) as Region[])
    .filter((region) => total[region]![type] !== undefined)
    .filter((region) => (named ? named.includes(region) : !prefix || prefix.some((start) => region.startsWith(start))))
    .sort();
}

export const gpusIn = (counts: GpuCounts, region: Region, type: AcceleratorType): number => counts[region]?.[type] ?? 0;

/** Adds (or with a negative count gives back) GPUs. */
export function countGpus(counts: GpuCounts, region: Region, type: AcceleratorType, gpus: number): void {
  const inRegion = (counts[region] ??= {});
  inRegion[type] = (inRegion[type] ?? 0) + gpus;
}

const isOut = (fleet: Fleet, region: Region, type: AcceleratorType): boolean =>
  fleet.stockouts.some(
    (stockout) => (stockout.acceleratorType ?? type) === type && (stockout.region ?? region) === region,
  );

const freeIn = (fleet: Fleet, region: Region, type: AcceleratorType): number => {
  if (isOut(fleet, region, type)) return 0;
  return fleet.unlimited ? Infinity : gpusIn(fleet.total, region, type) - gpusIn(fleet.inUse, region, type);
};

/** A replica in line for GPUs. */
export interface Waiter {
  record: DeploymentRecord;
  replica: Replica;
}

/** First come, first served: by the start of waiting, then by the deployments' and replicas' numbers. */
export function lineUp(waiters: Waiter[]): Waiter[] {
  return waiters.sort(
    (a, b) =>
      a.replica.since - b.replica.since || a.record.sequence - b.record.sequence || a.replica.number - b.replica.number,
  );
}

/**
 * The region for the next replica: among the allowed ones that hold it, the one with most free GPUs, ties by name.
 * `blocked` holds "region/type" pairs that someone earlier in the line waits for.
 */
export function place(fleet: Fleet, waiter: Waiter, blocked: Set<string>): Region | undefined {
  const { placement, acceleratorType: type } = waiter.record.spec;
  const allowed = allowedRegions(placement, type, fleet.total);
  let best: Region | undefined;
  let most = waiter.replica.gpus - 1;
  for (const region of allowed) {
    const free = blocked.has(`${region}/${type}`) ? 0 : freeIn(fleet, region, type);
    if (free > most) [best, most] = [region, free];
  }
  if (!best) for (const region of allowed) blocked.add(`${region}/${type}`);
  return best;
}

/** The `status` text of a deployment that waits (wording ours; the real one is not known, control-plane §4.5). */
export function shortageText(waiter: Waiter): string {
  const { placement, acceleratorType } = waiter.record.spec;
  const where = placement.regions?.length
    ? placement.regions.join(", ")
    : placement.region && placement.region !== "REGION_UNSPECIFIED"
      ? placement.region
      : (placement.multiRegion ?? "GLOBAL");
  return `no capacity for ${waiter.replica.gpus} ${acceleratorType} in ${where}; the replica starts when capacity returns`;
}
