import { toVersion } from "../../core/deployment/shape.ts";
import type { Json } from "../../core/list/field.ts";
import { deploymentShape, deploymentShapesQuery, deploymentShapeVersion } from "../../schema/deployment-shape.ts";
import type { Kind } from "../registry.ts";
import { someOf } from "../resources.ts";
import { shapesOf } from "../shapes.ts";

/** Shapes of the catalogue's models; they are the service's own, and not made here. */
export const deploymentShapeKind: Kind = {
  collection: "deploymentShapes",
  type: "DeploymentShape",
  schema: deploymentShape,
  defaultOrder: "create_time",
  shared: () => true,
  listQuery: deploymentShapesQuery,
  all: (world, { name: parent, query: { targetModel } }) => {
    const shapes = [...shapesOf(world).values()];
    return someOf(parent, targetModel ? shapes.filter(({ baseModel }) => baseModel === targetModel) : shapes);
  },
  find: (world, name) => shapesOf(world).get(name) as Json | undefined,
};

export const deploymentShapeVersionKind: Kind = {
  collection: "versions",
  listKey: "deploymentShapeVersions",
  under: "deploymentShapes",
  type: "DeploymentShapeVersion",
  schema: deploymentShapeVersion,
  defaultOrder: "create_time",
  shared: () => true,
  all: (world, call) => someOf(call.name, [...shapesOf(world).values()].map(toVersion)),
  find: (world, name) => {
    const shape = shapesOf(world).get(name.replace(/\/versions\/.*$/, ""));
    const version = shape && toVersion(shape);
    return version?.name === name ? (version as Json) : undefined;
  },
};
