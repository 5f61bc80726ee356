import type { Region } from "../../schema/hardware.ts";
import type { Json } from "../list/field.ts";
import type { Ms } from "../time.ts";
import { toTimestamp } from "../time.ts";
import type { DeploymentRecord } from "./record.ts";
import { toStats } from "./resource.ts";

/** A deployment's part in one region (control-plane §2.2): there is one wherever a replica has GPUs. */
export function toShards(record: DeploymentRecord): Json[] {
  const regions = [...new Set(record.replicas.map(({ region }) => region))].filter(
    (region): region is Region => region !== null,
  );
  return regions.sort().map((region) => {
    const replicas = record.replicas.filter((replica) => replica.region === region);
    const since = Math.min(...replicas.map((replica): Ms => replica.since));
    const isReady = replicas.some(({ phase }) => phase === "ready");
    const state =
      record.state === "DELETING" || record.state === "UPDATING" ? record.state : isReady ? "READY" : "CREATING";
    return {
      name: `${record.name}/shards/${region.toLowerCase().replaceAll("_", "-")}`,
      createTime: toTimestamp(since),
      updateTime: toTimestamp(record.updateTime),
      state,
      status: record.status,
      replicaStats: toStats(replicas),
    };
  });
}
