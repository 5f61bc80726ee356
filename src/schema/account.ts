import { z } from "zod";
import { output, status, timestamp } from "./wire.ts";

/** A customer account (control-plane §1.5). */
export const account = z.object({
  name: output(z.string()),
  displayName: z.string(),
  createTime: output(timestamp),
  accountType: z.enum(["ACCOUNT_TYPE_UNSPECIFIED", "ENTERPRISE"]),
  email: z.string(),
  state: output(z.enum(["STATE_UNSPECIFIED", "CREATING", "READY", "UPDATING", "DELETING"])),
  status: output(status),
  suspendState: output(
    z.enum([
      "UNSUSPENDED",
      "FAILED_PAYMENTS",
      "CREDIT_DEPLETED",
      "MONTHLY_SPEND_LIMIT_EXCEEDED",
      "BLOCKED_BY_ABUSE_RULE",
    ]),
  ),
  updateTime: output(timestamp),
});
export type Account = z.infer<typeof account>;
