import { z } from "zod";

export const deploymentMetricsQuery = z.object({
  timeRange: z.string().optional().describe("10m by default, and at most here."),
  readMask: z.string().optional(),
});
export const deploymentMetricsResult = z.object({ metrics: z.record(z.string(), z.number()) });
