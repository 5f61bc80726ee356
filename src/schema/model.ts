import { z } from "zod";
import { precision } from "./hardware.ts";
import { immutable, int32, int64, output, status, timestamp } from "./wire.ts";

export const modelKinds = [
  "KIND_UNSPECIFIED",
  "HF_BASE_MODEL",
  "HF_PEFT_ADDON",
  "HF_TEFT_ADDON",
  "FLUMINA_BASE_MODEL",
  "FLUMINA_ADDON",
  "DRAFT_ADDON",
  "FIRE_AGENT",
  "LIVE_MERGE",
  "CUSTOM_MODEL",
  "EMBEDDING_MODEL",
  "SNAPSHOT_MODEL",
] as const;

const baseModelDetails = z.object({
  worldSize: int32,
  checkpointFormat: z.enum(["CHECKPOINT_FORMAT_UNSPECIFIED", "NATIVE", "HUGGINGFACE", "UNINITIALIZED"]),
  huggingfaceFiles: z.array(z.string()),
  parameterCount: int64,
  moe: z.boolean(),
  tunable: z.boolean(),
  modelType: z.string(),
  supportsFireattention: z.boolean(),
  defaultPrecision: output(precision),
  supportsMtp: z.boolean(),
});

const peftDetails = z.object({
  baseModel: z.string(),
  r: int32,
  targetModules: z.array(z.string()),
  baseModelType: output(z.string()),
  mergeAddonModelName: z.string(),
});

/** A model of the public catalogue or of an account (control-plane §2.8). Field order is the order on the wire. */
export const model = z.object({
  name: output(z.string()),
  displayName: z.string(),
  description: z.string(),
  createTime: output(timestamp),
  state: output(z.enum(["STATE_UNSPECIFIED", "UPLOADING", "READY"])),
  status: output(status),
  kind: immutable(z.enum(modelKinds)),
  githubUrl: z.string(),
  huggingFaceUrl: z.string(),
  baseModelDetails: immutable(baseModelDetails.nullable()),
  peftDetails: immutable(peftDetails.nullable()),
  teftDetails: immutable(z.object({}).nullable()),
  public: z.boolean(),
  conversationConfig: immutable(z.object({ style: z.string(), system: z.string(), template: z.string() }).nullable()),
  contextLength: int32,
  supportsImageInput: z.boolean(),
  supportsTools: z.boolean(),
  importedFrom: output(z.string()),
  fineTuningJob: output(z.string()),
  defaultDraftModel: z.string(),
  defaultDraftTokenCount: int32,
  deployedModelRefs: output(
    z.array(
      z.object({
        name: z.string(),
        deployment: z.string(),
        state: z.string(),
        default: z.boolean(),
        public: z.boolean(),
      }),
    ),
  ),
  cluster: output(z.string()),
  deprecationDate: z.object({ year: int32, month: int32, day: int32 }).nullable(),
  calibrated: output(z.boolean()),
  tunable: output(z.boolean()),
  supportsLora: z.boolean(),
  useHfApplyChatTemplate: z.boolean(),
  updateTime: output(timestamp),
  defaultSamplingParams: output(z.record(z.string(), z.number())),
  rlTunable: output(z.boolean()),
  trainingContextLength: int32,
  snapshotType: immutable(z.enum(["FULL_SNAPSHOT", "INCREMENTAL_SNAPSHOT"])),
  supportsServerless: output(z.boolean()),
  supervisedLoraTunable: output(z.boolean()),
  supervisedFullParameterTunable: output(z.boolean()),
  rlLoraTunable: output(z.boolean()),
  rlFullParameterTunable: output(z.boolean()),
});
export type Model = z.infer<typeof model>;

/** What is sent to make a model, and to upload its files (control-plane §7). */

export const createModelBody = z.object({ model, modelId: z.string(), cluster: z.string() });

export const uploadEndpointBody = z.object({
  filenameToSize: z.record(z.string(), int64),
  enableResumableUpload: z.boolean(),
  readMask: z.string(),
});
export const uploadEndpointResult = z.object({
  filenameToSignedUrls: z.record(z.string(), z.string()),
  filenameToUnsignedUris: z.record(z.string(), z.string()),
});
export const downloadEndpointResult = z.object({ filenameToSignedUrls: z.record(z.string(), z.string()) });

export const validateUploadQuery = z.object({
  skipHfConfigValidation: z.stringbool().optional(),
  trustRemoteCode: z.stringbool().optional(),
  configOnly: z.stringbool().optional().describe("Only look at config.json; the model stays as it is."),
});
export const validateUploadResult = z.object({ warnings: z.array(z.string()) });
export const prepareModelBody = z.object({ precision, readMask: z.string() });
