import type { CapacityCell, CapacityConstants, CatalogAccelerator } from "../../schema/catalog.ts";
import type { DeploymentSpec } from "../../schema/deployment.ts";
import type { AcceleratorType, Precision } from "../../schema/hardware.ts";

/** What the simulation needs to know of a model. */
export interface ModelFacts {
  name: string;
  modelType: string;
  parametersB: number;
  /** Billions of parameters that a token passes through; fewer than all for a mixture of experts. */
  activeB: number;
  moe: boolean;
  embedding: boolean;
  /** Whether it answers System One's questions. */
  systemOne: boolean;
  /** Whether it can think before it answers. */
  reasoning: boolean;
  /** Of its embeddings. */
  dimensions: number;
  contextLength: number;
  /** The most tokens that it may be asked for without a stream. */
  bodyTokensMax: number;
  precision: Precision;
  supportsLora: boolean;
  /** The only types that it runs on; undefined for any. */
  accelerators: AcceleratorType[] | undefined;
}

/** The catalogue's capacity model: its constants, and cells that were measured. */
export interface CapacityTable {
  constants: CapacityConstants;
  /** By `model type count`, as `cellKey` writes it. */
  cells: Map<string, CapacityCell>;
}

export const cellKey = (model: string, type: string, count: number): string => `${model} ${type} ${count}`;

const bytesPerParameter = (precision: Precision): number =>
  precision.startsWith("FP8") ? 1 : precision.startsWith("FP4") || precision === "NF4" ? 0.5 : 2;

export const weightsGb = (model: ModelFacts, precision: Precision): number =>
  model.parametersB * bytesPerParameter(precision);

/** Whether an accelerator computes with a weight format. */
export const supportsPrecision = (accelerator: CatalogAccelerator, precision: Precision): boolean =>
  accelerator.precisions.some((family) => precision.startsWith(family));

/** The least accelerators of a power of two that hold the model; Infinity when no node does, or the type cannot run it. */
export function minAcceleratorCount(
  model: ModelFacts,
  precision: Precision,
  accelerator: CatalogAccelerator,
  longPrompt: boolean,
  { memoryHeadroom, longPromptMemory, acceleratorsPerNode }: CapacityConstants,
): number {
  if (model.accelerators && !model.accelerators.includes(accelerator.type)) return Infinity;
  if (!supportsPrecision(accelerator, precision)) return Infinity;
  const memory = weightsGb(model, precision) * memoryHeadroom * (longPrompt ? longPromptMemory : 1);
  let count = longPrompt ? 2 : 1;
  while (count <= acceleratorsPerNode && count * accelerator.memoryGb < memory) count *= 2;
  return count <= acceleratorsPerNode ? count : Infinity;
}

/** One replica's speed and width. */
export interface Capacity {
  prefillTokensPerSecond: number;
  /** Of one request alone on the replica; see `crowd`. */
  decodeTokensPerSecond: number;
  /** Requests served at a time; as many again may wait. */
  concurrency: number;
  halfSpeedConcurrency: number;
}

/** How many times longer a token takes with `inFlight` requests on the replica. */
export const crowd = (capacity: Capacity, inFlight: number): number =>
  1 + Math.min(inFlight, capacity.concurrency) / capacity.halfSpeedConcurrency;

/** A replica's capacity: a measured cell where the catalogue has one, otherwise the constants' formula. */
export function capacityOf(
  spec: DeploymentSpec,
  model: ModelFacts,
  accelerator: CatalogAccelerator,
  { constants, cells }: CapacityTable,
): Capacity {
  const cell = cells.get(cellKey(model.name, spec.acceleratorType, spec.acceleratorCount));
  const gain = spec.acceleratorCount ** constants.acceleratorExponent;
  const width = Math.round((constants.concurrencyScale / Math.sqrt(model.activeB)) * gain);
  const bounded = Math.min(Math.max(width, constants.concurrencyMin), constants.concurrencyMax);
  return {
    prefillTokensPerSecond:
      (cell?.prefillTokensPerSecond ?? (accelerator.prefillRate * gain) / model.activeB) *
      (spec.autoTune?.longPrompt ? constants.longPromptPrefillGain : 1),
    decodeTokensPerSecond: cell?.decodeTokensPerSecond ?? (accelerator.decodeRate * gain) / model.activeB,
    concurrency: spec.maxConcurrencyPerReplica || (cell?.concurrency ?? bounded),
    halfSpeedConcurrency: constants.halfSpeedConcurrency,
  };
}
