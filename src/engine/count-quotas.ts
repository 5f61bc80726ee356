import { resourceName } from "../core/name.ts";
import { resourcesOf } from "./resources.ts";
import type { World } from "./world.ts";

/** Quotas of what is counted and is no GPU (control-plane §3.10), with what an account has at first. */
export const countQuotas = { "deployed-model-count": 100, "serverless-inference-rpm": 6_000 } as const;
export type CountQuota = keyof typeof countQuotas;

export const isCountQuota = (id: string): id is CountQuota => Object.hasOwn(countQuotas, id);

/** As it was changed, if it was. */
export const COLLECTION = "countQuotas";

/** What is enforced. */
export function limitOf(world: World, account: string, id: CountQuota): number {
  const changed = resourcesOf(world, COLLECTION).get(resourceName(account, "quotas", id))?.value;
  return changed ? Number(changed["value"]) : countQuotas[id];
}
