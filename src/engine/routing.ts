import type { DeploymentRecord } from "../core/deployment/record.ts";
import { ApiError, texts } from "../core/error.ts";
import { accountOf, resourceName } from "../core/name.ts";
import type { Model } from "../schema/model.ts";
import { PUBLIC_ACCOUNT } from "./catalog.ts";
import type { DeployedModel } from "../schema/deployed-model.ts";
import { defaultDeployed, findDeployed, loadedAddon, mergedAddon } from "./deployed-models.ts";
import { modelOf } from "./models.ts";
import { routeBy } from "./routers.ts";
import type { World } from "./world.ts";

/** Where a request goes: a deployment, or the shared serverless service. */
export interface Target {
  model: Model;
  /** Undefined for serverless. */
  deployment: DeploymentRecord | undefined;
  /** The `model` of the answer: the full resource name of what was asked for. */
  echo: string;
}

export const modelNotFound = (): ApiError => new ApiError("NOT_FOUND", texts.noModel, "model");

/** `accounts/a/models/m`, `a/m`, or a bare `m` of the public catalogue. */
function toModelName(text: string): string {
  const parts = text.split("/");
  if (parts.length === 4) return text;
  return resourceName(parts.length === 2 ? parts[0]! : PUBLIC_ACCOUNT, "models", parts.at(-1)!);
}

/** `accounts/a/deployments/d`, `a/d`, or a bare `d` of the caller's account. */
export function toDeploymentName(text: string, account: string): string {
  const parts = text.split("/");
  if (parts.length === 4) return text;
  return resourceName(parts.length === 2 ? parts[0]! : account, "deployments", parts.at(-1)!);
}

/** @param model what is asked of it, where that is not its base model */
function toTarget(
  world: World,
  record: DeploymentRecord | undefined,
  echo: string,
  model = record && (mergedAddon(world, record)?.model ?? record.spec.baseModel),
): Target | undefined {
  if (!record || record.state === "DELETING" || record.state === "DELETED" || record.state === "FAILED")
    return undefined;
  return { model: modelOf(world, model!)!, deployment: record, echo };
}

/** What is deployed under a name of its own, if it serves. */
function toDeployedTarget(world: World, deployed: DeployedModel | undefined, echo: string): Target | undefined {
  if (!deployed || deployed.state === "UNDEPLOYING") return undefined;
  const record = world.parts.deployments.get(deployed.deployment);
  const isAddon = record !== undefined && record.spec.baseModel !== deployed.model;
  // an addon serves when it is loaded; a base model wakes its deployment
  if (isAddon && deployed.state !== "DEPLOYED") return undefined;
  return toTarget(world, record, echo, deployed.model);
}

/** Whose models these are, where that matters: others' are not there. */
const isVisible = (world: World, { name, public: isPublic }: Model, account: string): boolean =>
  world.parts.config.auth === "any" || isPublic || accountOf(name) === account;

/** A model by name: serverless where the service has it, otherwise the caller's default deployment of it. */
function findModel(world: World, name: string, account: string): Target | undefined {
  const model = modelOf(world, name);
  if (!model || !isVisible(world, model, account)) return undefined;
  if (model.supportsServerless) return { model, deployment: undefined, echo: name };
  return toDeployedTarget(world, defaultDeployed(world, name, account), name);
}

/** A public model by its name on Hugging Face, as embedders are called (inference §10). */
function findByOrigin(world: World, text: string): string | undefined {
  for (const { name, huggingFaceUrl } of world.parts.catalog.models.values())
    if (huggingFaceUrl !== "" && huggingFaceUrl.endsWith(`.co/${text}`)) return name;
  return undefined;
}

/** Names with four parts, by collection. */
const byCollection = new Map<string, (world: World, text: string, account: string) => Target | undefined>(
  Object.entries({
    models: findModel,
    deployments: (world: World, text: string) => toTarget(world, world.parts.deployments.get(text), text),
    routers: (world: World, text: string) => toTarget(world, routeBy(world, text), text),
    deployedModels: (world: World, text: string) => toDeployedTarget(world, findDeployed(world, text), text),
  }),
);

/** What a model string means, or undefined. */
export function findTarget(world: World, text: string, account: string): Target | undefined {
  const hash = text.indexOf("#");
  if (hash >= 0) {
    const model = toModelName(text.slice(0, hash));
    const record = world.parts.deployments.get(toDeploymentName(text.slice(hash + 1), account));
    if (!record) return undefined;
    if (record.spec.baseModel === model) return toTarget(world, record, model, model);
    return loadedAddon(world, record.name, model) ? toTarget(world, record, model, model) : undefined;
  }
  const parts = text.split("/");
  if (parts.length === 4 && parts[0] === "accounts") return byCollection.get(parts[2]!)?.(world, text, account);
  if (parts.length > 2) return undefined;
  const byOrigin = parts.length === 2 ? findByOrigin(world, text) : undefined;
  if (byOrigin) return findModel(world, byOrigin, account);
  const deployment = toDeploymentName(text, account);
  return (
    findModel(world, toModelName(text), account) ?? toTarget(world, world.parts.deployments.get(deployment), deployment)
  );
}

/**
 * What a model string means (control-plane §8).
 * @param account the caller's, for bare names
 * @throws ApiError NOT_FOUND with the one text for unknown, deleted and foreign alike
 */
export function resolveModel(world: World, text: string, account: string): Target {
  const target = findTarget(world, text, account);
  if (!target) throw modelNotFound();
  return target;
}
