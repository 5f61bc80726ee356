import { ApiError, invalid } from "../error.ts";
import { parseJson } from "../json.ts";

/** Limits of one upload (ours). */
const FILES_MAX = 1_000;
const NAME_MAX = 255;
const BYTES_MAX = 2_000_000_000_000;

/** A path below the model's folder, of plain characters: nothing that could lead elsewhere. */
const PATH = /^[A-Za-z0-9_][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/;

/** Whether a file may have this name: it leads nowhere but below the folder it stands in. */
export const isFileName = (name: string): boolean => name.length <= NAME_MAX && PATH.test(name);

/** A name that is a file and also a folder of other files cannot be kept. @throws ApiError INVALID_ARGUMENT */
export function checkNames(names: readonly string[]): void {
  const all = new Set(names);
  for (const name of names)
    for (let end = name.indexOf("/"); end > 0; end = name.indexOf("/", end + 1))
      if (all.has(name.slice(0, end)))
        throw invalid(`invalid upload: ${name.slice(0, end)} is a file and the folder of ${name}`);
}

/**
 * The files that a client wants to upload, with their sizes.
 * @throws ApiError INVALID_ARGUMENT for a name that leads out of the folder, too many, or a size that is none
 */
export function checkFiles(filenameToSize: Record<string, string>): Record<string, number> {
  const names = Object.keys(filenameToSize);
  if (names.length === 0) throw invalid("invalid upload: filename_to_size must not be empty");
  if (names.length > FILES_MAX)
    throw invalid(`invalid upload: ${names.length} files; at most ${FILES_MAX} are allowed`);
  const sizes: Record<string, number> = {};
  for (const name of names) {
    if (!isFileName(name)) throw invalid(`invalid upload: invalid filename ${JSON.stringify(name.slice(0, 80))}`);
    const size = Number(filenameToSize[name]);
    if (!Number.isSafeInteger(size) || size <= 0 || size > BYTES_MAX)
      throw invalid(`invalid upload: invalid size of ${name}: ${filenameToSize[name]}`);
    sizes[name] = size;
  }
  return sizes;
}

const isWeights = (name: string): boolean => /\.(?:safetensors|bin)$/.test(name);

const missing = (what: string): ApiError =>
  new ApiError("FAILED_PRECONDITION", `model upload is not complete: ${what}`);

/**
 * What a base model has to have (control-plane §7).
 * @returns what is odd, but no reason to refuse
 * @throws ApiError FAILED_PRECONDITION
 */
export function checkBaseFiles(names: readonly string[]): string[] {
  if (!names.includes("config.json")) throw missing("config.json is missing");
  const weights = names.filter(isWeights);
  if (weights.length === 0) throw missing("there are no weights (.safetensors or .bin)");
  if (weights.length > 1 && !names.some((name) => name.endsWith(".index.json")))
    throw missing("weights in several files need an index (*.index.json)");
  if (!names.some((name) => /^(?:tokenizer\.(?:json|model)|tokenizer_config\.json|vocab\.json)$/.test(name)))
    throw missing("the tokenizer is missing");
  return names.includes("tokenizer_config.json") ? [] : ["tokenizer_config.json is missing: the model cannot chat"];
}

/** What an addon has to have. @throws ApiError FAILED_PRECONDITION */
export function checkAddonFiles(names: readonly string[]): void {
  if (!names.includes("adapter_config.json")) throw missing("adapter_config.json is missing");
  if (!names.includes("adapter_model.safetensors") && !names.includes("adapter_model.bin"))
    throw missing("adapter_model.safetensors or adapter_model.bin is missing");
}

export type Config = Record<string, unknown>;

/** @throws ApiError INVALID_ARGUMENT */
export function parseConfig(name: string, text: string): Config {
  try {
    const config = parseJson(text);
    if (typeof config === "object" && config !== null && !Array.isArray(config)) return config as Config;
  } catch {
    // told below
  }
  throw invalid(`invalid model: ${name} is not a JSON object`);
}

/** What config.json has to say. @throws ApiError INVALID_ARGUMENT */
export function checkConfig(config: Config, skipHfConfigValidation: boolean): void {
  if (config["quantization_config"]) throw invalid("invalid model: config.json must not have a quantization_config");
  if (skipHfConfigValidation) return;
  const { architectures } = config;
  if (!Array.isArray(architectures) || typeof architectures[0] !== "string")
    throw invalid("invalid model: config.json does not name its architectures");
  if (!/For(?:CausalLM|ConditionalGeneration|MaskedLM|SequenceClassification)$|Model$/.test(architectures[0]))
    throw invalid(`invalid model: unsupported architecture ${architectures[0]}`);
  if (typeof config["model_type"] !== "string")
    throw invalid("invalid model: config.json does not name its model_type");
}

const RANK_MIN = 4;
const RANK_MAX = 64;
const MODULES = new Set(
  "q_proj k_proj v_proj o_proj up_proj down_proj gate_proj w1 w2 w3 block_sparse_moe.gate lm_head".split(" "),
);

/** What an addon may be (control-plane §6.1). @throws ApiError INVALID_ARGUMENT */
export function checkAddon(r: unknown, modules: unknown): void {
  if (typeof r !== "number" || r < RANK_MIN || r > RANK_MAX)
    throw invalid(
      `invalid model: peft_details.r must be between ${RANK_MIN} and ${RANK_MAX}, got ${JSON.stringify(r)}`,
    );
  if (!Array.isArray(modules) || modules.length === 0)
    throw invalid("invalid model: peft_details.target_modules is required");
  const wrong = modules.filter((module) => typeof module !== "string" || !MODULES.has(module));
  if (wrong.length > 0) throw invalid(`invalid model: unsupported target modules: ${wrong.map(String).join(", ")}`);
}

/** An adapter's weights have to belong to modules of its base. @throws ApiError in the words that were seen (control-plane §7) */
export function checkAddonKeys(keys: readonly string[], modules: readonly string[]): void {
  const strange = keys.filter((key) => !modules.some((module) => key.includes(`.${module}.`)));
  if (strange.length > 0)
    throw invalid(
      `LoRA validation failed: LoRA keys reference non-existent base model parameters: ${strange.slice(0, 3).join(", ")}`,
    );
}
