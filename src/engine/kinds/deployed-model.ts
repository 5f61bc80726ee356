import type { Json } from "../../core/list/field.ts";
import { deployedModel, loadQuery } from "../../schema/deployed-model.ts";
import { updateMaskQuery } from "../../schema/wire.ts";
import { findDeployed, listDeployed, loadAddon, unloadAddon, updateDeployed } from "../deployed-models.ts";
import { maySee } from "../permission.ts";
import type { Kind } from "../registry.ts";
import { someOf, resourcesOf } from "../resources.ts";
import type { World } from "../world.ts";

/** Clock mode `skip`: a client that looks at an addon on its way moves time to its arrival. */
function skipTo(world: World, name: string): void {
  const at = world.parts.queue.get("deployedModels", name)?.at;
  if (world.parts.clock.mode === "skip" && at !== undefined && resourcesOf(world, "deployedModels").has(name))
    world.runTo(at);
}

/** What is deployed where: base models with their deployments, addons by loading them (control-plane §6). */
export const deployedModelKind: Kind = {
  collection: "deployedModels",
  type: "DeployedModel",
  schema: deployedModel,
  defaultOrder: "name",
  shared: ({ public: isPublic }) => isPublic === true,
  all: (world, call) => someOf(call.name, listDeployed(world)),
  find: (world, name, account) => {
    // who may not see it does not move time either
    if (maySee(world, account, name)) skipTo(world, name);
    return findDeployed(world, name) as Json | undefined;
  },
  create: {
    summary: "Load an addon onto a deployment",
    http: "POST",
    query: loadQuery,
    body: deployedModel,
    result: deployedModel,
    run: (world, { account, body, query }) =>
      loadAddon(world, account, body, Boolean(query["replaceMergedAddon"])) as Json,
  },
  update: {
    summary: "Change a deployed model, or make it the default of its model",
    http: "PATCH",
    query: updateMaskQuery,
    body: deployedModel,
    result: deployedModel,
    run: (world, { name, body, query }) => updateDeployed(world, name, body, query["updateMask"]) as Json,
  },
  remove: {
    summary: "Unload an addon",
    http: "DELETE",
    run: (world, { name }) => {
      unloadAddon(world, name);
      return {};
    },
  },
};
