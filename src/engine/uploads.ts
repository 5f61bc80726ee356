import { ApiError, invalid } from "../core/error.ts";
import type { Json } from "../core/list/field.ts";
import { textOf } from "../core/list/field.ts";
import { factsOfConfig } from "../core/model/facts.ts";
import { countParameters, HEADER_START, headerLength, parseHeader } from "../core/model/safetensors.ts";
import type { Tensor } from "../core/model/safetensors.ts";
import * as upload from "../core/model/upload.ts";
import { toTimestamp } from "../core/time.ts";
import type { Model } from "../schema/model.ts";
import { factsOf, isReady, modelOf, uploadedOf } from "./models.ts";
import type { StoredResource } from "./resources.ts";
import { demandResource, putResource } from "./resources.ts";
import { signUrl } from "./signed-url.ts";
import type { World } from "./world.ts";

const noted = (stored: StoredResource): { files: Record<string, number> } =>
  stored.hidden as { files: Record<string, number> };

/** Where to send the files of a model. @throws ApiError NOT_FOUND, FAILED_PRECONDITION, INVALID_ARGUMENT */
export function uploadEndpoint(world: World, name: string, origin: string, body: Json): Json {
  const sizes = upload.checkFiles((body["filenameToSize"] ?? {}) as Record<string, string>);
  return world.change(() => {
    const stored = demandResource(world, "models", name);
    if (isReady(stored.value)) throw new ApiError("FAILED_PRECONDITION", "model has been uploaded already");
    const files = { ...noted(stored).files, ...sizes };
    upload.checkNames(Object.keys(files));
    putResource(world, { ...stored, hidden: { ...stored.hidden, files } });
    const resumable = body["enableResumableUpload"] === true;
    const urls = Object.entries(sizes).map(([file, size]): [string, string] => [
      file,
      signUrl(world, origin, { owner: name, file, method: "PUT", size, resumable }),
    ]);
    return { filenameToSignedUrls: Object.fromEntries(urls), filenameToUnsignedUris: {} };
  });
}

/** Whether a model still waits for a file of this size; it may be deleted or READY by the time that one comes. */
export function isAwaited(world: World, name: string, file: string, size: number): boolean {
  const model = modelOf(world, name);
  return model !== undefined && !isReady(model) && uploadedOf(world, name)?.files[file] === size;
}

/** Where to fetch them. @throws ApiError NOT_FOUND, FAILED_PRECONDITION */
export function downloadEndpoint(world: World, name: string, origin: string): Json {
  const model = modelOf(world, name)!;
  const files = uploadedOf(world, name)?.files;
  if (!files) throw new ApiError("FAILED_PRECONDITION", "the weights of this model are not here");
  if (!isReady(model)) throw new ApiError("FAILED_PRECONDITION", "model is not ready");
  const urls = Object.entries(files).map(([file, size]): [string, string] => [
    file,
    signUrl(world, origin, { owner: name, file, method: "GET", size, resumable: false }),
  ]);
  return { filenameToSignedUrls: Object.fromEntries(urls) };
}

const readText = (world: World, owner: string, file: string): string =>
  world.parts.files.slice(owner, file, 0, world.parts.files.size(owner, file)!).toString("utf8");

/** The weights of the safetensors files among some. @throws ApiError INVALID_ARGUMENT */
function tensorsOf(world: World, owner: string, names: readonly string[]): Tensor[] {
  const { files } = world.parts;
  return names
    .filter((file) => file.endsWith(".safetensors"))
    .flatMap((file) => {
      const size = files.size(owner, file)!;
      const length = headerLength(file, files.slice(owner, file, 0, HEADER_START), size);
      return parseHeader(file, files.slice(owner, file, HEADER_START, length).toString("utf8"), size);
    });
}

/** What of a model has not come, or not whole. @throws ApiError FAILED_PRECONDITION */
function demandComplete(world: World, owner: string, files: Record<string, number>): string[] {
  const names = Object.keys(files);
  if (names.length === 0) throw new ApiError("FAILED_PRECONDITION", "model upload is not complete: there are no files");
  const open = names.filter((name) => world.parts.files.size(owner, name) !== files[name]);
  if (open.length > 0)
    throw new ApiError(
      "FAILED_PRECONDITION",
      `model upload is not complete: ${open.slice(0, 5).join(", ")} not uploaded`,
    );
  return names;
}

export interface ValidateOptions {
  skipHfConfigValidation?: boolean;
  configOnly?: boolean;
}

/** What a base model's files make of it. @throws ApiError */
function validateBase(world: World, name: string, names: readonly string[], options: ValidateOptions) {
  const config = names.includes("config.json")
    ? upload.parseConfig("config.json", readText(world, name, "config.json"))
    : {};
  const warnings = options.configOnly ? [] : upload.checkBaseFiles(names);
  upload.checkConfig(config, options.skipHfConfigValidation ?? false);
  if (options.configOnly) return { warnings, value: {}, hidden: {} };
  if (names.includes("tokenizer_config.json")) {
    const tokenizer = upload.parseConfig("tokenizer_config.json", readText(world, name, "tokenizer_config.json"));
    if (!tokenizer["chat_template"]) warnings.push("tokenizer_config.json has no chat_template: the model cannot chat");
  }
  const tensors = tensorsOf(world, name, names);
  const binary = names
    .filter((file) => file.endsWith(".bin"))
    .reduce((sum, file) => sum + world.parts.files.size(name, file)!, 0);
  // weights of 16 bits, where only their size is known
  const facts = factsOfConfig(name, config, tensors.length > 0 ? countParameters(tensors) : binary / 2);
  const details = (modelOf(world, name) as Model).baseModelDetails;
  const baseModelDetails = {
    ...details,
    parameterCount: String(Math.round(facts.parametersB * 1e9)),
    moe: facts.moe,
    modelType: facts.modelType,
    defaultPrecision: facts.precision,
    huggingfaceFiles: [...names],
  };
  return {
    warnings,
    value: { baseModelDetails, contextLength: facts.contextLength, supportsLora: true },
    hidden: { facts },
  };
}

/** What an addon's files make of it. @throws ApiError */
function validateAddon(world: World, name: string, names: readonly string[], options: ValidateOptions) {
  upload.checkAddonFiles(names);
  const config = upload.parseConfig("adapter_config.json", readText(world, name, "adapter_config.json"));
  const { r, target_modules: modules } = config;
  upload.checkAddon(r, modules);
  if (options.configOnly) return { warnings: [], value: {}, hidden: {} };
  upload.checkAddonKeys(
    tensorsOf(world, name, names).map((tensor) => tensor.name),
    modules as string[],
  );
  const details = (modelOf(world, name) as Model).peftDetails!;
  const base = factsOf(world, name);
  if (!base) throw invalid(`invalid model: base model ${details.baseModel} not found`);
  const peftDetails = { ...details, r, targetModules: modules, baseModelType: base.modelType };
  return { warnings: [], value: { peftDetails, contextLength: base.contextLength }, hidden: {} };
}

/** Looks at what was uploaded; when all is well the model is READY (control-plane §7, step 4). */
export function validateUpload(world: World, name: string, options: ValidateOptions): Json {
  return world.change((now) => {
    const stored = demandResource(world, "models", name);
    if (isReady(stored.value)) return { warnings: [] };
    const names = options.configOnly
      ? Object.keys(noted(stored).files).filter((file) => world.parts.files.size(name, file) !== undefined)
      : demandComplete(world, name, noted(stored).files);
    const isAddon = textOf(stored.value, "kind") === "HF_PEFT_ADDON";
    const { warnings, value, hidden } = (isAddon ? validateAddon : validateBase)(world, name, names, options);
    if (!options.configOnly) {
      const ready = { state: "READY", updateTime: toTimestamp(now) };
      putResource(world, {
        ...stored,
        value: { ...stored.value, ...value, ...ready },
        hidden: { ...stored.hidden, ...hidden },
      });
    }
    return { warnings };
  });
}
