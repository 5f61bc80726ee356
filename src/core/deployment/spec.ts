import type { z } from "zod";
import type { CatalogAccelerator } from "../../schema/catalog.ts";
import type { DeploymentSpec } from "../../schema/deployment.ts";
import { deployment } from "../../schema/deployment.ts";
import type { AcceleratorType } from "../../schema/hardware.ts";
import { invalid } from "../error.ts";
import type { Json } from "../list/field.ts";
import { toSnake } from "../name.ts";
import { zeroValue } from "../proto-json.ts";
import { parseDuration } from "../time.ts";
import type { CapacityTable, ModelFacts } from "./capacity.ts";
import { minAcceleratorCount, supportsPrecision } from "./capacity.ts";
import type { GpuCounts } from "./fleet.ts";
import { allowedRegions } from "./fleet.ts";
import { checkSchedules } from "./schedule.ts";
import {
  defaultAutoscalingPolicy,
  LOAD_TARGET_DEFAULT,
  loadTargetKeys,
  SCALE_TO_ZERO_WINDOW_MIN_MS,
  WINDOW_MAX_MS,
} from "./policy.ts";

/** Facts that a deployment's settings are checked against. */
export interface Hardware {
  accelerators: Map<string, CatalogAccelerator>;
  fleet: GpuCounts;
  capacity: CapacityTable;
  /** Used when neither a type nor a shape is named and the model runs on it; undefined to demand one. */
  defaultAccelerator: AcceleratorType | undefined;
}

const REPLICAS_MAX = 1000;
const DISPLAY_NAME_MAX = 63;
const DESCRIPTION_MAX = 999;
/** Fields whose change starts new replicas (control-plane §4.1). */
const restartFields = [
  "acceleratorCount",
  "precision",
  "deploymentShape",
  "activeModelVersion",
  "targetModelVersion",
  "maxContextLength",
  "enableAddons",
  "autoTune",
  "draftModel",
] as const;

const schemas = deployment.shape as Record<string, z.ZodType>;
const meta = (field: string): Record<string, unknown> => schemas[field]!.meta() ?? {};
const writable = Object.keys(schemas).filter((field) => !meta(field)["readOnly"]);
const immutableFields = writable.filter((field) => meta(field)["x-immutable"]);

const reject = (message: string): Error => invalid(`invalid deployment: ${message}`);

/** The spec of a new deployment: what the client sent, with every default filled in and every bound checked. */
export function createSpec(
  body: Json,
  model: ModelFacts,
  hardware: Hardware,
  shape?: { version: string; settings: Json },
): DeploymentSpec {
  const zero = Object.fromEntries(writable.map((field) => [field, zeroValue(schemas[field]!)])) as DeploymentSpec;
  const sent = body as Partial<DeploymentSpec>;
  if (sent.deploymentShape && sent.acceleratorType)
    throw reject("accelerator_type cannot be set together with deployment_shape");
  const spec: DeploymentSpec = {
    ...zero,
    ...(shape?.settings as Partial<DeploymentSpec> | undefined),
    ...sent,
    ...(shape ? { deploymentShape: shape.version } : {}),
    autoscalingPolicy: mergePolicy(defaultAutoscalingPolicy(), sent.autoscalingPolicy),
  };
  if (!("maxReplicaCount" in sent)) spec.maxReplicaCount = Math.max(spec.minReplicaCount, 1);
  if (!sent.placement || Object.keys(sent.placement).length === 0) spec.placement = { multiRegion: "GLOBAL" };
  if (spec.precision === "PRECISION_UNSPECIFIED") spec.precision = model.precision;
  checkAddons(spec, model);
  if (spec.acceleratorType === "ACCELERATOR_TYPE_UNSPECIFIED") spec.acceleratorType = chooseType(spec, model, hardware);
  const least = leastCount(spec, model, hardware);
  if (spec.acceleratorCount === 0) spec.acceleratorCount = least === Infinity ? 8 : least;
  check(spec, model, hardware);
  return spec;
}

/** The spec after an update: only what was sent changes; `restart` tells whether new replicas are needed. */
export function updateSpec(
  spec: DeploymentSpec,
  body: Json,
  model: ModelFacts,
  hardware: Hardware,
): { spec: DeploymentSpec; restart: boolean } {
  for (const field of immutableFields) {
    if (field in body && !isSame(body[field], spec[field as keyof DeploymentSpec]))
      throw reject(`${toSnake(field)} is immutable`);
  }
  const sent = body as Partial<DeploymentSpec>;
  const next: DeploymentSpec = {
    ...spec,
    ...sent,
    autoscalingPolicy: mergePolicy(spec.autoscalingPolicy, sent.autoscalingPolicy),
  };
  check(next, model, hardware);
  return { spec: next, restart: restartFields.some((field) => !isSame(spec[field], next[field])) };
}

const isSame = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right);

const emptySchedule = {
  minReplicaCount: 0,
  schedule: "",
  duration: "0s",
  timezone: "",
  description: "",
  disabled: false,
};

function mergePolicy(
  base: DeploymentSpec["autoscalingPolicy"],
  sent: Partial<DeploymentSpec["autoscalingPolicy"]> | undefined,
): DeploymentSpec["autoscalingPolicy"] {
  const policy = { ...base, ...sent };
  policy.scalingSchedules = Object.fromEntries(
    Object.entries(policy.scalingSchedules).map(([name, schedule]) => [name, { ...emptySchedule, ...schedule }]),
  );
  if (Object.keys(policy.loadTargets).length === 0) policy.loadTargets = { default: LOAD_TARGET_DEFAULT };
  return policy;
}

/** The default type where the model runs on it; embedding models run anywhere (control-plane §10.3, row 4). */
function chooseType(spec: DeploymentSpec, model: ModelFacts, hardware: Hardware): AcceleratorType {
  const type = hardware.defaultAccelerator ?? (model.embedding ? "NVIDIA_A100_80GB" : undefined);
  if (type && leastCount({ ...spec, acceleratorType: type }, model, hardware) < Infinity) return type;
  if (!spec.deploymentShape) throw invalid("accelerator_type must be specified for non-embeddings engines");
  for (const acceleratorType of hardware.accelerators.keys() as Iterable<AcceleratorType>) {
    if (leastCount({ ...spec, acceleratorType }, model, hardware) < Infinity) return acceleratorType;
  }
  throw reject(`model type ${model.modelType} fits no accelerator`);
}

function leastCount(spec: DeploymentSpec, model: ModelFacts, hardware: Hardware): number {
  const accelerator = hardware.accelerators.get(spec.acceleratorType);
  const longPrompt = Boolean(spec.autoTune?.longPrompt);
  return accelerator
    ? minAcceleratorCount(model, spec.precision, accelerator, longPrompt, hardware.capacity.constants)
    : Infinity;
}

function check(spec: DeploymentSpec, model: ModelFacts, hardware: Hardware): void {
  checkTexts(spec);
  checkReplicas(spec);
  checkAutoscaling(spec);
  checkAddons(spec, model);
  checkPlacement(spec, hardware);
  checkHardware(spec, model, hardware);
}

/** Code points, as protobuf counts them. */
const countCharacters = (text: string): number => Array.from(text).length;

function checkTexts(spec: DeploymentSpec): void {
  if (countCharacters(spec.displayName) > DISPLAY_NAME_MAX)
    throw invalid("invalid resource: display_name must be fewer than 64 characters");
  if (countCharacters(spec.description) > DESCRIPTION_MAX)
    throw invalid("invalid resource: description must be fewer than 1000 characters");
}

function checkReplicas(spec: DeploymentSpec): void {
  const { minReplicaCount: min, maxReplicaCount: max } = spec;
  if (min < 0) throw reject("min_replica_count must be greater than or equal to 0");
  if (max < 0 || max > REPLICAS_MAX) throw reject(`max_replica_count must be between 0 and ${REPLICAS_MAX}`);
  if (min > max) throw reject("min_replica_count must be less than or equal to max_replica_count");
  for (const field of [
    "maxConcurrencyPerReplica",
    "maxWithRevocableReplicaCount",
    "acceleratorCount",
    "draftTokenCount",
    "ngramSpeculationLength",
    "maxContextLength",
    "numPeftDeviceCached",
  ] as const) {
    if (spec[field] < 0) throw reject(`${toSnake(field)} must be greater than or equal to 0`);
  }
  if (spec.maxWithRevocableReplicaCount > REPLICAS_MAX)
    throw reject(`max_with_revocable_replica_count must be between 0 and ${REPLICAS_MAX}`);
  if (spec.maxWithRevocableReplicaCount > 0 && spec.maxWithRevocableReplicaCount < max)
    throw reject("max_with_revocable_replica_count must be greater than or equal to max_replica_count");
}

function checkAutoscaling(spec: DeploymentSpec): void {
  const policy = spec.autoscalingPolicy;
  for (const field of ["scaleUpWindow", "scaleDownWindow"] as const) {
    const window = parseDuration(policy[field]) ?? 0;
    if (window < 0 || window > WINDOW_MAX_MS) throw reject(`${toSnake(field)} must be between 0s and 3600s`);
  }
  const zero = parseDuration(policy.scaleToZeroWindow) ?? 0;
  if (zero !== 0 && zero < SCALE_TO_ZERO_WINDOW_MIN_MS) throw reject("scale_to_zero_window must be at least 5 minutes");
  checkSchedules(policy.scalingSchedules, spec.maxReplicaCount);
  for (const [key, target] of Object.entries(policy.loadTargets)) {
    if (!(loadTargetKeys as readonly string[]).includes(key))
      throw reject(`unknown load target "${key}", expected one of: ${loadTargetKeys.join(", ")}`);
    if (!(target > 0) || (key === "default" && target > 1))
      throw reject(`load target ${key} must be ${key === "default" ? "between 0 and 1" : "greater than 0"}`);
  }
}

function checkPlacement(spec: DeploymentSpec, hardware: Hardware): void {
  const fields = Object.keys(spec.placement);
  if (fields.length !== 1) throw reject("placement must set exactly one of region, multi_region, regions");
  if (allowedRegions(spec.placement, spec.acceleratorType, hardware.fleet).length === 0) {
    throw reject(`${spec.acceleratorType} is not available in ${JSON.stringify(Object.values(spec.placement)[0])}`);
  }
}

function checkAddons(spec: DeploymentSpec, model: ModelFacts): void {
  if (!spec.enableAddons) return;
  if (/^(FP8|FP4|NF4)/.test(spec.precision))
    throw reject("addons cannot be enabled with quantized precisions (FP8/FP4)");
  if (!model.supportsLora) throw invalid("addons are not supported for this model");
}

function checkHardware(spec: DeploymentSpec, model: ModelFacts, hardware: Hardware): void {
  const accelerator = hardware.accelerators.get(spec.acceleratorType);
  if (!accelerator) throw reject(`${spec.acceleratorType} is not available`);
  if (model.moe && !accelerator.supportsMoe)
    throw reject(`model type ${model.modelType} is not supported on ${spec.acceleratorType}`);
  if (model.accelerators && !model.accelerators.includes(accelerator.type))
    throw reject(`model type ${model.modelType} requires one of: ${model.accelerators.join(", ")}`);
  if (!supportsPrecision(accelerator, spec.precision))
    throw reject(`precision ${spec.precision} is not supported on ${spec.acceleratorType}`);
  if (spec.disableDeploymentSizeValidation) return;
  const least = leastCount(spec, model, hardware);
  if (least === Infinity) throw reject(`model type ${model.modelType} is not supported on ${spec.acceleratorType}`);
  if (spec.acceleratorCount < least)
    throw reject(`accelerator_count must be at least ${least} to serve ${model.name} on ${spec.acceleratorType}`);
}
