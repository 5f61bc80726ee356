import type { DeploymentShape, DeploymentShapeVersion } from "../../schema/deployment-shape.ts";
import { deploymentShape } from "../../schema/deployment-shape.ts";
import type { AcceleratorType } from "../../schema/hardware.ts";
import { idOf } from "../name.ts";
import { zeroValue } from "../proto-json.ts";
import { alphanumeric, digest } from "../random.ts";
import type { ModelFacts } from "./capacity.ts";
import { minAcceleratorCount } from "./capacity.ts";
import type { Hardware } from "./spec.ts";

/** What each preset runs on, the first that holds the model, and how many times the least count (ours). */
const presets = {
  minimal: { type: "MINIMAL", times: 1, on: ["NVIDIA_H100_80GB", "NVIDIA_H200_141GB", "NVIDIA_B200_180GB"] },
  fast: { type: "FAST", times: 2, on: ["NVIDIA_B200_180GB", "NVIDIA_H200_141GB", "NVIDIA_H100_80GB"] },
  throughput: { type: "THROUGHPUT", times: 1, on: ["NVIDIA_H200_141GB", "NVIDIA_B200_180GB", "NVIDIA_H100_80GB"] },
} as const;
export type Preset = keyof typeof presets;
export const presetNames = Object.keys(presets) as Preset[];

/** An older name of the smallest (control-plane §2.7). */
const aliases: Record<string, Preset> = { cost: "minimal" };

export const toPreset = (text: string): Preset | undefined =>
  Object.hasOwn(presets, text) ? (text as Preset) : aliases[text];

export const shapeName = (model: string, preset: Preset): string =>
  `accounts/fireworks/deploymentShapes/${idOf(model)}-${preset}`;

/** A shape that comes with the catalogue; undefined where nothing holds the model. */
export function toShape(
  model: ModelFacts,
  preset: Preset,
  createTime: string | null,
  { accelerators, capacity }: Hardware,
): DeploymentShape | undefined {
  const { type, times, on } = presets[preset];
  const most = capacity.constants.acceleratorsPerNode;
  const countOn = (candidate: AcceleratorType): number => {
    const accelerator = accelerators.get(candidate);
    return accelerator ? minAcceleratorCount(model, model.precision, accelerator, false, capacity.constants) : Infinity;
  };
  const acceleratorType = [...on, ...(accelerators.keys() as Iterable<AcceleratorType>)].find(
    (candidate) => countOn(candidate) < Infinity,
  );
  if (!acceleratorType) return undefined;
  return {
    ...(zeroValue(deploymentShape) as DeploymentShape),
    name: shapeName(model.name, preset),
    displayName: `${idOf(model.name)} ${preset}`,
    createTime,
    updateTime: createTime,
    baseModel: model.name,
    modelType: model.modelType,
    parameterCount: String(Math.round(model.parametersB * 1e9)),
    acceleratorType,
    acceleratorCount: Math.min(countOn(acceleratorType) * times, most),
    precision: model.precision,
    presetType: type,
  };
}

/** The one version of a shape of the catalogue. */
export const toVersion = (shape: DeploymentShape): DeploymentShapeVersion => ({
  name: `${shape.name}/versions/${alphanumeric(digest("shape-version", shape.name), 8)}`,
  createTime: shape.createTime,
  snapshot: shape,
  validated: true,
  public: true,
  latestValidated: true,
});

const taken = [
  "acceleratorType",
  "acceleratorCount",
  "precision",
  "disableDeploymentSizeValidation",
  "enableAddons",
  "draftTokenCount",
  "draftModel",
  "ngramSpeculationLength",
  "enableSessionAffinity",
  "maxContextLength",
] as const;

/** What a deployment takes over from a shape. */
export const settingsOf = (shape: DeploymentShape): Partial<DeploymentShape> =>
  Object.fromEntries(taken.map((field) => [field, shape[field]]));
