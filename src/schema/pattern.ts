import { z } from "zod";

export const pattern = z
  .union([
    z.string(),
    z.strictObject({
      equals: z.string().optional(),
      contains: z.string().optional(),
      regex: z.string().optional().describe("Its groups can be quoted in a script's answer: `{{1}}`, `{{name}}`."),
    }),
  ])
  .describe("A text that must be contained, or `{equals}`, `{contains}`, `{regex}`.");
export type TextPattern = z.infer<typeof pattern>;

/** A full name, or its last part. */
export const glob = z.string().describe("`*` stands for anything.");
