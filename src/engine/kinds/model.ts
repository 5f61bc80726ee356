import { ApiError, invalid } from "../../core/error.ts";
import type { Json } from "../../core/list/field.ts";
import { textOf } from "../../core/list/field.ts";
import { accountName, isAccountId } from "../../core/name.ts";
import { checkAddon } from "../../core/model/upload.ts";
import { toTimestamp } from "../../core/time.ts";
import * as schema from "../../schema/model.ts";
import type { Model } from "../../schema/model.ts";
import { importModelBody, operation } from "../../schema/model-version.ts";
import { updateMaskQuery } from "../../schema/wire.ts";
import { PUBLIC_ACCOUNT } from "../catalog.ts";
import { deployedRefsOf, isDeployed } from "../deployed-models.ts";
import { importModel } from "../imports.ts";
import { baseNameOf, demandNames, modelOf, usableModel } from "../models.ts";
import { ensureAccount } from "../open-world.ts";
import type { Kind } from "../registry.ts";
import {
  allOf,
  changedValue,
  demandResource,
  dropResource,
  idFor,
  toParent,
  newValue,
  putResource,
} from "../resources.ts";
import type { ValidateOptions } from "../uploads.ts";
import { downloadEndpoint, uploadEndpoint, validateUpload } from "../uploads.ts";
import type { World } from "../world.ts";

const NAME_MAX = 63;

const baseNotFound = (name: string): ApiError => new ApiError("NOT_FOUND", `create_model: Model ${name} not found`);

/** Names in a body that may be those of another account. */
const namesIn = ({ defaultDraftModel, peftDetails }: Json): unknown[] => [
  defaultDraftModel,
  (peftDetails as Json | null | undefined)?.["mergeAddonModelName"],
];

/** What has to be said of a model before its files come. @throws ApiError INVALID_ARGUMENT, NOT_FOUND */
function check(world: World, value: Json): void {
  const { kind, peftDetails, baseModelDetails, displayName, defaultDraftModel, defaultDraftTokenCount } =
    value as unknown as Model;
  if (displayName.length > NAME_MAX) throw invalid("invalid model: display_name must be fewer than 64 characters");
  if (defaultDraftModel !== "" && defaultDraftTokenCount <= 0)
    throw invalid("invalid model: default_draft_token_count is required with default_draft_model");
  if (kind === "HF_PEFT_ADDON") {
    if (!peftDetails?.baseModel) throw invalid("invalid model: peft_details.base_model is required");
    const base = peftDetails.baseModel;
    if (!/^accounts\/[^/]+\/models\/[^/]+$/.test(base))
      throw invalid(
        'create_model: invalid base model name: name must be in the format: "accounts/<accounts-id>/models/<models-id>"',
      );
    if (!modelOf(world, base)) throw baseNotFound(base);
    checkAddon(peftDetails.r, peftDetails.targetModules);
  } else if (kind === "HF_BASE_MODEL" && !baseModelDetails) {
    throw invalid("invalid model: base_model_details is required");
  }
}

function create(world: World, parent: string, account: string, body: Json): Json {
  return world.change((now) => {
    if (!isAccountId(account)) throw invalid(`invalid account ID ${JSON.stringify(account.slice(0, 80))}`);
    const id = textOf(body, "modelId");
    if (id === "") throw invalid("invalid model: model_id is required");
    const name = `${parent}/models/${idFor(world, "model ID", id)}`;
    if (modelOf(world, name)) throw new ApiError("ALREADY_EXISTS", "model ID already exists");
    const sent = (body["model"] ?? {}) as Json;
    const kind = !sent["kind"] || sent["kind"] === "KIND_UNSPECIFIED" ? "HF_PEFT_ADDON" : sent["kind"];
    const at = toTimestamp(now);
    const filled = {
      name,
      kind,
      createTime: at,
      updateTime: at,
      state: "UPLOADING",
      status: { code: "OK", message: "" },
    };
    const value = newValue(schema.model, sent, { ...filled, snapshotType: sent["snapshotType"] ?? "FULL_SNAPSHOT" });
    check(world, value);
    const base = (value as unknown as Model).peftDetails?.baseModel;
    if (base && !usableModel(world, account, base)) throw baseNotFound(base);
    demandNames(world, account, namesIn(sent));
    ensureAccount(world, account);
    return putResource(world, { collection: "models", name, value, hidden: { files: {} } }).value;
  });
}

/** Whether anything serves the model, or an addon on it. */
const isInUse = (world: World, name: string): boolean =>
  isDeployed(world, name) ||
  [...world.parts.deployments.values()].some(
    ({ spec, state }) => state !== "DELETED" && (spec.baseModel === name || baseNameOf(world, spec.baseModel) === name),
  );

/** Models of the public catalogue, and an account's own: made, uploaded, validated (control-plane §7). */
export const modelKind: Kind = {
  collection: "models",
  type: "Model",
  schema: schema.model,
  defaultOrder: "name",
  shared: ({ public: isPublic }) => isPublic === true,
  all: (world, call) => {
    const isShared = toParent(call.name)(`${accountName(PUBLIC_ACCOUNT)}/`);
    const own = allOf("models")(world, call);
    return isShared ? [world.parts.catalog.listed, ...own] : own;
  },
  // deployedModelRefs are filled by get alone (control-plane §2.8)
  find: (world, name, account) => {
    const item = modelOf(world, name);
    return item && { ...item, deployedModelRefs: deployedRefsOf(world, name, account) };
  },
  create: {
    summary: "Make a model, to be uploaded",
    http: "POST",
    body: schema.createModelBody,
    result: schema.model,
    run: (world, { name, account, body }) => create(world, name, account, body),
  },
  update: {
    summary: "Change a model",
    http: "PATCH",
    query: updateMaskQuery,
    body: schema.model,
    result: schema.model,
    run: (world, { name, account, query, body }) =>
      world.change((now) => {
        const stored = demandResource(world, "models", name);
        const changed = changedValue(schema.model, "model", stored.value, body, query["updateMask"]);
        const value: Json = { ...changed, updateTime: toTimestamp(now) };
        check(world, value);
        demandNames(world, account, namesIn(body));
        return putResource(world, { ...stored, value }).value;
      }),
  },
  remove: {
    summary: "Delete a model that nothing serves, and its files",
    http: "DELETE",
    run: (world, { name }) => {
      world.change(() => {
        const stored = demandResource(world, "models", name);
        if (isInUse(world, name)) throw new ApiError("FAILED_PRECONDITION", `model ${name} has active deployments`);
        dropResource(world, stored);
      });
      // a model that is there has its files: they go when it has gone for good
      world.parts.files.drop(name);
      return {};
    },
  },
  verbs: {
    getUploadEndpoint: {
      summary: "Signed URLs to send a model's files to",
      http: "POST",
      body: schema.uploadEndpointBody,
      result: schema.uploadEndpointResult,
      run: (world, { name, origin, body }) => uploadEndpoint(world, name, origin, body),
    },
    validateUpload: {
      summary: "Check what was uploaded; the model is READY when all is well",
      http: "GET",
      writes: true,
      need: "write",
      query: schema.validateUploadQuery,
      result: schema.validateUploadResult,
      run: (world, { name, query }) => validateUpload(world, name, query as ValidateOptions),
    },
    getDownloadEndpoint: {
      summary: "Signed URLs to fetch a model's files from",
      http: "GET",
      writes: false,
      result: schema.downloadEndpointResult,
      run: (world, { name, origin }) => {
        if (!modelOf(world, name)) demandResource(world, "models", name);
        return downloadEndpoint(world, name, origin);
      },
    },
    import: {
      summary: "Take a model's files from a bucket, for which a folder stands here",
      http: "POST",
      body: importModelBody,
      result: operation,
      run: (world, { name, account, body }) => importModel(world, name, account, body),
    },
    prepare: {
      summary: "Add a copy in another precision",
      http: "POST",
      body: schema.prepareModelBody,
      run: (world, { name, body }) =>
        world.change(() => {
          const stored = demandResource(world, "models", name);
          if (stored.value["state"] !== "READY") throw new ApiError("FAILED_PRECONDITION", "model is not ready");
          const before = (stored.hidden["precisions"] ?? []) as string[];
          const precisions = [...new Set([...before, textOf(body, "precision")])];
          putResource(world, { ...stored, hidden: { ...stored.hidden, precisions } });
          return {};
        }),
    },
  },
};
