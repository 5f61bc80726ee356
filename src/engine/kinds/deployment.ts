import { deleteTags, setTags } from "../../core/deployment/tags.ts";
import { toResource } from "../../core/deployment/resource.ts";
import type { Json } from "../../core/list/field.ts";
import { Table } from "../../core/list/table.ts";
import {
  createDeploymentQuery,
  deleteDeploymentQuery,
  deleteTagsBody,
  deployment,
  scaleDeploymentBody,
  setTagsBody,
  updateDeploymentQuery,
} from "../../schema/deployment.ts";
import { listQuery } from "../../schema/wire.ts";
import { z } from "zod";
import type { CreateOptions } from "../deployments.ts";
import {
  changeTags,
  createDeployment,
  deleteDeployment,
  scaleDeployment,
  undeleteDeployment,
  updateDeployment,
} from "../deployments.ts";
import type { Kind } from "../registry.ts";
import { toParent } from "../resources.ts";
import { skipFor } from "../waiting.ts";

/** On-demand deployments (control-plane §1.2, §2, §4). */
export const deploymentKind: Kind = {
  collection: "deployments",
  type: "Deployment",
  schema: deployment,
  defaultOrder: "create_time",
  listQuery: listQuery.extend({ showDeleted: z.stringbool().optional().describe("Soft-deleted ones too.") }),

  all: (world, call) => {
    const isIn = toParent(call.name);
    const records = [...world.parts.deployments.values()].filter(
      ({ name, state }) => isIn(name) && (state !== "DELETED" || call.query["showDeleted"]),
    );
    return [new Table(records.map(toResource))];
  },
  find: (world, name) => {
    skipFor(world, name);
    const record = world.parts.deployments.get(name);
    return record && (toResource(record) as Json);
  },

  create: {
    summary: "Create a deployment",
    http: "POST",
    query: createDeploymentQuery,
    body: deployment,
    result: deployment,
    run: (world, call) => createDeployment(world, call.account, call.body, call.query as CreateOptions),
  },
  update: {
    summary: "Change a deployment: the fields in the body, or those that updateMask names",
    http: "PATCH",
    query: updateDeploymentQuery,
    body: deployment,
    result: deployment,
    run: (world, call) => updateDeployment(world, call.name, call.body, call.query["updateMask"] as string | undefined),
  },
  remove: {
    summary: "Delete a deployment, softly unless hard",
    http: "DELETE",
    query: deleteDeploymentQuery,
    run: (world, call) => {
      deleteDeployment(world, call.name, Boolean(call.query["hard"]), Boolean(call.query["ignoreChecks"]));
      return {};
    },
  },
  verbs: {
    undelete: {
      summary: "Bring a soft-deleted deployment back",
      http: "POST",
      body: z.object({}),
      result: deployment,
      run: (world, call) => undeleteDeployment(world, call.name),
    },
    setTags: {
      summary: "Set tags: annotations whose keys begin with `custom/`",
      http: "POST",
      body: setTagsBody,
      result: deployment,
      run: (world, { name, body }) => {
        const tags = (body["tags"] ?? {}) as Record<string, string>;
        return changeTags(world, name, (before) => setTags(before, tags));
      },
    },
    deleteTags: {
      summary: "Remove tags",
      http: "POST",
      body: deleteTagsBody,
      result: deployment,
      run: (world, { name, body }) => {
        const keys = (body["keys"] ?? []) as string[];
        return changeTags(world, name, (before) => deleteTags(before, keys));
      },
    },
    scale: {
      summary: "Set the number of replicas; the autoscaler goes on from there",
      http: "PATCH",
      body: scaleDeploymentBody,
      run: (world, call) => {
        scaleDeployment(world, call.name, Number(call.body["replicaCount"] ?? 0));
        return {};
      },
    },
  },
};
