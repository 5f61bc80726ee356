import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { z } from "zod";
import type { CapacityTable, ModelFacts } from "../core/deployment/capacity.ts";
import { cellKey } from "../core/deployment/capacity.ts";
import type { GpuCounts } from "../core/deployment/fleet.ts";
import type { Json } from "../core/list/field.ts";
import { Table } from "../core/list/table.ts";
import { FixtureError, readFixture } from "../fixture.ts";
import { resourceName } from "../core/name.ts";
import { parseTimestamp, toTimestamp } from "../core/time.ts";
import type {
  CapacityCell,
  CapacityConstants,
  CatalogAccelerator,
  CatalogModel,
  CatalogQuota,
} from "../schema/catalog.ts";
import { acceleratorsFile, capacityFile, modelsFile, quotasFile, regionsFile } from "../schema/catalog.ts";
import type { Script } from "../schema/script.ts";
import type { Model } from "../schema/model.ts";

/** The account that owns the public catalogue. */
export const PUBLIC_ACCOUNT = "fireworks";

/** What the world is furnished with: public models, accelerators, GPUs per region. */
export interface Catalog {
  models: Map<string, Model>;
  /** The same models, to be listed. */
  listed: Table;
  facts: Map<string, ModelFacts>;
  accelerators: Map<string, CatalogAccelerator>;
  fleet: GpuCounts;
  quotas: CatalogQuota[];
  capacity: CapacityTable;
  /** Canned answers of fixture folders. */
  scripts: { script: Script; source: string }[];
}

const builtIn = fileURLToPath(new URL("../../fixtures", import.meta.url));

/** The items of a catalogue file from every folder that has it, later ones replacing earlier ones by key. */
function collect<T>(
  folders: readonly string[],
  file: string,
  schema: z.ZodType,
  list: string,
  key: (item: T) => string,
): T[] {
  const items = new Map<string, T>();
  for (const folder of folders) {
    const path = join(folder, "catalog", file);
    if (!existsSync(path)) continue;
    for (const item of (readFixture(path, schema) as Record<string, T[]>)[list]!) items.set(key(item), item);
  }
  return [...items.values()];
}

const BILLION = 1e9;

function toModel(entry: CatalogModel): Model {
  const createTime = toTimestamp(parseTimestamp(entry.createTime)!);
  return {
    name: resourceName(PUBLIC_ACCOUNT, "models", entry.id),
    displayName: entry.displayName,
    description: `${entry.displayName} by ${entry.maker}.`,
    createTime,
    updateTime: createTime,
    state: "READY",
    status: { code: "OK", message: "" },
    kind: entry.kind,
    githubUrl: "",
    huggingFaceUrl: entry.huggingFace ? `https://huggingface.co/${entry.huggingFace}` : "",
    baseModelDetails: {
      worldSize: 1,
      checkpointFormat: "HUGGINGFACE",
      huggingfaceFiles: [],
      parameterCount: String(Math.round(entry.parametersB * BILLION)),
      moe: entry.activeB !== undefined,
      tunable: entry.lora,
      modelType: entry.modelType,
      supportsFireattention: true,
      defaultPrecision: entry.precision,
      supportsMtp: false,
    },
    peftDetails: null,
    teftDetails: null,
    conversationConfig: null,
    deprecationDate: null,
    snapshotType: "FULL_SNAPSHOT",
    public: true,
    contextLength: entry.contextLength,
    supportsImageInput: entry.images,
    supportsTools: entry.tools,
    importedFrom: "",
    fineTuningJob: "",
    defaultDraftModel: "",
    defaultDraftTokenCount: 0,
    deployedModelRefs: [],
    cluster: "",
    calibrated: false,
    tunable: entry.lora,
    supportsLora: entry.lora,
    useHfApplyChatTemplate: false,
    defaultSamplingParams: entry.sampling,
    rlTunable: false,
    trainingContextLength: 0,
    supportsServerless: entry.serverless,
    supervisedLoraTunable: entry.lora,
    supervisedFullParameterTunable: false,
    rlLoraTunable: false,
    rlFullParameterTunable: false,
  };
}

const toFacts = (entry: CatalogModel): ModelFacts => ({
  name: resourceName(PUBLIC_ACCOUNT, "models", entry.id),
  modelType: entry.modelType,
  parametersB: entry.parametersB,
  activeB: entry.activeB ?? entry.parametersB,
  moe: entry.activeB !== undefined,
  embedding: entry.kind === "EMBEDDING_MODEL",
  systemOne: entry.systemOne,
  reasoning: entry.reasoning,
  dimensions: entry.dimensions,
  contextLength: entry.contextLength,
  bodyTokensMax: entry.bodyTokensMax ?? Infinity,
  precision: entry.precision,
  supportsLora: entry.lora,
  accelerators: entry.accelerators,
});

function loadCapacity(folders: readonly string[]): CapacityTable {
  const from = <T>(list: "constants" | "cells", key: (item: T) => string): T[] =>
    collect(folders, "capacity.json", capacityFile, list, key);
  const constants = from<{ name: string; value: number }>("constants", ({ name }) => name);
  const cells = from<CapacityCell>("cells", ({ model, acceleratorType, acceleratorCount }) =>
    cellKey(resourceName(PUBLIC_ACCOUNT, "models", model), acceleratorType, acceleratorCount),
  );
  return {
    constants: Object.fromEntries(constants.map(({ name, value }) => [name, value])) as CapacityConstants,
    cells: new Map(
      cells.map((cell) => [
        cellKey(resourceName(PUBLIC_ACCOUNT, "models", cell.model), cell.acceleratorType, cell.acceleratorCount),
        cell,
      ]),
    ),
  };
}

/** @throws FixtureError naming the file, the place and what was expected */
export function loadCatalog(fixtures: readonly string[], scripts: Catalog["scripts"] = []): Catalog {
  const missing = fixtures.find((folder) => !existsSync(folder));
  if (missing !== undefined) throw new FixtureError(`${missing}: expected a folder of fixtures, got nothing`);
  const folders = [builtIn, ...fixtures];
  const entries = collect<CatalogModel>(folders, "models.json", modelsFile, "models", (item) => item.id);
  const accelerators = collect<CatalogAccelerator>(
    folders,
    "accelerators.json",
    acceleratorsFile,
    "accelerators",
    (item) => item.type,
  );
  const regions = collect<{ region: string; gpus: object }>(
    folders,
    "regions.json",
    regionsFile,
    "regions",
    (item) => item.region,
  );
  const models = new Map(entries.map(toModel).map((model) => [model.name, model]));
  return {
    models,
    listed: new Table(models.values() as Iterable<Json>),
    facts: new Map(entries.map(toFacts).map((facts) => [facts.name, facts])),
    accelerators: new Map(accelerators.map((item) => [item.type, item])),
    fleet: Object.fromEntries(regions.map((item) => [item.region, item.gpus])) as GpuCounts,
    quotas: collect<CatalogQuota>(folders, "quotas.json", quotasFile, "quotas", (item) => item.id),
    capacity: loadCapacity(folders),
    scripts,
  };
}
