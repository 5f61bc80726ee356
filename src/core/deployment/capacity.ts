import type { CatalogAccelerator } from "../../schema/catalog.ts";
import type { DeploymentSpec } from "../../schema/deployment.ts";
import type { Precision } from "../../schema/hardware.ts";
import type { Ms } from "../time.ts";
import { SECOND } from "../time.ts";
import type { Flight, Load } from "./load.ts";

/** What the simulation needs to know of a model. */
export interface ModelFacts {
  name: string;
  modelType: string;
  parametersB: number;
  /** Billions of parameters that a token passes through; fewer than all for a mixture of experts. */
  activeB: number;
  moe: boolean;
  embedding: boolean;
  contextLength: number;
  precision: Precision;
  supportsLora: boolean;
}

/** Capacity grows with accelerators to this power: sub-linear, as the page says (ours). */
const SUBLINEAR = 0.8;
/** Prefill gain and memory cost of `longPrompt` (ours; the page says "roughly doubles"). */
const LONG_PROMPT_PREFILL_GAIN = 1.5;
const LONG_PROMPT_MEMORY = 2;
/** Memory on top of the weights (ours). */
const MEMORY_HEADROOM = 1.2;
/** At this many requests at once, one request decodes half as fast (ours). */
const HALF_SPEED_CONCURRENCY = 48;
const CONCURRENCY_MIN = 8;
const CONCURRENCY_MAX = 256;
const CONCURRENCY_SCALE = 192;
/** Accelerators of one node; a replica never spans nodes (ours). */
const GPUS_PER_NODE = 8;

const bytesPerParameter = (precision: Precision): number =>
  precision.startsWith("FP8") ? 1 : precision.startsWith("FP4") || precision === "NF4" ? 0.5 : 2;

export const weightsGb = (model: ModelFacts, precision: Precision): number =>
  model.parametersB * bytesPerParameter(precision);

/** The least accelerators of a power of two that hold the model; Infinity when no node does. */
export function minAcceleratorCount(
  model: ModelFacts,
  precision: Precision,
  accelerator: CatalogAccelerator,
  longPrompt: boolean,
): number {
  const memory = weightsGb(model, precision) * MEMORY_HEADROOM * (longPrompt ? LONG_PROMPT_MEMORY : 1);
  let count = longPrompt ? 2 : 1;
  while (count <= GPUS_PER_NODE && count * accelerator.memoryGb < memory) count *= 2;
  return count <= GPUS_PER_NODE ? count : Infinity;
}

/** One replica's speed and width. */
export interface Capacity {
  prefillTokensPerSecond: number;
  decodeTokensPerSecond: number;
  /** Requests served at a time; as many again may wait. */
  concurrency: number;
}

export function capacityOf(spec: DeploymentSpec, model: ModelFacts, accelerator: CatalogAccelerator): Capacity {
  const gain = spec.acceleratorCount ** SUBLINEAR / model.activeB;
  const width = Math.round((CONCURRENCY_SCALE / Math.sqrt(model.activeB)) * spec.acceleratorCount ** SUBLINEAR);
  return {
    prefillTokensPerSecond: accelerator.prefillRate * gain * (spec.autoTune?.longPrompt ? LONG_PROMPT_PREFILL_GAIN : 1),
    decodeTokensPerSecond: accelerator.decodeRate * gain,
    concurrency: spec.maxConcurrencyPerReplica || Math.min(Math.max(width, CONCURRENCY_MIN), CONCURRENCY_MAX),
  };
}

/**
 * The replica that takes a request and its whole timing, or undefined when all are full.
 * The ready replica with the fewest in flight; ties by replica number (simulation §2).
 */
export function admit(
  load: Load,
  replicas: { number: number }[],
  capacity: Capacity,
  now: Ms,
  promptTokens: number,
  completionTokens: number,
): Flight | undefined {
  let best: { number: number } | undefined;
  let fewest = capacity.concurrency * 2;
  for (const replica of replicas) {
    const inFlight = load.inFlight(replica.number, now);
    if (inFlight < fewest) [best, fewest] = [replica, inFlight];
  }
  if (!best) return undefined;
  const crowd = 1 + Math.min(fewest, capacity.concurrency) / HALF_SPEED_CONCURRENCY;
  const startAt = load.startAt(best.number, now, capacity.concurrency);
  const firstTokenAt = startAt + Math.ceil((promptTokens / capacity.prefillTokensPerSecond) * SECOND);
  const endAt = firstTokenAt + Math.ceil((completionTokens / capacity.decodeTokensPerSecond) * crowd * SECOND);
  return { replica: best.number, admittedAt: now, startAt, firstTokenAt, endAt, promptTokens, completionTokens };
}
