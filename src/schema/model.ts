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
  public: z.boolean(),
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
  calibrated: output(z.boolean()),
  tunable: output(z.boolean()),
  supportsLora: z.boolean(),
  useHfApplyChatTemplate: z.boolean(),
  updateTime: output(timestamp),
  defaultSamplingParams: output(z.record(z.string(), z.number())),
  rlTunable: output(z.boolean()),
  trainingContextLength: int32,
  supportsServerless: output(z.boolean()),
  supervisedLoraTunable: output(z.boolean()),
  supervisedFullParameterTunable: output(z.boolean()),
  rlLoraTunable: output(z.boolean()),
  rlFullParameterTunable: output(z.boolean()),
});
export type Model = z.infer<typeof model>;
