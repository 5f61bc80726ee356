import { toVersion } from "../../core/deployment/shape.ts";
import type { Json } from "../../core/list/field.ts";
import { deploymentShape, deploymentShapesQuery, deploymentShapeVersion } from "../../schema/deployment-shape.ts";
import type { Kind } from "../registry.ts";
import { toParent } from "../resources.ts";
import { shapesOf } from "../shapes.ts";

/** Shapes of the catalogue's models; they are the service's own, and not made here. */
export const deploymentShapeKind: Kind = {
  collection: "deploymentShapes",
  type: "DeploymentShape",
  schema: deploymentShape,
  defaultOrder: "create_time",
  listQuery: deploymentShapesQuery,
  all: function* (world, { name: parent, query }) {
    const isIn = toParent(parent);
    for (const [name, shape] of shapesOf(world))
      if (isIn(name) && (!query["targetModel"] || query["targetModel"] === shape.baseModel)) yield shape as Json;
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
  all: function* (world, { name: parent }) {
    const isIn = toParent(parent);
    for (const shape of shapesOf(world).values()) {
      const version = toVersion(shape);
      if (isIn(version.name)) yield version as Json;
    }
  },
  find: (world, name) => {
    const shape = shapesOf(world).get(name.replace(/\/versions\/.*$/, ""));
    const version = shape && toVersion(shape);
    return version?.name === name ? (version as Json) : undefined;
  },
};
