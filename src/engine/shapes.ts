import type { Hardware } from "../core/deployment/spec.ts";
import { presetNames, settingsOf, shapeName, toPreset, toShape, toVersion } from "../core/deployment/shape.ts";
import { ApiError, invalid } from "../core/error.ts";
import type { Json } from "../core/list/field.ts";
import type { DeploymentShape } from "../schema/deployment-shape.ts";
import type { Catalog } from "./catalog.ts";
import type { World } from "./world.ts";

/** The facts that settings are checked against. */
export const hardwareOf = ({ parts: { catalog, config, fleet } }: World): Hardware => ({
  accelerators: catalog.accelerators,
  fleet: fleet.total,
  capacity: catalog.capacity,
  defaultAccelerator: config.defaultAccelerator,
});

const byCatalog = new WeakMap<Catalog, Map<string, DeploymentShape>>();

/** The shapes of the catalogue's models, by name; found once. */
export function shapesOf(world: World): Map<string, DeploymentShape> {
  const { catalog } = world.parts;
  let shapes = byCatalog.get(catalog);
  if (!shapes) {
    byCatalog.set(catalog, (shapes = new Map()));
    for (const [name, facts] of catalog.facts)
      for (const preset of facts.embedding ? [] : presetNames) {
        const shape = toShape(facts, preset, catalog.models.get(name)!.createTime, hardwareOf(world));
        if (shape) shapes.set(shape.name, shape);
      }
  }
  return shapes;
}

/**
 * What a deployment is given by the shape it names: `minimal`, a shape's name, or a version's.
 * @returns the name of the version, and its settings
 * @throws ApiError NOT_FOUND, INVALID_ARGUMENT for a shape of another model
 */
export function takeShape(world: World, text: string, baseModel: unknown): { version: string; settings: Json } {
  const preset = toPreset(text);
  const name = preset && typeof baseModel === "string" ? shapeName(baseModel, preset) : text;
  const [wanted, version] = name.split("/versions/") as [string, string | undefined];
  const shape = shapesOf(world).get(wanted);
  const known = shape && toVersion(shape).name;
  if (!shape || (version !== undefined && known !== name))
    throw new ApiError("NOT_FOUND", `deployment shape ${name} not found`);
  if (shape.baseModel !== baseModel)
    throw invalid(`invalid deployment: deployment shape ${wanted} is for base model ${shape.baseModel}`);
  return { version: known!, settings: settingsOf(shape) };
}
