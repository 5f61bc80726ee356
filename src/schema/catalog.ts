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
  precision: precision.default("BF16").describe("Default serving precision."),
  createTime: z.iso.datetime(),
  huggingFace: z.string().optional(),
  serverless: z.boolean().default(false),
  tools: z.boolean().default(false),
  images: z.boolean().default(false),
  lora: z.boolean().default(false),
  reasoning: z.boolean().default(false),
  sampling: z.record(z.string(), z.number()).default({}),
});
export type CatalogModel = z.infer<typeof catalogModel>;

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
  supportsMoe: z.boolean().default(true),
});
export type CatalogAccelerator = z.infer<typeof catalogAccelerator>;

/** GPUs that the fleet has, per region and type. */
const catalogRegion = z.strictObject({
  region,
  gpus: z.partialRecord(acceleratorType, z.int().nonnegative()),
});

const withSchema = <T extends z.ZodType>(key: string, item: T) =>
  z.strictObject({ $schema: z.string().optional(), [key]: z.array(item) });
export const modelsFile = withSchema("models", catalogModel);
export const acceleratorsFile = withSchema("accelerators", catalogAccelerator);
export const regionsFile = withSchema("regions", catalogRegion);
