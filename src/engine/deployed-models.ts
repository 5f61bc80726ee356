import type { Profile } from "../core/deployment/replica.ts";
import type { DeploymentRecord } from "../core/deployment/record.ts";
import { readyReplicas } from "../core/deployment/record.ts";
import { ApiError, invalid, notFound } from "../core/error.ts";
import type { Json } from "../core/list/field.ts";
import { accountName, accountOf, idOf } from "../core/name.ts";
import { alphanumeric, digest } from "../core/random.ts";
import type { Ms } from "../core/time.ts";
import { SECOND, toTimestamp } from "../core/time.ts";
import type { DeployedModel } from "../schema/deployed-model.ts";
import { deployedModel } from "../schema/deployed-model.ts";
import type { Model } from "../schema/model.ts";
import { limitOf } from "./count-quotas.ts";
import { baseNameOf, demandModel } from "./models.ts";
import { maySee } from "./permission.ts";
import { changedValue, dropResource, newValue, putResource, resourcesOf } from "./resources.ts";
import type { World } from "./world.ts";

/** World time until an addon serves, and until it is gone (ours). */
const LOAD_MS: Record<Profile, Ms> = { instant: 0, fast: SECOND, realistic: 60 * SECOND };
const UNLOAD_MS: Record<Profile, Ms> = { instant: 0, fast: SECOND, realistic: 10 * SECOND };
const COLLECTION = "deployedModels";

/** The deployed model that a deployment makes of its base model (control-plane §6.2): `<model id>-<8 alphanumerics>`. */
const nameFor = (deployment: string, model: string): string =>
  `${accountName(accountOf(deployment))}/deployedModels/${idOf(model)}-${alphanumeric(digest("deployedModel", deployment, model), 8)}`;

const isServing = ({ state }: DeploymentRecord): boolean =>
  state !== "DELETING" && state !== "DELETED" && state !== "FAILED";

/** Which one a model's bare name means, where somebody has said so; by account and model. */
const defaultKey = (account: string, model: string): string => `${accountName(account)}|${model}`;

/** The base model of a deployment, as it was deployed with it; what was changed of it since is stored. */
function ofDeployment(world: World, record: DeploymentRecord): DeployedModel {
  const { name: deployment, spec, createTime } = record;
  const name = nameFor(deployment, spec.baseModel);
  const isUp = readyReplicas(record).length > 0 || record.state === "READY";
  const at = toTimestamp(createTime);
  const filled = {
    name,
    model: spec.baseModel,
    deployment,
    createTime: at,
    updateTime: at,
    state: isUp ? "DEPLOYED" : "DEPLOYING",
    status: { code: "OK", message: "" },
  };
  const changed = resourcesOf(world, "deployedModelChanges").get(name)?.value ?? {};
  return newValue(deployedModel, changed, filled) as DeployedModel;
}

/** All that is deployed, or all of one model, over all accounts, in the order of their making; defaults not yet told. */
function* allDeployed(world: World, model?: string): Generator<DeployedModel> {
  for (const record of world.parts.deployments.values())
    if (
      (model === undefined || record.spec.baseModel === model) &&
      record.autoDeploy &&
      record.deleteTime === null &&
      isServing(record)
    )
      yield ofDeployment(world, record);
  for (const { value } of resourcesOf(world, COLLECTION).values())
    if (model === undefined || value["model"] === model) yield value as DeployedModel;
}

/** Marks the default of each account and model: the one that was chosen, or the first. */
function markDefaults(world: World, all: readonly DeployedModel[]): DeployedModel[] {
  const chosen = resourcesOf(world, "defaultTargets");
  const names = new Map<string, string>();
  for (const { name, model } of all) {
    const key = defaultKey(accountOf(name), model);
    if (!names.has(key) || chosen.get(key)?.value["name"] === name) names.set(key, name);
  }
  return all.map((each) => ({
    ...each,
    default: names.get(defaultKey(accountOf(each.name), each.model)) === each.name,
  }));
}

export const listDeployed = (world: World): DeployedModel[] => markDefaults(world, [...allDeployed(world)]);

const ofModel = (world: World, model: string): DeployedModel[] => markDefaults(world, [...allDeployed(world, model)]);

/** The deployed model that a bare model name stands for. */
export const defaultDeployed = (world: World, model: string, account: string): DeployedModel | undefined =>
  ofModel(world, model).find((each) => each.default && accountOf(each.name) === account);

export function findDeployed(world: World, name: string): DeployedModel | undefined {
  for (const each of allDeployed(world))
    if (each.name === name) return ofModel(world, each.model).find((other) => other.name === name);
  return undefined;
}

/** As a model shows an account where it is deployed (control-plane §2.8). */
export const deployedRefsOf = (world: World, model: string, account: string): Json[] =>
  ofModel(world, model)
    .filter(({ name, public: isPublic }) => maySee(world, account, name, isPublic))
    .map(({ name, deployment, state, default: isDefault, public: isPublic }) => ({
      name,
      deployment,
      state,
      default: isDefault,
      public: isPublic,
    }));

/** Whether anything serves a model, over all accounts. */
export const isDeployed = (world: World, model: string): boolean => !allDeployed(world, model).next().done;

/** Whether a model on a deployment was made public: then anybody may call it there (control-plane §6.2, §8). */
export function isPublicOn(world: World, deployment: string, model: string): boolean {
  for (const each of allDeployed(world, model)) if (each.deployment === deployment && each.public) return true;
  return false;
}

/** The addon on a deployment, if it serves. */
export function loadedAddon(world: World, deployment: string, model: string): DeployedModel | undefined {
  for (const { value } of resourcesOf(world, COLLECTION).values()) {
    const each = value as DeployedModel;
    if (each.deployment === deployment && each.model === model && each.state === "DEPLOYED") return each;
  }
  return undefined;
}

/** The addons of a deployment, whatever their state. */
const addonsOf = (world: World, deployment: string): DeployedModel[] =>
  [...resourcesOf(world, COLLECTION).values()]
    .map(({ value }) => value as DeployedModel)
    .filter((each) => each.deployment === deployment);

/** The one addon that a deployment with hot reload has merged into its base. */
export const mergedAddon = (world: World, record: DeploymentRecord): DeployedModel | undefined =>
  record.spec.enableHotReloadLatestAddon
    ? addonsOf(world, record.name).find(({ state }) => state === "DEPLOYED")
    : undefined;

function put(world: World, value: DeployedModel, timerAt?: Ms): DeployedModel {
  putResource(world, { collection: COLLECTION, name: value.name, value: value as Json, hidden: {} }, timerAt);
  return findDeployed(world, value.name)!;
}

/** @throws ApiError NOT_FOUND, for another account's too */
function demandDeployment(world: World, account: string, name: string): DeploymentRecord {
  const record = world.parts.deployments.get(name);
  if (!record || !isServing(record) || !maySee(world, account, name))
    throw new ApiError("NOT_FOUND", `deployment ${name} not found`);
  return record;
}

/** Whether an addon may go on a deployment (control-plane §6). @throws ApiError */
function demandFit(world: World, { name, spec }: DeploymentRecord, addon: Model, replaces: boolean): void {
  const { name: model } = addon;
  if (addon.state !== "READY") throw new ApiError("FAILED_PRECONDITION", `model ${model} is not ready`);
  if (addon.kind !== "HF_PEFT_ADDON")
    throw new ApiError("ALREADY_EXISTS", `model ${model} is deployed with its deployments`);
  if (baseNameOf(world, model) !== spec.baseModel)
    throw invalid(
      `invalid deployed model: base model of ${model} is ${baseNameOf(world, model)}, of the deployment ${spec.baseModel}`,
    );
  if (!spec.enableAddons && !spec.enableHotReloadLatestAddon)
    throw new ApiError("FAILED_PRECONDITION", `addons are not enabled on deployment ${name}`);
  const others = addonsOf(world, name).filter(({ state }) => state !== "UNDEPLOYING");
  if (others.some((each) => each.model === model))
    throw new ApiError("ALREADY_EXISTS", "model is already deployed on this deployment");
  if (spec.enableHotReloadLatestAddon && others.length > 0 && !replaces)
    throw new ApiError("FAILED_PRECONDITION", "an addon is merged already; set replace_merged_addon to replace it");
}

/** Addons that an account has loaded, on their way ones included. */
export const countAddons = (world: World, account: string): number =>
  [...resourcesOf(world, COLLECTION).keys()].filter((name) => accountOf(name) === account).length;

function demandRoom(world: World, account: string): void {
  const [used, quota] = [countAddons(world, account), limitOf(world, account, "deployed-model-count")];
  if (used >= quota)
    throw new ApiError(
      "RESOURCE_EXHAUSTED",
      `deployed-model-count for account ${account}, in use: ${used}, quota: ${quota}, requesting: 1`,
    );
}

/** Loads an addon: DEPLOYING at first, DEPLOYED when its time has come (control-plane §6.3). */
export function loadAddon(world: World, account: string, body: Json, replaces: boolean): DeployedModel {
  return world.change((now) => {
    const sent = body as Partial<DeployedModel>;
    if (!sent.model) throw invalid("invalid deployed model: model is required");
    if (!sent.deployment) throw invalid("invalid deployed model: deployment is required");
    const record = demandDeployment(world, account, sent.deployment);
    demandFit(world, record, demandModel(world, account, sent.model), replaces);
    demandRoom(world, account);
    if (record.spec.enableHotReloadLatestAddon)
      for (const { name } of addonsOf(world, record.name)) dropResource(world, { collection: COLLECTION, name });
    const at = toTimestamp(now);
    const loads = LOAD_MS[world.parts.config.profile];
    const filled = {
      name: nameFor(record.name, sent.model),
      createTime: at,
      updateTime: at,
      state: loads === 0 ? "DEPLOYED" : "DEPLOYING",
      status: { code: "OK", message: "" },
    };
    const { default: isDefault, ...rest } = sent;
    const value = newValue(deployedModel, rest as Json, filled) as DeployedModel;
    const loaded = put(world, value, loads === 0 ? undefined : now + loads);
    return isDefault ? chooseDefault(world, loaded) : loaded;
  });
}

function chooseDefault(world: World, { name, model }: DeployedModel): DeployedModel {
  const key = defaultKey(accountOf(name), model);
  putResource(world, { collection: "defaultTargets", name: key, value: { name }, hidden: {} });
  return findDeployed(world, name)!;
}

/** @throws ApiError NOT_FOUND, INVALID_ARGUMENT */
export function updateDeployed(world: World, name: string, body: Json, mask: unknown): DeployedModel {
  return world.change((now) => {
    const before = findDeployed(world, name);
    if (!before) throw notFound();
    const after = changedValue(deployedModel, "deployed model", before, body, mask) as DeployedModel;
    if (before.default && !after.default)
      throw new ApiError("FAILED_PRECONDITION", "make another deployed model of this model the default instead");
    const value = { ...after, updateTime: toTimestamp(now) };
    if (resourcesOf(world, COLLECTION).has(name)) put(world, value);
    else {
      const { deployment, displayName, description, public: isPublic } = value;
      const changes = { displayName, description, public: isPublic };
      putResource(world, { collection: "deployedModelChanges", name, value: changes, hidden: { deployment } });
    }
    return after.default ? chooseDefault(world, value) : findDeployed(world, name)!;
  });
}

/** Unloads an addon: UNDEPLOYING for a while, then gone. @throws ApiError NOT_FOUND, FAILED_PRECONDITION */
export function unloadAddon(world: World, name: string): void {
  world.change((now) => {
    const stored = resourcesOf(world, COLLECTION).get(name);
    if (!stored) {
      if (!findDeployed(world, name)) throw notFound();
      throw new ApiError("FAILED_PRECONDITION", "a base model is deployed as long as its deployment is there");
    }
    const unloads = UNLOAD_MS[world.parts.config.profile];
    if (unloads === 0) dropResource(world, stored);
    else put(world, { ...(stored.value as DeployedModel), state: "UNDEPLOYING" }, now + unloads);
  });
}

/** The time of a deployed model has come: it serves, or it is gone. */
export function turnDeployed(world: World, name: string): void {
  const stored = resourcesOf(world, COLLECTION).get(name);
  if (!stored) return;
  const value = stored.value as DeployedModel;
  if (value.state === "UNDEPLOYING") dropResource(world, stored);
  else put(world, { ...value, state: "DEPLOYED", updateTime: toTimestamp(world.now) });
}

/** A deployment is gone, and what was loaded on it; one that is made under its name is not public because of it. */
export function dropDeployed(world: World, deployment: string): void {
  for (const { collection, name, hidden } of resourcesOf(world, "deployedModelChanges").values())
    if (hidden["deployment"] === deployment) dropResource(world, { collection, name });
  for (const { name } of addonsOf(world, deployment)) dropResource(world, { collection: COLLECTION, name });
}
