import { z } from "zod";
import { clockBody, clockMode, time } from "./control.ts";
import { acceleratorType } from "./hardware.ts";

/** What a sandbox's name may be: it stands in URLs, and names a file. */
export const SANDBOX_NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** How a sandbox's world behaves where it differs from the server's own; names and values are those of the flags. */
export const sandboxOptions = z.strictObject({
  clock: clockMode.optional(),
  rate: z.number().positive().max(1e6).optional(),
  startTime: time.optional().describe("World time at the beginning."),
  profile: z.enum(["instant", "fast", "realistic"]).optional(),
  coldStart: z.enum(["reject", "wait"]).optional(),
  auth: z.enum(["any", "known"]).optional(),
  seed: z.int().optional(),
  account: z.string().optional().describe("The account that keys belong to."),
  strict: z.boolean().optional(),
  pace: z.enum(["auto", "on", "off"]).optional(),
  rateLimits: z.enum(["auto", "on", "off"]).optional(),
  promptCache: z.enum(["on", "off"]).optional(),
  streamUsage: z.enum(["last-chunk", "on-request"]).optional(),
  chunkTokens: z.int().min(1).max(1000).optional(),
  stopText: z.enum(["drop", "keep"]).optional(),
  rerankKey: z.enum(["data", "results"]).optional(),
  defaultAccelerator: acceleratorType.optional(),
  gpuQuota: z.union([z.int().min(0), z.literal("none")]).optional(),
});
export type SandboxOptions = z.infer<typeof sandboxOptions>;

export const sandboxBody = sandboxOptions.extend({
  name: z.string().regex(SANDBOX_NAME, "expected 1-63 of a-z, 0-9, - and _, starting with a letter or a digit"),
  replace: z.boolean().default(false).describe("One of that name goes first; otherwise it is an error."),
});

export const sandbox = z.object({
  name: z.string(),
  url: z.string().describe("The base URL of its world."),
  state: z
    .enum(["ready", "unsaved", "broken"])
    .describe(
      "`unsaved`: it answers, but nothing can be written to its database. `broken`: its database cannot be opened, and it answers 503.",
    ),
  reason: z.string().optional().describe("Why it is not ready."),
  options: sandboxOptions.optional().describe("This and what follows: left out of a broken one."),
  seed: z.string().optional(),
  clock: clockBody.optional(),
  deployments: z.int().optional(),
});
