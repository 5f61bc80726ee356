import { z } from "zod";
import { toShards } from "../core/deployment/shard.ts";
import { listPage } from "../core/list/page.ts";
import { Table } from "../core/list/table.ts";
import { resourceName } from "../core/name.ts";
import { deploymentShard, terminationMessage } from "../schema/deployment.ts";
import type { ListQuery } from "../schema/wire.ts";
import { listQuery } from "../schema/wire.ts";
import type { Call, Route } from "./route.ts";

const deploymentOf = ({ world, params }: Call) =>
  world.deployment(resourceName(params["account_id"]!, "deployments", params["deployment_id"]!));

export const terminationRoute: Route = {
  method: "GET",
  path: "/v1/accounts/{account_id}/deployments/{deployment_id}/terminationMessage",
  plane: "control",
  tag: "Deployment",
  summary: "What the last container said when it ended; nothing, as none ends badly here",
  result: terminationMessage,
  handle: (call) => ({ body: { message: deploymentOf(call).status.message } }),
};

export const shardsRoute: Route = {
  method: "GET",
  path: "/v1/accounts/{account_id}/deployments/{deployment_id}/shards",
  plane: "control",
  tag: "Deployment",
  summary: "Where a deployment's replicas are: one shard a region",
  query: listQuery,
  result: z.object({ deploymentShards: z.array(deploymentShard), nextPageToken: z.string(), totalSize: z.int() }),
  handle: (call) => {
    const shards = toShards(deploymentOf(call));
    const { items, nextPageToken, totalSize } = listPage([new Table(shards)], call.query as ListQuery, "name");
    return { body: { deploymentShards: items, nextPageToken, totalSize } };
  },
};
