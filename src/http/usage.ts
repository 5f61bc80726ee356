import type { z } from "zod";
import { isTimezone } from "../core/deployment/schedule.ts";
import { invalid } from "../core/error.ts";
import type { Ms } from "../core/time.ts";
import { DAY, parseTimestamp } from "../core/time.ts";
import type { BillSpan } from "../engine/billing.ts";
import { toAccountUsage, toCsv, toSummary, toUsage } from "../engine/billing.ts";
import * as schema from "../schema/billing.ts";
import type { Call, Reply, Route } from "./route.ts";

/** The service's limit on one bill (control-plane §1.3). */
const SPAN_MAX: Ms = 31 * DAY;

function timeOf(field: string, text: string | null | undefined): Ms | undefined {
  if (text === undefined || text === null || text === "") return undefined;
  const at = parseTimestamp(text);
  if (at === undefined)
    throw invalid(`${field}: expected an RFC 3339 time such as "2026-01-01T00:00:00Z", got "${text}"`);
  return at;
}

/** The span of a bill of the service: both ends are required. @throws ApiError INVALID_ARGUMENT */
function billSpan(call: Call): BillSpan {
  const [from, to] = [
    timeOf("start_time", call.query["startTime"] as string),
    timeOf("end_time", call.query["endTime"] as string),
  ];
  if (from === undefined || to === undefined) throw invalid("start_time and end_time are required");
  if (to <= from) throw invalid("end_time must be after start_time");
  if (to - from > SPAN_MAX) throw invalid("the time range must not exceed 31 days");
  return { account: call.params["account_id"], from, to };
}

function ownUsage(call: Call): Reply {
  const { account, startTime, endTime, format } = call.query as z.infer<typeof schema.usageQuery>;
  const span = { account, from: timeOf("startTime", startTime) ?? 0, to: timeOf("endTime", endTime) ?? Infinity };
  if (format === "csv") return { body: toCsv(call.world, span), headers: { "content-type": "text/csv" } };
  return { body: toUsage(call.world, span) };
}

function accountUsage(call: Call): Reply {
  const { usageType, filter, timezone } = call.query as z.infer<typeof schema.billingUsageQuery>;
  if (timezone && !isTimezone(timezone)) throw invalid(`timezone: expected an IANA time zone, got "${timezone}"`);
  const groupBy = (call.context.req.queries("groupBy") ?? call.context.req.queries("group_by") ?? []).flatMap((text) =>
    text.split(","),
  );
  return {
    body: toAccountUsage(call.world, billSpan(call), usageType ?? "USAGE_TYPE_UNSPECIFIED", groupBy, filter ?? ""),
  };
}

export const usageRoutes = (): Route[] => [
  {
    method: "GET",
    path: "/__emulator/usage",
    plane: "emulator",
    tag: "Billing",
    summary: "GPU-seconds and cost per deployment and day; serverless tokens; as CSV with format=csv",
    query: schema.usageQuery,
    result: schema.usageResult,
    handle: ownUsage,
  },
  {
    method: "GET",
    path: "/v1/accounts/{account_id}/billingUsage",
    plane: "control",
    tag: "Billing",
    summary: "Usage of an account in daily buckets",
    query: schema.billingUsageQuery.partial(),
    result: schema.accountUsage,
    handle: accountUsage,
  },
  {
    method: "GET",
    path: "/v1/accounts/{account_id}/billing/summary",
    plane: "control",
    tag: "Billing",
    summary: "What an account has to pay",
    query: schema.summaryQuery.partial(),
    result: schema.billingSummary,
    handle: (call) => ({ body: toSummary(call.world, billSpan(call)) }),
  },
];
