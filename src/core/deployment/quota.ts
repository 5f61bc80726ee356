import type { DeploymentSpec } from "../../schema/deployment.ts";
import type { AcceleratorType, Region } from "../../schema/hardware.ts";
import type { DeploymentRecord } from "./record.ts";

/** What an account may use of an accelerator type, everywhere or in one region (control-plane §3.10). */
export interface Quota {
  id: string;
  acceleratorType: AcceleratorType;
  /** Null for the quota of all regions together. */
  region: Region | null;
  value: number;
  maxValue: number;
}

/** GPUs that a deployment is charged for: its ceiling, whether they run or not. Parked, it costs nothing. */
export const gpuCharge = (spec: DeploymentSpec): number => spec.acceleratorCount * spec.maxReplicaCount;

/** Deleted and failed deployments are charged nothing. */
const isCharged = ({ state }: DeploymentRecord): boolean =>
  state === "CREATING" || state === "READY" || state === "UPDATING";

/** The quota that a deployment counts towards: that of its region where the account has one, otherwise the global one. */
export function quotaOf(spec: DeploymentSpec, quotas: readonly Quota[]): Quota | undefined {
  const ofType = quotas.filter(({ acceleratorType }) => acceleratorType === spec.acceleratorType);
  const { region } = spec.placement;
  return ofType.find((quota) => region && quota.region === region) ?? ofType.find((quota) => quota.region === null);
}

/** GPUs that an account's deployments are charged for under a quota. */
export function quotaUsage(quota: Quota, quotas: readonly Quota[], deployments: Iterable<DeploymentRecord>): number {
  let sum = 0;
  for (const record of deployments)
    if (isCharged(record) && quotaOf(record.spec, quotas)?.id === quota.id) sum += gpuCharge(record.spec);
  return sum;
}

/** The text of a refusal as it was seen (control-plane §10.3). */
export const quotaText = (quota: Quota, account: string, inUse: number, requesting: number): string =>
  `${quota.id} for account ${account}, in use: ${inUse}, quota: ${quota.value}, requesting: ${requesting}`;
