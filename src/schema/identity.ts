import { z } from "zod";
import { confidential, immutable, output, status, timestamp } from "./wire.ts";

/** Users of an account, and their keys (control-plane §1.5). */

export const roles = ["admin", "user", "contributor", "inference-user", "custom"] as const;
export type Role = (typeof roles)[number];

export const user = z.object({
  name: output(z.string()),
  displayName: z.string(),
  serviceAccount: immutable(z.boolean()),
  createTime: output(timestamp),
  role: z.string().describe("admin, user, contributor, inference-user or custom."),
  email: immutable(z.string()),
  state: output(z.enum(["STATE_UNSPECIFIED", "CREATING", "READY", "UPDATING", "DELETING"])),
  status: output(status),
  updateTime: output(timestamp),
  permissionPreset: z.string(),
});

export const createUserQuery = z.object({
  userId: z.string().optional().describe("Generated when left out."),
});

export const apiKey = z.object({
  keyId: output(z.string()),
  displayName: z.string(),
  key: output(z.string()).describe("Told once, when it is made."),
  createTime: output(timestamp),
  secure: output(z.boolean()),
  email: output(z.string()),
  prefix: output(z.string()),
  expireTime: timestamp,
  annotations: z.record(z.string(), z.string()),
  lastUsed: output(timestamp),
});

export const createApiKeyBody = z.object({ apiKey });
export const deleteApiKeyBody = z.object({ keyId: z.string() });

export const secret = z.object({
  name: z.string(),
  keyName: z.string(),
  value: confidential(z.string().describe("Never told, nor kept.")),
});

/** What was done to an account's resources, read from the journal (control-plane §1.3). */
export const auditLogEntry = z.object({
  id: z.string(),
  method: z.string(),
  principal: z.string(),
  payload: z.record(z.string(), z.unknown()).nullable(),
  status,
  timestamp,
  message: z.string(),
  resource: z.string(),
  isAdminAction: z.boolean(),
  userAgent: z.string(),
  clientIp: z.string(),
  apiKeyId: z.string(),
});
