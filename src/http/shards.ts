import { z } from "zod";
import { toShards } from "../core/deployment/shard.ts";
import { listPage } from "../core/list/page.ts";
import { resourceName } from "../core/name.ts";
import { deploymentShard } from "../schema/deployment.ts";
import type { ListQuery } from "../schema/wire.ts";
import { listQuery } from "../schema/wire.ts";
import type { Route } from "./route.ts";

export const shardsRoute: Route = {
  method: "GET",
  path: "/v1/accounts/{account_id}/deployments/{deployment_id}/shards",
  plane: "control",
  tag: "Deployment",
  summary: "Where a deployment's replicas are: one shard a region",
  query: listQuery,
  result: z.object({ deploymentShards: z.array(deploymentShard), nextPageToken: z.string(), totalSize: z.int() }),
  handle: ({ world, params, query }) => {
    const record = world.deployment(resourceName(params["account_id"]!, "deployments", params["deployment_id"]!));
    const { items, nextPageToken, totalSize } = listPage(toShards(record), query as ListQuery, "name");
    return { body: { deploymentShards: items, nextPageToken, totalSize } };
  },
};
