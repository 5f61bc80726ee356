import { z } from "zod";
import { model } from "./model.ts";
import { confidential, int32, output, timestamp } from "./wire.ts";

/** A model as it was at some time, to be rolled out to its deployments (control-plane §1.2). */
export const modelVersion = z.object({
  name: output(z.string()),
  createTime: output(timestamp),
  snapshot: output(model),
});

export const createVersionQuery = z.object({ versionId: z.string().optional() });
export const versionCount = z.object({ count: int32 });

export const deployVersionBody = z.object({
  deployment: z.string(),
  rolloutStrategy: z.enum(["ROLLOUT_STRATEGY_UNSPECIFIED", "ROLLOUT_STRATEGY_STANDARD", "ROLLOUT_STRATEGY_HOT_RELOAD"]),
});

/** Where the weights of a model lie; here a folder stands for the bucket. */
export const importModelBody = z.object({
  awsS3Source: z.object({
    s3Bucket: z.string(),
    s3Path: z.string(),
    roleArn: z.string(),
    accessKeyId: confidential(z.string()),
    accessSecret: confidential(z.string()),
  }),
  azureBlobSource: z.object({
    storageAccount: z.string(),
    container: z.string(),
    path: z.string(),
    sasTokenSecret: confidential(z.string()),
    clientId: z.string(),
    tenantId: z.string(),
  }),
});

const anyMessage = z.record(z.string(), z.unknown());

/** Work that takes its time elsewhere, and is done here when the answer comes. */
export const operation = z.object({
  name: z.string(),
  metadata: anyMessage.nullable(),
  done: z.boolean(),
  error: z.object({ code: int32, message: z.string(), details: z.array(anyMessage) }).nullable(),
  response: anyMessage.nullable(),
});
