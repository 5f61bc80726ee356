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

/** What must be under some names. A record of zod leaves `__proto__` out, so that a match would have less to ask for. */
export const wanted = <T extends z.ZodType>(value: T) =>
  z.preprocess(
    (given, context) => {
      if (typeof given === "object" && given !== null && Object.hasOwn(given, "__proto__"))
        context.addIssue({ code: "custom", message: "__proto__ cannot be looked for" });
      return given;
    },
    z.record(z.string(), value),
  );

/** A full name, or its last part. */
export const glob = z.string().describe("`*` stands for anything.");
