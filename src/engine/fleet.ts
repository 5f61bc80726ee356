import type { Fleet, GpuCounts } from "../core/deployment/fleet.ts";
import { countGpus } from "../core/deployment/fleet.ts";
import type { DeploymentRecord } from "../core/deployment/record.ts";
import type { Ms } from "../core/time.ts";
import type { AcceleratorType, Region } from "../schema/hardware.ts";

/** A time in which no new replica gets GPUs of a type, in a region, or of either everywhere. */
export interface Stockout {
  id: string;
  sequence: number;
  acceleratorType?: AcceleratorType | undefined;
  region?: Region | undefined;
  startAt: Ms;
  /** Null for "until it is deleted". */
  endAt: Ms | null;
}

/** The hardware of one world: what there is, what is in use, what is out of stock. */
export class FleetState {
  total: GpuCounts;
  inUse: GpuCounts = {};
  unlimited = false;
  readonly stockouts = new Map<string, Stockout>();

  constructor(seeded: GpuCounts) {
    this.total = structuredClone(seeded);
  }

  /** Back to the seeded hardware, all of it free. */
  restock(seeded: GpuCounts): void {
    this.total = structuredClone(seeded);
    this.inUse = {};
    this.unlimited = false;
  }

  /** What the scheduler sees at a moment. */
  at(now: Ms): Fleet {
    const stockouts = [...this.stockouts.values()].filter(
      (stockout) => stockout.startAt <= now && (stockout.endAt === null || stockout.endAt > now),
    );
    return { total: this.total, inUse: this.inUse, unlimited: this.unlimited, stockouts };
  }

  /** Books the difference between two states of a deployment; true when GPUs came free. */
  book(before: DeploymentRecord | undefined, after: DeploymentRecord | undefined): boolean {
    const held = new Map<string, number>();
    for (const [record, sign] of [
      [before, -1],
      [after, 1],
    ] as const) {
      for (const replica of record?.replicas ?? []) {
        if (replica.region === null) continue;
        const key = `${replica.region} ${record!.spec.acceleratorType}`;
        held.set(key, (held.get(key) ?? 0) + sign * replica.gpus);
      }
    }
    let freed = false;
    for (const [key, change] of held) {
      if (change === 0) continue;
      const [region, type] = key.split(" ") as [Region, AcceleratorType];
      countGpus(this.inUse, region, type, change);
      freed ||= change < 0;
    }
    return freed;
  }
}

/** A stockout in words. */
export const stockoutText = ({ acceleratorType, region }: Stockout): string =>
  `${acceleratorType ?? "all accelerators"} in ${region ?? "all regions"}`;
