import { z } from "zod";
import { acceleratorType, precision, region } from "./hardware.ts";
import { modelKinds } from "./model.ts";

/** A public model, as short as a person would write it down. */
const catalogModel = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  displayName: z.string(),
  maker: z.string(),
  kind: z.enum(modelKinds).default("HF_BASE_MODEL"),
  modelType: z.string().describe("The architecture's `model_type`, e.g. llama."),
  parametersB: z.number().positive().describe("Parameters, in billions."),
  activeB: z.number().positive().optional().describe("Parameters used per token, in billions, when fewer (MoE)."),
  contextLength: z.int().positive(),
  bodyTokensMax: z
    .int()
    .positive()
    .optional()
    .describe("Requests for more tokens than this must ask for a stream, as on some models of the service."),
  accelerators: z.array(acceleratorType).optional().describe("The only types that it runs on; any by default."),
  precision: precision.default("BF16").describe("Default serving precision."),
  createTime: z.iso.datetime(),
  huggingFace: z.string().optional(),
  serverless: z.boolean().default(false),
  tools: z.boolean().default(false),
  images: z.boolean().default(false),
  lora: z.boolean().default(false),
  reasoning: z.boolean().default(false),
  dimensions: z.int().min(2).default(1024).describe("Of its embeddings."),
  systemOne: z.boolean().default(false).describe("Whether it answers System One's questions and Decisions."),
  sampling: z.record(z.string(), z.number()).default({}),
});
export type CatalogModel = z.infer<typeof catalogModel>;

/** Weight formats by their first letters: FP8_MM_V2 is of the family FP8. */
const precisionFamilies = ["FP16", "BF16", "NF4", "FP8", "FP4"] as const;

/** What one accelerator can do; rates are for a model with one billion active parameters. */
const catalogAccelerator = z.strictObject({
  type: acceleratorType,
  memoryGb: z.number().positive(),
  prefillRate: z.number().positive().describe("Prompt tokens per second per billion active parameters."),
  decodeRate: z
    .number()
    .positive()
    .describe("Generated tokens per second of one request per billion active parameters."),
  pricePerHour: z.number().nonnegative().describe("US dollars per GPU and hour."),
  precisions: z
    .array(z.enum(precisionFamilies))
    .default([...precisionFamilies])
    .describe("Weight formats that it computes with."),
  supportsMoe: z.boolean().default(true),
});
export type CatalogAccelerator = z.infer<typeof catalogAccelerator>;

/** GPUs that the fleet has, per region and type. */
const catalogRegion = z.strictObject({
  region,
  gpus: z.partialRecord(acceleratorType, z.int().nonnegative()),
});

/** Numbers of the capacity model, each with its reasoning (simulation §2). */
const capacityNames = [
  "acceleratorExponent",
  "concurrencyScale",
  "concurrencyMin",
  "concurrencyMax",
  "halfSpeedConcurrency",
  "longPromptPrefillGain",
  "longPromptMemory",
  "memoryHeadroom",
  "acceleratorsPerNode",
] as const;
const capacityConstant = z.strictObject({
  name: z.enum(capacityNames),
  value: z.number().positive(),
  why: z.string(),
});
export type CapacityConstants = Record<(typeof capacityNames)[number], number>;

/** A replica that was measured: replaces what the constants give for this model, type and count. */
const capacityCell = z.strictObject({
  model: z.string().describe("The catalogue's model ID."),
  acceleratorType,
  acceleratorCount: z.int().positive(),
  prefillTokensPerSecond: z.number().positive().optional(),
  decodeTokensPerSecond: z.number().positive().optional().describe("Of one request alone on the replica."),
  concurrency: z.int().positive().optional(),
});
export type CapacityCell = z.infer<typeof capacityCell>;

/** What an account may use of a type; \`value\` is enforced, \`maxValue\` is how far it can be raised (control-plane §3.10). */
const catalogQuota = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]{1,63}$/),
  acceleratorType,
  value: z.int().nonnegative(),
  maxValue: z.int().nonnegative(),
});
export type CatalogQuota = z.infer<typeof catalogQuota>;

const withSchema = <T extends z.ZodType>(key: string, item: T) =>
  z.strictObject({ $schema: z.string().optional(), [key]: z.array(item) });
export const modelsFile = withSchema("models", catalogModel);
export const acceleratorsFile = withSchema("accelerators", catalogAccelerator);
export const regionsFile = withSchema("regions", catalogRegion);
export const quotasFile = withSchema("quotas", catalogQuota);
export const capacityFile = z.strictObject({
  $schema: z.string().optional(),
  constants: z.array(capacityConstant).default([]),
  cells: z.array(capacityCell).default([]),
});
