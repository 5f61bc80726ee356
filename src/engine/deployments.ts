import { lastArrival } from "../core/deployment/accrual.ts";
import { createRecord } from "../core/deployment/lifecycle.ts";
import { RECENT_TRAFFIC_MS } from "../core/deployment/policy.ts";
import type { DeploymentRecord } from "../core/deployment/record.ts";
import { toResource } from "../core/deployment/resource.ts";
import { createSpec, updateSpec } from "../core/deployment/spec.ts";
import { setTags } from "../core/deployment/tags.ts";
import type { ModelFacts } from "../core/deployment/capacity.ts";
import { ApiError, invalid, notFound, texts } from "../core/error.ts";
import { toDirectKeys } from "../core/key.ts";
import type { Json } from "../core/list/field.ts";
import { textOf } from "../core/list/field.ts";
import { applyMask, parseMask } from "../core/list/mask.ts";
import { accountOf, isAccountId, isUserId, resourceName } from "../core/name.ts";
import { alphanumeric, digest, shortDigest } from "../core/random.ts";
import type { Deployment, DeploymentSpec } from "../schema/deployment.ts";
import { demandModel, demandNames, factsOf, modelOf } from "./models.ts";
import { countOccurrence } from "./occurrences.ts";
import { ensureAccount } from "./open-world.ts";
import { maySee } from "./permission.ts";
import { demandQuota } from "./quotas.ts";
import { hardwareOf, takeShape } from "./shapes.ts";
import type { World } from "./world.ts";

const ID_LENGTH = 8;
/** Fields of a deployment that may name what belongs to another account, besides the base model and the shape. */
const NAME_FIELDS = [
  "draftModel",
  "activeModelVersion",
  "targetModelVersion",
  "deploymentTemplate",
  "hotLoadTrainerJob",
] as const;

const namesIn = (body: Json): unknown[] => NAME_FIELDS.map((field) => body[field]);

function parseBaseModel(name: unknown): string {
  if (typeof name !== "string" || name === "") throw invalid("invalid deployment: base_model is required");
  if (!/^accounts\/[^/]+\/models\/[^/]+$/.test(name)) {
    throw invalid(
      'invalid deployment: invalid base model name: name must be in the format: "accounts/<accounts-id>/models/<models-id>"',
    );
  }
  return name;
}

function baseModelOf(world: World, name: string): ModelFacts {
  const facts = factsOf(world, name);
  const model = modelOf(world, name);
  if (model && model.state !== "READY") throw new ApiError("FAILED_PRECONDITION", `model ${name} is not ready`);
  if (!facts) throw new ApiError("NOT_FOUND", `model ${name} not found`);
  return facts;
}

/** An addon as the base is merged into its own base, which takes weights of 16 bits. @throws ApiError in the words that were seen */
function demandMergeable({ precision, enableAddons }: DeploymentSpec): void {
  if (enableAddons || (precision !== "BF16" && precision !== "FP16"))
    throw invalid(
      "live merge is not supported for this deployment configuration; choose a deployment shape that supports live merge, or use multi-lora (enable_addons=true) instead of live merge for LoRA fine-tuning",
    );
}

/** Hashes of the keys of an account's direct routes: a deployment made after the picture of another has its keys. */
const directKeysOf = (world: World, account: string): string[] =>
  [...world.parts.deployments.values()]
    .filter(({ name }) => accountOf(name) === account)
    .flatMap(({ spec }) => spec.directRouteApiKeys);

/** What was sent with the keys of its direct route as hashes. @throws ApiError for what stands for an unknown key */
function withDirectKeys(body: Json, known: readonly string[]): Json {
  const sent = body["directRouteApiKeys"] as string[] | undefined;
  if (!sent || sent.length === 0) return body;
  const directRouteApiKeys = toDirectKeys(sent, known);
  if (!directRouteApiKeys)
    throw invalid("invalid deployment: direct_route_api_keys has the hash of a key that is not known here");
  return { ...body, directRouteApiKeys };
}

function chooseId(
  world: World,
  account: string,
  wanted: string | undefined,
  body: Json,
  validateOnly: boolean,
): string {
  if (wanted) {
    if (!isUserId(wanted))
      throw invalid(
        `invalid deployment ID "${wanted}": it must have 1-63 characters of a-z, 0-9 and -, start with a letter and not end with -`,
      );
    return wanted;
  }
  const content = shortDigest("deployment", world.parts.seed, account, JSON.stringify(body));
  for (let n = validateOnly ? 0 : countOccurrence(world.parts, content); ; n += 1) {
    const id = alphanumeric(digest(content, n), ID_LENGTH);
    if (!world.parts.deployments.has(resourceName(account, "deployments", id))) return id;
  }
}

export interface CreateOptions {
  deploymentId?: string | undefined;
  validateOnly?: boolean | undefined;
  disableAutoDeploy?: boolean | undefined;
}

/**
 * Creates a deployment (control-plane §1.2, §2.3).
 * @param body a decoded Deployment
 * @throws ApiError INVALID_ARGUMENT, NOT_FOUND (base model), ALREADY_EXISTS, RESOURCE_EXHAUSTED (quota)
 */
export function createDeployment(world: World, account: string, body: Json, options: CreateOptions): Deployment {
  return world.change((now) => {
    if (!isAccountId(account)) throw invalid(`invalid account ID "${account}"`);
    const facts = baseModelOf(world, demandModel(world, account, parseBaseModel(body["baseModel"])).name);
    demandNames(world, account, namesIn(body));
    const shape = body["deploymentShape"] ? takeShape(world, textOf(body, "deploymentShape"), facts.name) : undefined;
    const spec = createSpec(withDirectKeys(body, directKeysOf(world, account)), facts, hardwareOf(world), shape);
    if (facts.name !== spec.baseModel) demandMergeable(spec);
    setTags({}, spec.annotations);
    const id = chooseId(world, account, options.deploymentId, body, options.validateOnly ?? false);
    const name = resourceName(account, "deployments", id);
    if (world.parts.deployments.has(name)) throw new ApiError("ALREADY_EXISTS", "deployment ID already exists");
    const autoDeploy = !options.disableAutoDeploy;
    demandQuota(world, account, spec, undefined);
    if (options.validateOnly) return toResource(createRecord(name, 0, spec, "", autoDeploy, now));
    ensureAccount(world, account);
    world.add(
      createRecord(
        name,
        world.nextSequence(),
        spec,
        world.parts.accounts.get(`accounts/${account}`)!.email,
        autoDeploy,
        now,
      ),
    );
    return toResource(world.deployment(name));
  });
}

function demandLive(record: DeploymentRecord, verb: string): void {
  if (record.state === "DELETING" || record.state === "DELETED") {
    throw new ApiError("FAILED_PRECONDITION", `deployment is ${record.state}; undelete it before you ${verb} it`);
  }
}

/** Changes the fields that the mask names, or that the body has (control-plane §1.2, the [conflict] on updateMask). */
export function updateDeployment(world: World, name: string, body: Json, updateMask: string | undefined): Deployment {
  return world.change(() => {
    const record = world.deployment(name);
    demandLive(record, "update");
    const facts = baseModelOf(world, record.spec.baseModel);
    const change = applyMask(body, parseMask(updateMask));
    demandNames(world, accountOf(name), namesIn(change));
    if ("annotations" in change) throw invalid("invalid deployment: annotations cannot be updated; set tags instead");
    if (change["deploymentShape"]) {
      const { version, settings } = takeShape(world, textOf(change, "deploymentShape"), facts.name);
      Object.assign(change, settings, { deploymentShape: version });
    }
    const sent = withDirectKeys(change, record.spec.directRouteApiKeys);
    const { spec, restart } = updateSpec(record.spec, sent, facts, hardwareOf(world));
    demandQuota(world, accountOf(name), spec, record.spec);
    world.apply(name, { type: "update", spec, restart });
    return toResource(world.deployment(name));
  });
}

/** Changes tags, which nothing else can once a deployment is there. */
export function changeTags(
  world: World,
  name: string,
  change: (before: Record<string, string>) => Record<string, string>,
): Deployment {
  return world.change(() => {
    const { spec } = world.deployment(name);
    world.apply(name, { type: "update", spec: { ...spec, annotations: change(spec.annotations) }, restart: false });
    return toResource(world.deployment(name));
  });
}

/**
 * Gives a deployment a version of its model: by new replicas, or where they are.
 * @throws ApiError NOT_FOUND, for another account's deployment too; INVALID_ARGUMENT, FAILED_PRECONDITION
 */
export function rollOut(world: World, account: string, name: string, version: string, restart: boolean): Deployment {
  if (!maySee(world, account, name)) throw notFound();
  const { spec } = world.deployment(name);
  if (!version.startsWith(`${spec.baseModel}/versions/`))
    throw invalid(`deployment ${name} does not serve the model of ${version}`);
  demandLive(world.deployment(name), "update");
  const rolled = { ...spec, activeModelVersion: version, targetModelVersion: version };
  world.apply(name, { type: "update", spec: rolled, restart });
  return toResource(world.deployment(name));
}

/** Soft delete, or for good with `hard`; refused after recent traffic unless `ignoreChecks` (control-plane §4.4). */
export function deleteDeployment(world: World, name: string, hard: boolean, ignoreChecks: boolean): void {
  world.change((now) => {
    const record = world.deployment(name);
    const isDeleted = record.state === "DELETING" || record.state === "DELETED";
    const lastAt = lastArrival(record, now)?.at ?? record.lastRequestAt;
    if (!isDeleted && !ignoreChecks && lastAt !== null && now - lastAt < RECENT_TRAFFIC_MS) {
      throw new ApiError("FAILED_PRECONDITION", texts.recentTraffic);
    }
    if (hard) world.remove(name);
    else if (!isDeleted) world.apply(name, { type: "delete" });
  });
}

/** Brings a soft-deleted deployment back, from CREATING, until its purge time. */
export function undeleteDeployment(world: World, name: string): Deployment {
  return world.change(() => {
    const { state, spec } = world.deployment(name);
    if (state !== "DELETED" && state !== "DELETING")
      throw new ApiError("FAILED_PRECONDITION", "deployment is not deleted");
    demandQuota(world, accountOf(name), spec, undefined);
    world.apply(name, { type: "undelete" });
    return toResource(world.deployment(name));
  });
}

/** Sets the target count, within the bounds; the autoscaler goes on from there (control-plane §3.5). */
export function scaleDeployment(world: World, name: string, replicas: number): void {
  if (replicas < 0) throw invalid("replica_count must be non-negative");
  world.change(() => {
    demandLive(world.deployment(name), "scale");
    world.apply(name, { type: "scale", replicas });
  });
}
