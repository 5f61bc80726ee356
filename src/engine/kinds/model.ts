import type { DeploymentRecord } from "../../core/deployment/record.ts";
import { readyReplicas } from "../../core/deployment/record.ts";
import type { Json } from "../../core/list/field.ts";
import { model } from "../../schema/model.ts";
import type { Kind } from "../registry.ts";
import { isUnder } from "../resources.ts";
import { deployedModelName } from "../routing.ts";
import type { World } from "../world.ts";

function refsOf(world: World, name: string): Json[] {
  const isOn = (record: DeploymentRecord): boolean =>
    record.spec.baseModel === name && record.autoDeploy && record.deleteTime === null;
  return [...world.parts.deployments.values()].filter(isOn).map((record) => ({
    name: deployedModelName(record),
    deployment: record.name,
    state: readyReplicas(record).length > 0 || record.state === "READY" ? "DEPLOYED" : "DEPLOYING",
    default: true,
    public: false,
  }));
}

/** Models of the public catalogue; an account's own come with uploads. */
export const modelKind: Kind = {
  collection: "models",
  type: "Model",
  schema: model,
  defaultOrder: "name",
  all: function* (world, call) {
    for (const [name, item] of world.parts.catalog.models) if (isUnder(call.name, name)) yield item as Json;
  },
  // deployedModelRefs are filled by get alone (control-plane §2.8)
  find: (world, name) => {
    const item = world.parts.catalog.models.get(name);
    return item && { ...item, deployedModelRefs: refsOf(world, name) };
  },
};
