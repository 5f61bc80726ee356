import { z } from "zod";
import { immutable, output, status, timestamp } from "./wire.ts";

/** A model on a deployment: its base, or an addon (control-plane §6.2). */
export const deployedModel = z.object({
  name: output(z.string()),
  displayName: z.string(),
  description: z.string(),
  createTime: output(timestamp),
  model: immutable(z.string()),
  deployment: immutable(z.string()),
  default: z.boolean(),
  state: output(z.enum(["STATE_UNSPECIFIED", "UNDEPLOYING", "DEPLOYING", "DEPLOYED", "UPDATING"])),
  serverless: z.boolean(),
  status: output(status),
  public: z.boolean(),
  updateTime: output(timestamp),
});
export type DeployedModel = z.infer<typeof deployedModel>;

export const loadQuery = z.object({
  replaceMergedAddon: z
    .stringbool()
    .optional()
    .describe("Take the place of the addon that is merged, on a deployment with hot reload."),
});
