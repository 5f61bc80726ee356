import { Table } from "../../core/list/table.ts";
import { quota, updateQuotaQuery } from "../../schema/quota.ts";
import { listQuotas, updateQuota } from "../quotas.ts";
import { accountOf } from "../../core/name.ts";
import type { Kind } from "../registry.ts";

/** GPU quotas of an account (control-plane §3.10). */
export const quotaKind: Kind = {
  collection: "quotas",
  type: "Quota",
  schema: quota,
  defaultOrder: "name",
  changes: "manage",
  all: (world, call) => [new Table(listQuotas(world, call.account))],
  find: (world, name) => listQuotas(world, accountOf(name)).find((each) => each["name"] === name),
  update: {
    summary: "Change the value that is enforced, up to maxValue",
    http: "PATCH",
    query: updateQuotaQuery,
    body: quota,
    result: quota,
    run: (world, call) => updateQuota(world, call.name, call.body, Boolean(call.query["allowMissing"])),
  },
};
