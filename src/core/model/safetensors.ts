import { invalid } from "../error.ts";
import { parseJson } from "../json.ts";

/** A weight of a file, as its header names it. */
export interface Tensor {
  name: string;
  shape: number[];
}

/** The header's length stands in the first bytes, little endian; a longer header is no header. */
export const HEADER_START = 8;
const HEADER_MAX = 100_000_000;

interface Entry {
  dtype?: unknown;
  shape?: unknown;
  data_offsets?: unknown;
}

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);

/** @returns how long the header is @throws ApiError INVALID_ARGUMENT */
export function headerLength(file: string, start: Buffer, size: number): number {
  const length = start.length === HEADER_START ? Number(start.readBigUInt64LE()) : Infinity;
  if (length > HEADER_MAX || HEADER_START + length > size)
    throw invalid(`invalid model: ${file} is not a safetensors file: its header is longer than it`);
  return length;
}

/**
 * The weights that a safetensors header lists; they have to fill the rest of the file.
 * @throws ApiError INVALID_ARGUMENT
 */
export function parseHeader(file: string, header: string, size: number): Tensor[] {
  const fail = (why: string): Error => invalid(`invalid model: ${file} is not a safetensors file: ${why}`);
  let entries: Record<string, Entry>;
  try {
    entries = parseJson(header) as Record<string, Entry>;
  } catch {
    throw fail("its header is not JSON");
  }
  let end = 0;
  const tensors: Tensor[] = [];
  for (const [name, entry] of Object.entries(entries)) {
    if (name === "__metadata__") continue;
    const { dtype, shape, data_offsets: offsets } = entry;
    if (typeof dtype !== "string" || !isCounts(shape) || !isCounts(offsets) || offsets.length !== 2)
      throw fail(`its entry ${name} is not complete`);
    end = Math.max(end, offsets[1]!);
    tensors.push({ name, shape });
  }
  const data = size - HEADER_START - Buffer.byteLength(header);
  if (end !== data) throw fail(`its weights have ${end} bytes, the file has ${data} for them`);
  return tensors;
}

export const countParameters = (tensors: readonly Tensor[]): number =>
  tensors.reduce((sum, { shape }) => sum + shape.reduce((product, each) => product * each, 1), 0);
