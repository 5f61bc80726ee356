import type { Placement } from "../../schema/deployment.ts";
import type { AcceleratorType, MultiRegion, Region } from "../../schema/hardware.ts";
import { accountOf } from "../name.ts";
import type { DeploymentRecord, Replica } from "./record.ts";

/** GPUs per region and type. */
export type GpuCounts = Partial<Record<Region, Partial<Record<AcceleratorType, number>>>>;

/** GPUs that an account has set aside for it, in force now. */
export interface Holding {
  account: string;
  region: Region;
  acceleratorType: AcceleratorType;
  gpus: number;
}

/** What the scheduler knows of the world's hardware at one moment. */
export interface Fleet {
  total: GpuCounts;
  inUse: GpuCounts;
  unlimited: boolean;
  /** Stockouts in force. */
  stockouts: { acceleratorType?: AcceleratorType | undefined; region?: Region | undefined }[];
  holdings: readonly Holding[];
  /** GPUs in use by one account. */
  usedBy(account: string, region: Region, type: AcceleratorType): number;
}

/** A multi-region holds the regions whose names begin so (control-plane §5.3). */
const prefixes: Partial<Record<MultiRegion, string[]>> = { US: ["US_", "NA_"], EUROPE: ["EU_"], APAC: ["AP_"] };

/** By the hardware there is, then by placement: neither is changed in place. */
const allowed = new WeakMap<GpuCounts, WeakMap<Placement, Map<AcceleratorType, Region[]>>>();

/** The regions that a placement allows and that have the type at all, by name. */
export function allowedRegions(placement: Placement, type: AcceleratorType, total: GpuCounts): readonly Region[] {
  let ofTotal = allowed.get(total);
  if (!ofTotal) allowed.set(total, (ofTotal = new WeakMap()));
  let ofPlacement = ofTotal.get(placement);
  if (!ofPlacement) ofTotal.set(placement, (ofPlacement = new Map()));
  let regions = ofPlacement.get(type);
  if (!regions) ofPlacement.set(type, (regions = findRegions(placement, type, total)));
  return regions;
}

function findRegions(placement: Placement, type: AcceleratorType, total: GpuCounts): Region[] {
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

export const isOut = ({ stockouts }: Pick<Fleet, "stockouts">, region: Region, type: AcceleratorType): boolean =>
  stockouts.some((stockout) => (stockout.acceleratorType ?? type) === type && (stockout.region ?? region) === region);

/** GPUs that an account can get in a pool, and how many of them its reservations cover. */
interface Room {
  free: number;
  reserved: number;
}

/** @param isBlocked someone earlier in the line waits for this pool: only what is reserved may pass */
function roomIn(fleet: Fleet, account: string, region: Region, type: AcceleratorType, isBlocked: boolean): Room {
  const physical = fleet.unlimited ? Infinity : gpusIn(fleet.total, region, type) - gpusIn(fleet.inUse, region, type);
  let [reserved, setAside] = [0, 0];
  for (const holding of fleet.holdings) {
    if (holding.region !== region || holding.acceleratorType !== type) continue;
    const left = Math.max(holding.gpus - fleet.usedBy(holding.account, region, type), 0);
    if (holding.account === account) reserved += left;
    else setAside += left;
  }
  reserved = Math.max(Math.min(reserved, physical), 0);
  const open = isBlocked || isOut(fleet, region, type) ? 0 : physical - setAside;
  return { free: Math.max(open, reserved), reserved };
}

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

export interface Place {
  region: Region;
  reservedGpus: number;
}

/**
 * Where the next replica goes: among the allowed regions that hold it, one where the account has reserved enough,
 * otherwise the one with most free GPUs; ties by name. `blocked` holds "region/type" pairs that someone earlier in
 * the line waits for.
 */
export function place(fleet: Fleet, { record, replica }: Waiter, blocked: Set<string>): Place | undefined {
  const { placement, acceleratorType: type } = record.spec;
  const account = accountOf(record.name);
  const regions = allowedRegions(placement, type, fleet.total);
  let best: (Room & { region: Region }) | undefined;
  for (const region of regions) {
    const room = roomIn(fleet, account, region, type, blocked.has(`${region}/${type}`));
    if (room.free < replica.gpus) continue;
    const isCovered = room.reserved >= replica.gpus;
    const wasCovered = best !== undefined && best.reserved >= replica.gpus;
    if (!best || (isCovered && !wasCovered) || (isCovered === wasCovered && room.free > best.free))
      best = { region, ...room };
  }
  if (best) return { region: best.region, reservedGpus: Math.min(best.reserved, replica.gpus) };
  for (const region of regions) blocked.add(`${region}/${type}`);
  return undefined;
}

/** A replica on capacity that can be taken back. */
export interface Revocable {
  record: DeploymentRecord;
  replica: Replica & { region: Region };
}

/**
 * Whose replicas go so that a lasting one can start: the youngest revocable ones of the first allowed region where
 * that is enough; empty when it is nowhere.
 */
export function takeBack(
  fleet: Fleet,
  { record, replica }: Waiter,
  candidates: readonly Revocable[],
  blocked: ReadonlySet<string>,
): Revocable[] {
  const { placement, acceleratorType: type } = record.spec;
  const account = accountOf(record.name);
  for (const region of allowedRegions(placement, type, fleet.total)) {
    // what comes free in a blocked pool is for someone earlier in the line
    if (isOut(fleet, region, type) || blocked.has(`${region}/${type}`)) continue;
    let room = roomIn(fleet, account, region, type, false).free;
    const taken: Revocable[] = [];
    const there = candidates
      .filter((each) => each.replica.region === region && each.record.spec.acceleratorType === type)
      .sort(
        (a, b) =>
          b.replica.since - a.replica.since ||
          b.record.sequence - a.record.sequence ||
          b.replica.number - a.replica.number,
      );
    for (const each of there) {
      if (room >= replica.gpus) break;
      taken.push(each);
      room += each.replica.gpus;
    }
    if (room >= replica.gpus) return taken;
  }
  return [];
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
