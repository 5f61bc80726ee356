import { z } from "zod";
import { int64, timestamp } from "./wire.ts";

/** The emulator's own account of GPU time and money: exact, and with what still runs up to now. */
export const usageQuery = z.object({
  account: z.string().optional().describe("All accounts when left out."),
  startTime: timestamp.optional().describe("Days from here; all when left out."),
  endTime: timestamp.optional().describe("Days before here."),
  format: z.enum(["json", "csv"]).optional().describe("csv: the columns of the service's billing export."),
});
export const usageResult = z.object({
  usage: z.array(
    z.object({
      deployment: z.string(),
      day: z.string(),
      acceleratorType: z.string(),
      region: z.string(),
      baseModel: z.string(),
      gpuSeconds: z.number(),
      reservedGpuSeconds: z.number().describe("Of these, on reserved capacity: not in the cost."),
      cost: z.number(),
    }),
  ),
  serverless: z.array(
    z.object({
      account: z.string(),
      day: z.string(),
      model: z.string(),
      promptTokens: z.int(),
      completionTokens: z.int(),
    }),
  ),
  totalGpuSeconds: z.number(),
  totalCost: z.number(),
});

const usageTypes = ["USAGE_TYPE_UNSPECIFIED", "SERVERLESS", "DEDICATED_DEPLOYMENT"] as const;
export type UsageType = (typeof usageTypes)[number];

/** The service's own bill (control-plane §1.3; the official schema's gatewayAccountUsage). */
export const billingUsageQuery = z.object({
  startTime: z.string().describe("RFC 3339; required."),
  endTime: z.string().describe("RFC 3339; required, at most 31 days later."),
  usageType: z.enum(usageTypes).optional(),
  timezone: z.string().optional().describe("IANA; buckets are UTC days all the same."),
  groupBy: z.string().optional().describe("Comma-separated or repeated: annotations.team, annotations.project, ..."),
  filter: z.string().optional(),
});
const group = z.record(z.string(), z.string());
export const accountUsage = z.object({
  serverlessCosts: z.array(
    z.object({
      modelName: z.string(),
      promptTokens: int64,
      completionTokens: int64,
      startTime: timestamp,
      endTime: timestamp,
      audioInputSeconds: z.number(),
      usageType: z.string(),
      apiKeyId: z.string(),
      group,
    }),
  ),
  dedicatedCosts: z.array(
    z.object({
      deploymentId: z.string(),
      acceleratorType: z.string(),
      acceleratorSeconds: int64,
      startTime: timestamp,
      endTime: timestamp,
      baseModel: z.string(),
      usageType: z.string(),
      placement: z.string(),
      group,
    }),
  ),
});

const money = z.object({ currencyCode: z.string(), units: int64, nanos: z.int32() });
export const summaryQuery = billingUsageQuery.pick({ startTime: true, endTime: true });
export const billingSummary = z.object({
  lineItems: z.array(
    z.object({
      category: z.string(),
      groupingKey: z.string(),
      groupingValue: z.string(),
      secondaryGroupingKey: z.string(),
      secondaryGroupingValue: z.string(),
      quantity: z.number(),
      unitAmount: money,
      totalCost: money,
    }),
  ),
});
export type Money = z.infer<typeof money>;
