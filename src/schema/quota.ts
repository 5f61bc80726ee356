import { z } from "zod";
import { int64, output, timestamp } from "./wire.ts";

/** What an account may use (control-plane §1.5, §3.10). `usage` counts what is charged now. */
export const quota = z.object({
  name: output(z.string()),
  value: int64,
  maxValue: int64,
  usage: output(z.number()),
  updateTime: output(timestamp),
});

export const updateQuotaQuery = z.object({
  updateMask: z.string().optional(),
  allowMissing: z.stringbool().optional().describe("Create the quota when the account has none of this name."),
});
