import { ApiError } from "../../core/error.ts";
import type { Json } from "../../core/list/field.ts";
import { textOf } from "../../core/list/field.ts";
import { toTimestamp } from "../../core/time.ts";
import * as schema from "../../schema/model-version.ts";
import { rollOut } from "../deployments.ts";
import { runOperation } from "../operations.ts";
import type { Kind } from "../registry.ts";
import { allOf, demandResource, findIn, idFor, putResource, resourcesOf, toParent } from "../resources.ts";

const COLLECTION = "modelVersions";

/** A model's versions, and how they come to its deployments. */
export const modelVersionKind: Kind = {
  collection: "versions",
  listKey: "modelVersions",
  under: "models",
  type: "ModelVersion",
  schema: schema.modelVersion,
  defaultOrder: "create_time",
  all: allOf(COLLECTION),
  find: findIn(COLLECTION),
  create: {
    summary: "Keep a model as it is now as a version",
    http: "POST",
    query: schema.createVersionQuery,
    body: schema.modelVersion,
    result: schema.modelVersion,
    run: (world, { name: parent, query }) =>
      world.change((now) => {
        const snapshot = demandResource(world, "models", parent).value;
        if (snapshot["state"] !== "READY") throw new ApiError("FAILED_PRECONDITION", "model is not ready");
        const name = `${parent}/versions/${idFor(world, "version ID", query["versionId"], parent)}`;
        if (resourcesOf(world, COLLECTION).has(name)) throw new ApiError("ALREADY_EXISTS", "version ID already exists");
        const value: Json = { name, createTime: toTimestamp(now), snapshot };
        return putResource(world, { collection: COLLECTION, name, value, hidden: {} }).value;
      }),
  },
  collectionVerbs: {
    count: {
      summary: "How many versions a model has",
      http: "GET",
      writes: false,
      result: schema.versionCount,
      run: (world, { name: parent }) => ({
        count: [...resourcesOf(world, COLLECTION).keys()].filter(toParent(parent)).length,
      }),
    },
  },
  verbs: {
    deploy: {
      summary: "Roll a version out to a deployment of its model",
      http: "POST",
      body: schema.deployVersionBody,
      result: schema.operation,
      run: (world, { name, account, body }) => {
        demandResource(world, COLLECTION, name);
        const isRestart = body["rolloutStrategy"] !== "ROLLOUT_STRATEGY_HOT_RELOAD";
        return world.change(() =>
          runOperation(
            world,
            account,
            () => rollOut(world, account, textOf(body, "deployment"), name, isRestart) as Json,
          ),
        );
      },
    },
  },
};
