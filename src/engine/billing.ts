import type { z } from "zod";
import type { TokenDay, UsageDay } from "../core/deployment/billing.ts";
import { costOf, gpuSeconds, runningUsage, sumUsage } from "../core/deployment/billing.ts";
import type { Json } from "../core/list/field.ts";
import { parseFilter } from "../core/list/filter.ts";
import { Table } from "../core/list/table.ts";
import { accountName, accountOf, idOf } from "../core/name.ts";
import type { Ms } from "../core/time.ts";
import { DAY, HOUR, parseTimestamp, SECOND, toTimestamp } from "../core/time.ts";
import type { accountUsage, billingSummary, Money, usageResult, UsageType } from "../schema/billing.ts";
import { modelOf } from "./models.ts";
import type { World } from "./world.ts";

/** Whose bill, and of which days: those that begin in [from, to). */
export interface BillSpan {
  account?: string | undefined;
  from: Ms;
  to: Ms;
}

const startOf = (day: string): Ms => parseTimestamp(`${day}T00:00:00Z`)!;
/** The days that touch the span: a bill is by whole days. */
const isInSpan = ({ from, to }: BillSpan, day: string): boolean => startOf(day) + DAY > from && startOf(day) < to;

/** GPU time per deployment and day, with what still runs up to now. */
function gpuUsage(world: World, span: BillSpan): UsageDay[] {
  world.saver.flush();
  const { store, deployments } = world.parts;
  const running = [...deployments.values()].flatMap((record) => runningUsage(record, world.now));
  return sumUsage(
    [...store.usage(), ...running].filter(
      ({ day, deployment }) =>
        isInSpan(span, day) && (span.account === undefined || accountOf(deployment) === span.account),
    ),
  );
}

/** Tokens of the shared service per account, day and model. */
const tokenUsage = (world: World, span: BillSpan): TokenDay[] =>
  world.parts.store
    .tokens()
    .filter(({ account, day }) => isInSpan(span, day) && (span.account === undefined || account === span.account));

const priceOf = (world: World, type: string): number => world.parts.catalog.accelerators.get(type)?.pricePerHour ?? 0;

/** The emulator's own report. */
export function toUsage(world: World, span: BillSpan): z.infer<typeof usageResult> {
  const usage = gpuUsage(world, span).map((row) => {
    const { deployment, day, acceleratorType, region, baseModel } = row;
    return {
      deployment,
      day,
      acceleratorType,
      region,
      baseModel,
      gpuSeconds: gpuSeconds(row),
      reservedGpuSeconds: row.reservedMs / SECOND,
      cost: costOf(row, priceOf(world, acceleratorType)),
    };
  });
  return {
    usage,
    serverless: tokenUsage(world, span),
    totalGpuSeconds: usage.reduce((sum, row) => sum + row.gpuSeconds, 0),
    totalCost: usage.reduce((sum, row) => sum + row.cost, 0),
  };
}

/** Values of a deployment's annotations by the names that a bill is grouped by; empty once the deployment is gone. */
function groupOf(world: World, deployment: string, groupBy: readonly string[]): Record<string, string> {
  const annotations = world.parts.deployments.get(deployment)?.spec.annotations ?? {};
  return Object.fromEntries(
    groupBy.map((key) => {
      const name = key.replace(/^annotations\./, "");
      const known = [name, `custom/${name}`].find((each) => Object.hasOwn(annotations, each));
      return [key, known === undefined ? "" : annotations[known]!];
    }),
  );
}

const bucket = (day: string): { startTime: string; endTime: string } => ({
  startTime: toTimestamp(startOf(day)),
  endTime: toTimestamp(startOf(day) + DAY),
});

/** `GET /v1/accounts/{a}/billingUsage` (control-plane §1.3). */
export function toAccountUsage(
  world: World,
  span: BillSpan,
  usageType: UsageType,
  groupBy: readonly string[],
  filterText: string,
): z.infer<typeof accountUsage> {
  const filter = parseFilter(filterText);
  const pick = <T extends Json>(rows: T[]): T[] => {
    const isMeant = filter(new Table(rows));
    return rows.filter((_, row) => isMeant(row));
  };
  const dedicated = gpuUsage(world, span).map((row) => ({
    deploymentId: idOf(row.deployment),
    acceleratorType: row.acceleratorType,
    acceleratorSeconds: String(Math.round(gpuSeconds(row))),
    ...bucket(row.day),
    baseModel: row.baseModel,
    usageType: "DEDICATED_DEPLOYMENT",
    placement: row.region,
    group: groupOf(world, row.deployment, groupBy),
  }));
  const serverless = tokenUsage(world, span).map(({ day, model, promptTokens, completionTokens }) => ({
    modelName: model,
    promptTokens: String(promptTokens),
    completionTokens: String(completionTokens),
    ...bucket(day),
    audioInputSeconds: 0,
    usageType: "SERVERLESS",
    apiKeyId: "",
    group: {},
  }));
  return {
    serverlessCosts: usageType === "DEDICATED_DEPLOYMENT" ? [] : pick(serverless),
    dedicatedCosts: usageType === "SERVERLESS" ? [] : pick(dedicated),
  };
}

const NANOS = 1_000_000_000;

function toMoney(dollars: number): Money {
  const nanos = Math.round(dollars * NANOS);
  return { currencyCode: "USD", units: String(Math.floor(nanos / NANOS)), nanos: nanos % NANOS };
}

/** `GET /v1/accounts/{a}/billing/summary`: a line for each accelerator type and deployment. */
export function toSummary(world: World, span: BillSpan): z.infer<typeof billingSummary> {
  const lines = new Map<string, { type: string; deployment: string; gpuMs: number; cost: number }>();
  for (const row of gpuUsage(world, span)) {
    const key = `${row.acceleratorType} ${row.deployment}`;
    const line = lines.get(key) ?? { type: row.acceleratorType, deployment: row.deployment, gpuMs: 0, cost: 0 };
    line.gpuMs += row.gpuMs;
    line.cost += costOf(row, priceOf(world, row.acceleratorType));
    lines.set(key, line);
  }
  return {
    lineItems: [...lines.entries()]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { type, deployment, gpuMs, cost }]) => ({
        category: "DEDICATED_DEPLOYMENT",
        groupingKey: "accelerator_type",
        groupingValue: type,
        secondaryGroupingKey: "deployment",
        secondaryGroupingValue: deployment,
        quantity: gpuMs / HOUR,
        unitAmount: toMoney(priceOf(world, type)),
        totalCost: toMoney(cost),
      })),
  };
}

/** Columns of the service's billing export (control-plane §5.2). */
const columns = [
  "email",
  "start_time",
  "end_time",
  "usage_type",
  "accelerator_type",
  "accelerator_seconds",
  "base_model_name",
  "model_bucket",
  "parameter_count",
  "prompt_tokens",
  "completion_tokens",
] as const;

const quote = (value: string): string => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);

/** The same as comma-separated values, a row for each bucket. */
export function toCsv(world: World, span: BillSpan): string {
  const parametersOf = (model: string): string => modelOf(world, model)?.baseModelDetails?.parameterCount ?? "";
  const emailOf = (account: string): string => world.parts.accounts.get(accountName(account))?.email ?? "";
  const rows = [
    ...gpuUsage(world, span).map((row) => [
      emailOf(accountOf(row.deployment)),
      ...Object.values(bucket(row.day)),
      "DEDICATED_DEPLOYMENT",
      row.acceleratorType,
      String(gpuSeconds(row)),
      row.baseModel,
      "",
      parametersOf(row.baseModel),
      "",
      "",
    ]),
    ...tokenUsage(world, span).map((row) => [
      emailOf(row.account),
      ...Object.values(bucket(row.day)),
      "SERVERLESS",
      "",
      "",
      row.model,
      "",
      parametersOf(row.model),
      String(row.promptTokens),
      String(row.completionTokens),
    ]),
  ];
  return [columns, ...rows].map((row) => `${row.map(quote).join(",")}\n`).join("");
}
