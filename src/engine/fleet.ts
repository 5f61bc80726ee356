import type { Fleet, GpuCounts, Holding } from "../core/deployment/fleet.ts";
import { allowedRegions, countGpus, gpusIn } from "../core/deployment/fleet.ts";
import type { DeploymentRecord, Replica } from "../core/deployment/record.ts";
import { accountOf } from "../core/name.ts";
import type { Ms } from "../core/time.ts";
import type { AcceleratorType, MultiRegion, Region } from "../schema/hardware.ts";

/** A time in which no new replica gets GPUs of a type, in a region, or of either everywhere. */
export interface Stockout {
  id: string;
  sequence: number;
  acceleratorType?: AcceleratorType | undefined;
  region?: Region | undefined;
  startAt: Ms;
  /** Null for "until it is deleted". */
  endAt: Ms | null;
  /** Running replicas are lost too, as when a region fails. */
  takesReplicas: boolean;
}

/** GPUs that an account has bought for a time: set aside for it, and used first (control-plane §3.11). */
export interface Reservation {
  id: string;
  sequence: number;
  account: string;
  acceleratorType: AcceleratorType;
  region: Region | null;
  multiRegion: MultiRegion | null;
  reservedCount: number;
  createdAt: Ms;
  startAt: Ms;
  endAt: Ms | null;
  /** Where they are: a multi-region's are spread over its regions when they are bought. */
  holdings: Holding[];
}

/** Whether a term has begun and is not over. */
export const isInForce = ({ startAt, endAt }: { startAt: Ms; endAt: Ms | null }, now: Ms): boolean =>
  startAt <= now && (endAt === null || endAt > now);

/** Whether two states of a deployment hold the same GPUs: most steps change a phase and nothing else. */
const isSamePlacement = (before: readonly Replica[], after: readonly Replica[]): boolean =>
  before.length === after.length &&
  after.every(({ number, region }, index) => number === before[index]!.number && region === before[index]!.region);

const usedKey = (account: string, region: Region, type: AcceleratorType): string => `${account} ${region} ${type}`;

/** The hardware of one world: what there is, what is in use, what is reserved, what is out of stock. */
export class FleetState {
  total: GpuCounts;
  inUse: GpuCounts = {};
  unlimited = false;
  readonly stockouts = new Map<string, Stockout>();
  readonly reservations = new Map<string, Reservation>();
  readonly #used = new Map<string, number>();

  constructor(seeded: GpuCounts) {
    this.total = structuredClone(seeded);
  }

  /** Back to the seeded hardware, all of it free. */
  restock(seeded: GpuCounts): void {
    this.total = structuredClone(seeded);
    this.inUse = {};
    this.unlimited = false;
    this.stockouts.clear();
    this.reservations.clear();
    this.#used.clear();
  }

  usedBy(account: string, region: Region, type: AcceleratorType): number {
    return this.#used.get(usedKey(account, region, type)) ?? 0;
  }

  /** Reservations in force. */
  holdings(now: Ms): Holding[] {
    return [...this.reservations.values()].filter((each) => isInForce(each, now)).flatMap(({ holdings }) => holdings);
  }

  /** What the scheduler sees at a moment. */
  at(now: Ms): Fleet {
    return {
      total: this.total,
      inUse: this.inUse,
      unlimited: this.unlimited,
      stockouts: [...this.stockouts.values()].filter((stockout) => isInForce(stockout, now)),
      holdings: this.holdings(now),
      usedBy: (account, region, type) => this.usedBy(account, region, type),
    };
  }

  /** Books the difference between two states of a deployment; true when GPUs came free. */
  book(before: DeploymentRecord | undefined, after: DeploymentRecord | undefined): boolean {
    if (isSamePlacement(before?.replicas ?? [], after?.replicas ?? [])) return false;
    const held = new Map<Region, number>();
    const count = (replicas: readonly Replica[], sign: 1 | -1): void => {
      for (const { region, gpus } of replicas)
        if (region !== null) held.set(region, (held.get(region) ?? 0) + sign * gpus);
    };
    count(before?.replicas ?? [], -1);
    count(after?.replicas ?? [], 1);
    const { name, spec } = (after ?? before)!;
    const [account, type] = [accountOf(name), spec.acceleratorType];
    let freed = false;
    for (const [region, change] of held) {
      if (change === 0) continue;
      countGpus(this.inUse, region, type, change);
      this.#used.set(usedKey(account, region, type), this.usedBy(account, region, type) + change);
      freed ||= change < 0;
    }
    return freed;
  }

  /** Spreads a reservation over the regions that it names, those with most hardware first; short when there is too little. */
  spread(
    account: string,
    type: AcceleratorType,
    count: number,
    where: { region?: Region; multiRegion?: MultiRegion },
  ): Holding[] {
    const reserved = (region: Region): number =>
      [...this.reservations.values()]
        .flatMap(({ holdings }) => holdings)
        .filter((holding) => holding.region === region && holding.acceleratorType === type)
        .reduce((sum, { gpus }) => sum + gpus, 0);
    const room = (region: Region): number =>
      this.unlimited ? Infinity : gpusIn(this.total, region, type) - reserved(region);
    const regions = [...allowedRegions(where, type, this.total)].sort((a, b) => room(b) - room(a));
    let left = count;
    const holdings: Holding[] = [];
    for (const region of regions) {
      const gpus = Math.min(left, Math.max(room(region), 0));
      if (gpus > 0) holdings.push({ account, region, acceleratorType: type, gpus });
      left -= gpus;
    }
    return holdings;
  }
}

/** A stockout in words. */
export const stockoutText = ({ acceleratorType, region, takesReplicas }: Stockout): string =>
  `${acceleratorType ?? "all accelerators"} in ${region ?? "all regions"}${takesReplicas ? "; running replicas are lost" : ""}`;

/** A reservation in words. */
export const reservationText = ({
  account,
  reservedCount,
  acceleratorType,
  region,
  multiRegion,
}: Reservation): string => `${reservedCount} ${acceleratorType} in ${region ?? multiRegion} for ${account}`;
