import { z } from "zod";
import { acceleratorType, precision } from "./hardware.ts";
import { int32, int64, listQuery, output, timestamp } from "./wire.ts";

/** Hardware and settings that were found good for a model, and their versions (control-plane §2.7). */

const presetTypes = [
  "PRESET_TYPE_UNSPECIFIED",
  "MINIMAL",
  "FAST",
  "THROUGHPUT",
  "FULL_PRECISION",
  "AGENTIC_CODING",
  "CHAT",
  "SUMMARIZATION",
] as const;

export const deploymentShape = z.object({
  name: output(z.string()),
  displayName: z.string(),
  description: z.string(),
  createTime: output(timestamp),
  updateTime: output(timestamp),
  baseModel: z.string(),
  modelType: output(z.string()),
  parameterCount: output(int64),
  acceleratorCount: int32,
  acceleratorType,
  precision,
  disableDeploymentSizeValidation: z.boolean(),
  enableAddons: z.boolean(),
  draftTokenCount: int32,
  draftModel: z.string(),
  ngramSpeculationLength: int32,
  disableSpeculativeDecoding: z.boolean(),
  enableSessionAffinity: z.boolean(),
  numLoraDeviceCached: int32,
  maxContextLength: int32,
  presetType: z.enum(presetTypes),
});
export type DeploymentShape = z.infer<typeof deploymentShape>;

export const deploymentShapeVersion = z.object({
  name: output(z.string()),
  createTime: output(timestamp),
  snapshot: output(deploymentShape),
  validated: z.boolean(),
  public: z.boolean(),
  latestValidated: output(z.boolean()),
});
export type DeploymentShapeVersion = z.infer<typeof deploymentShapeVersion>;

export const deploymentShapesQuery = listQuery.extend({
  targetModel: z.string().optional().describe("Only shapes for this model."),
});
