import type { DeploymentRecord } from "../core/deployment/record.ts";
import { ApiError, texts } from "../core/error.ts";
import { resourceName } from "../core/name.ts";
import type { Model } from "../schema/model.ts";
import { PUBLIC_ACCOUNT } from "./catalog.ts";
import type { DeployedModel } from "../schema/deployed-model.ts";
import { defaultDeployed, findDeployed, isPublicOn, loadedAddon, mergedAddon } from "./deployed-models.ts";
import { modelOf, usableModel } from "./models.ts";
import { maySee } from "./permission.ts";
import { findRouter, routeBy } from "./routers.ts";
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

/** A deployment that is named, if it serves and the account may call it: its own, or one whose model is public there. */
function callTarget(world: World, name: string, account: string, echo = name, model?: string): Target | undefined {
  const target = toTarget(world, world.parts.deployments.get(name), echo, model);
  const isAllowed = target && (maySee(world, account, name) || isPublicOn(world, name, target.model.name));
  return isAllowed ? target : undefined;
}

/** A router that is named, if the account may call it. */
const routerTarget = (world: World, name: string, account: string): Target | undefined =>
  maySee(world, account, name) || findRouter(world, name)?.public
    ? toTarget(world, routeBy(world, name), name)
    : undefined;

/** What is deployed under a name of its own, if it serves. */
function toDeployedTarget(world: World, deployed: DeployedModel | undefined, echo: string): Target | undefined {
  if (!deployed || deployed.state === "UNDEPLOYING") return undefined;
  const record = world.parts.deployments.get(deployed.deployment);
  const isAddon = record !== undefined && record.spec.baseModel !== deployed.model;
  // an addon serves when it is loaded; a base model wakes its deployment
  if (isAddon && deployed.state !== "DEPLOYED") return undefined;
  return toTarget(world, record, echo, deployed.model);
}

/** A deployed model that is named, if the account may call it. */
function deployedTarget(world: World, name: string, account: string): Target | undefined {
  const deployed = findDeployed(world, name);
  return maySee(world, account, name, deployed?.public) ? toDeployedTarget(world, deployed, name) : undefined;
}

/** A model by name: serverless where the service has it, otherwise the caller's default deployment of it. */
function findModel(world: World, name: string, account: string): Target | undefined {
  const model = usableModel(world, account, name);
  if (!model) return undefined;
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
    deployments: callTarget,
    routers: routerTarget,
    deployedModels: deployedTarget,
  }),
);

/** What a model string means, or undefined. */
export function findTarget(world: World, text: string, account: string): Target | undefined {
  const hash = text.indexOf("#");
  if (hash >= 0) {
    const model = toModelName(text.slice(0, hash));
    const record = world.parts.deployments.get(toDeploymentName(text.slice(hash + 1), account));
    if (!record) return undefined;
    const isThere = record.spec.baseModel === model || loadedAddon(world, record.name, model);
    return isThere ? callTarget(world, record.name, account, model, model) : undefined;
  }
  const parts = text.split("/");
  if (parts.length === 4 && parts[0] === "accounts") return byCollection.get(parts[2]!)?.(world, text, account);
  if (parts.length > 2) return undefined;
  const byOrigin = parts.length === 2 ? findByOrigin(world, text) : undefined;
  if (byOrigin) return findModel(world, byOrigin, account);
  return findModel(world, toModelName(text), account) ?? callTarget(world, toDeploymentName(text, account), account);
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
