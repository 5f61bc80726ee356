import { gpuCharge, quotaOf, quotaText, quotaUsage } from "../core/deployment/quota.ts";
import type { Quota } from "../core/deployment/quota.ts";
import type { DeploymentRecord } from "../core/deployment/record.ts";
import { ApiError, invalid, notFound } from "../core/error.ts";
import type { Json } from "../core/list/field.ts";
import { accountName, accountOf, idOf, isAccountId, resourceName } from "../core/name.ts";
import type { Ms } from "../core/time.ts";
import { toTimestamp } from "../core/time.ts";
import type { DeploymentSpec } from "../schema/deployment.ts";
import { acceleratorTypes, region as regionSchema } from "../schema/hardware.ts";
import type { AcceleratorType, Region } from "../schema/hardware.ts";
import type { CountQuota } from "./count-quotas.ts";
import { COLLECTION, countQuotas, isCountQuota } from "./count-quotas.ts";
import { countAddons } from "./deployed-models.ts";
import { countRequests } from "./rate-limit.ts";
import { putResource, resourcesOf } from "./resources.ts";
import type { World } from "./world.ts";

/** A quota that was changed. */
export interface StoredQuota extends Quota {
  updatedAt: Ms;
}

/** A quota that no one can exceed shows this (ours). */
const UNLIMITED = 1_000_000;

/** `h100-us-iowa-1` and `global--h100-count` (control-plane §3.10); undefined for other names. */
function parseId(id: string): Pick<Quota, "acceleratorType" | "region"> | undefined {
  const [, global, regional, where] = /^(?:global--([a-z0-9]+)-count|([a-z0-9]+)-([a-z0-9-]+))$/.exec(id) ?? [];
  const gpu = (global ?? regional)?.toUpperCase();
  const acceleratorType = acceleratorTypes.find((type) => gpu !== undefined && type.split("_")[1] === gpu);
  if (!acceleratorType) return undefined;
  if (global) return { acceleratorType, region: null };
  const region = regionSchema.safeParse(where!.toUpperCase().replaceAll("-", "_"));
  return region.success ? { acceleratorType, region: region.data } : undefined;
}

/** The GPU quotas of an account: the catalogue's, as far as they were not changed, and regional ones that were made. */
function quotasOf(world: World, account: string): (StoredQuota | (Quota & { updatedAt: null }))[] {
  const { catalog, config, quotas } = world.parts;
  const prefix = `${accountName(account)}/quotas/`;
  const stored = [...quotas].filter(([name]) => name.startsWith(prefix)).map(([, quota]) => quota);
  const seeded = catalog.quotas
    .filter(({ id }) => !quotas.has(prefix + id))
    .map(({ id, acceleratorType, value, maxValue }) => {
      const given = config.gpuQuota === undefined ? undefined : Math.min(config.gpuQuota, UNLIMITED);
      return { id, acceleratorType, region: null, value: given ?? value, maxValue: given ?? maxValue, updatedAt: null };
    });
  return [...seeded, ...stored];
}

const deploymentsOf = (world: World, account: string): DeploymentRecord[] =>
  [...world.parts.deployments.values()].filter(({ name }) => accountOf(name) === account);

/**
 * Makes sure that a new or a changed deployment fits its account's quota; a smaller charge always does.
 * @throws ApiError RESOURCE_EXHAUSTED in the words that were seen (control-plane §10.3)
 */
export function demandQuota(
  world: World,
  account: string,
  spec: DeploymentSpec,
  before: DeploymentSpec | undefined,
): void {
  if (world.parts.config.gpuQuota === Infinity && world.parts.quotas.size === 0) return;
  const requesting = gpuCharge(spec) - (before ? gpuCharge(before) : 0);
  if (requesting <= 0) return;
  const quotas = quotasOf(world, account);
  const quota = quotaOf(spec, quotas);
  if (!quota) return;
  const inUse = quotaUsage(quota, quotas, deploymentsOf(world, account));
  if (inUse + requesting > quota.value)
    throw new ApiError("RESOURCE_EXHAUSTED", quotaText(quota, account, inUse, requesting));
}

/** All quotas of an account as clients see them. */
export function listQuotas(world: World, account: string): Json[] {
  const quotas = quotasOf(world, account);
  const deployments = deploymentsOf(world, account);
  const counted = (Object.keys(countQuotas) as CountQuota[]).map((id) => toCountQuota(world, account, id));
  const gpus = quotas.map((quota) => ({
    name: resourceName(account, "quotas", quota.id),
    value: String(quota.value),
    maxValue: String(quota.maxValue),
    usage: quotaUsage(quota, quotas, deployments),
    updateTime: quota.updatedAt === null ? null : toTimestamp(quota.updatedAt),
  }));
  return [...gpus, ...counted];
}

const usages: Record<CountQuota, (world: World, account: string) => number> = {
  "deployed-model-count": countAddons,
  "serverless-inference-rpm": countRequests,
};

function toCountQuota(world: World, account: string, id: CountQuota): Json {
  const name = resourceName(account, "quotas", id);
  const first = { value: String(countQuotas[id]), maxValue: String(countQuotas[id]), updateTime: null };
  const { value, maxValue, updateTime } = resourcesOf(world, COLLECTION).get(name)?.value ?? first;
  return { name, value, maxValue, usage: usages[id](world, account), updateTime };
}

/** What is to be enforced and what is approved, with what was not sent as it was. @throws ApiError INVALID_ARGUMENT */
function checkValues(
  body: Json,
  known: { value?: unknown; maxValue?: unknown } | undefined,
): { value: number; maxValue: number } {
  const maxValue = Number(body["maxValue"] ?? known?.maxValue ?? body["value"] ?? 0);
  const value = Number(body["value"] ?? known?.value ?? maxValue);
  if (value < 0 || maxValue < 0) throw invalid("invalid quota: value must be non-negative");
  if (value > maxValue) throw invalid(`invalid quota: value ${value} exceeds max_value ${maxValue}`);
  return { value, maxValue };
}

/**
 * Changes what is enforced, up to what is approved; `maxValue` can be raised here, where no one has to approve it.
 * @throws ApiError NOT_FOUND, INVALID_ARGUMENT
 */
export function updateQuota(world: World, name: string, body: Json, allowMissing: boolean): Json {
  return world.change((now) => {
    const [account, id] = [accountOf(name), idOf(name)];
    if (!isAccountId(account)) throw invalid(`invalid account ID "${account}"`);
    if (isCountQuota(id)) {
      const { value, maxValue } = checkValues(body, toCountQuota(world, account, id));
      const changed = { value: String(value), maxValue: String(maxValue), updateTime: toTimestamp(now) };
      putResource(world, { collection: COLLECTION, name, value: changed, hidden: {} });
      return toCountQuota(world, account, id);
    }
    const known = quotasOf(world, account).find((quota) => quota.id === id);
    const parsed = parseId(id);
    if (!parsed || (!known && !allowMissing)) throw notFound();
    const { value, maxValue } = checkValues(body, known);
    const quota: StoredQuota = {
      id,
      ...(parsed as { acceleratorType: AcceleratorType; region: Region | null }),
      value,
      maxValue,
      updatedAt: now,
    };
    world.parts.quotas.set(name, quota);
    world.parts.store.putDocument("quota", name, quota);
    return listQuotas(world, account).find((each) => each["name"] === name)!;
  });
}
