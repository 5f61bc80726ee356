import type { Json } from "./api.ts";
import { asText } from "./api.ts";
import type { Spec } from "./commands.ts";
import { deleteCommand, getCommand, listCommand, updateCommand } from "./commands.ts";
import { waitAsked, modelName, waitFlags } from "./deployment-commands.ts";
import type { Context } from "./context.ts";
import type { Flag } from "./flags.ts";
import { flag, toRequest, UsageError } from "./flags.ts";
import { resources } from "./resources.ts";
import { GONE, READY } from "./wait.ts";

const { model, deployedModel } = resources;

const facts: readonly Flag[] = [
  flag("default-draft-model", "defaultDraftModel", "string", "the model that drafts for it"),
  flag("default-draft-token-count", "defaultDraftTokenCount", "int", "tokens of a draft"),
  flag("description", "description", "string", "what it is"),
  flag("display-name", "displayName", "string", "its title"),
  flag("github-url", "githubUrl", "string", "where its code is"),
  flag("hugging-face-url", "huggingFaceUrl", "string", "where it comes from"),
  flag("public", "public", "bool", "for everybody"),
  flag("supports-image-input", "supportsImageInput", "bool", "it sees images"),
  flag("supports-tools", "supportsTools", "bool", "it calls tools"),
];

/** `s3://bucket/path` as the source of an import; undefined for a folder of this machine. */
function sourceOf(path: string, options: Json): Json | undefined {
  const [, s3Bucket, s3Path] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(path) ?? [];
  if (s3Bucket === undefined) return undefined;
  const { awsAccessKeyId: accessKeyId, awsSecretAccessKey: accessSecret, roleArn } = options as Record<string, string>;
  return { awsS3Source: { s3Bucket, s3Path, accessKeyId, accessSecret, roleArn } };
}

async function fill(context: Context, name: string, path: string, options: Json): Promise<void> {
  const source = sourceOf(path, options);
  if (source) {
    const done = await context.send({ method: "POST", path: `${name}:import`, body: source });
    const error = done["error"] as { message: string } | null;
    if (error) throw new Error(error.message);
    return;
  }
  const { uploadFolder } = await import("./transfer.ts");
  await uploadFolder(context, name, path, options["quiet"] === true, options["enableResumableUpload"] === true);
}

const transferFlags: readonly Flag[] = [
  flag("aws-access-key-id", "", "string", "for s3:// paths"),
  flag("aws-secret-access-key", "", "string", "for s3:// paths"),
  flag("enable-resumable-upload", "", "bool", "go on where an upload stopped"),
  flag("poll-duration", "", "duration", "accepted: imports are done when they answer"),
  flag("quiet", "", "bool", "no progress"),
  flag("role-arn", "", "string", "for s3:// paths"),
];

const create = (): Spec => {
  const flags = [
    ...facts,
    ...transferFlags,
    flag("base-model", "peftDetails.baseModel", "string", "the model that this one is an addon of"),
    flag("embedding", "", "bool", "it makes vectors"),
  ];
  return {
    name: ["model", "create"],
    old: [["create", "model"]],
    args: "<id> <path>",
    summary: "make a model of a folder, or of s3://bucket/path",
    flags,
    run: async (context, [id, path], options) => {
      const { body } = toRequest(flags, options);
      const { addonDetails } = await import("./transfer.ts");
      const kind = options["baseModel"]
        ? {
            kind: "HF_PEFT_ADDON",
            peftDetails: addonDetails(path!, await modelName(context, asText(options["baseModel"]))),
          }
        : {
            kind: options["embedding"] ? "EMBEDDING_MODEL" : "HF_BASE_MODEL",
            baseModelDetails: { checkpointFormat: "HUGGINGFACE", worldSize: 1 },
          };
      const parent = `accounts/${await context.account()}/models`;
      const made = await context.send({
        method: "POST",
        path: parent,
        body: { modelId: id, model: { ...body, ...kind } },
      });
      await fill(context, asText(made["name"]), path!, options);
      context.show(await context.send({ method: "GET", path: asText(made["name"]) }));
    },
  };
};

const upload = (): Spec => ({
  name: ["model", "upload"],
  args: "<id> <path>",
  summary: "upload the files of a model that was made, or go on with it",
  flags: transferFlags,
  run: async (context, [id, path], options) => {
    const name = await context.nameOf(model, id!);
    await fill(context, name, path!, options);
    context.show(await context.send({ method: "GET", path: name }));
  },
});

const prepare = (): Spec => {
  const flags = [flag("precision", "precision", "string", "the precision"), ...waitFlags("30m")];
  return {
    name: ["model", "prepare"],
    old: [["prepare-model"], ["prepare", "model"]],
    args: "<id>",
    summary: "add a copy in another precision",
    flags,
    run: async (context, [id], options) => {
      const path = `${await context.nameOf(model, id!)}:prepare`;
      await context.send({ method: "POST", path, body: toRequest(flags, options).body });
    },
  };
};

const download = (): Spec => ({
  name: ["model", "download"],
  old: [["download", "model"]],
  args: "<id> <path>",
  summary: "fetch a model's files into a folder",
  flags: [flag("quiet", "", "bool", "no progress")],
  run: async (context, [id, path], options) => {
    const { downloadFiles } = await import("./transfer.ts");
    await downloadFiles(context, await context.nameOf(model, id!), path!, options["quiet"] === true);
  },
});

const HALF_HOUR = 1800;

const load = (): Spec => {
  const flags = [
    flag("deployment", "", "string", "where to"),
    flag("deployment-id", "", "string", "where to, by the older name"),
    flag("public", "public", "bool", "for everybody"),
    flag("replace-merged-addon", "?replaceMergedAddon", "bool", "take the place of the merged one"),
    ...waitFlags("30m"),
  ];
  return {
    name: ["load-lora"],
    old: [["deploy"]],
    args: "<model>",
    summary: "load an addon onto a deployment",
    flags,
    run: async (context, [text], options) => {
      const { body, query } = toRequest(flags, options);
      const where = asText(options["deployment"] ?? options["deploymentId"] ?? "");
      if (where === "") throw new UsageError('required flag(s) "deployment" not set');
      const given = {
        ...body,
        model: await modelName(context, text!),
        deployment: await context.nameOf(resources.deployment, where),
      };
      const path = `accounts/${await context.account()}/deployedModels`;
      const loaded = await context.send({ method: "POST", path, query, body: given });
      context.show((await waitAsked(context, asText(loaded["name"]), READY, options, HALF_HOUR)) ?? loaded);
    },
  };
};

/** A deployed model by its ID, or an addon by the one place where it is. */
async function deployedName(context: Context, text: string, options: Json): Promise<string> {
  if (text.includes("/deployedModels/")) return text;
  const name = await modelName(context, text);
  const where = options["deployment"] ?? options["deploymentId"];
  const on =
    where === undefined ? "" : ` AND deployment="${await context.nameOf(resources.deployment, asText(where))}"`;
  const path = `accounts/${await context.account()}/deployedModels`;
  const { deployedModels } = await context.send({ method: "GET", path, query: { filter: `model="${name}"${on}` } });
  const [found] = deployedModels as Json[];
  return found ? asText(found["name"]) : context.nameOf(deployedModel, text);
}

const unload = (): Spec => ({
  name: ["unload-lora"],
  old: [["undeploy"]],
  args: "<model>",
  summary: "unload an addon",
  flags: [
    flag("deployment", "", "string", "where from"),
    flag("deployment-id", "", "string", "where from, by the older name"),
    ...waitFlags("30m"),
  ],
  run: async (context, [text], options) => {
    const path = await deployedName(context, text!, options);
    await context.send({ method: "DELETE", path });
    await waitAsked(context, path, GONE, options, HALF_HOUR);
  },
});

/** Models, their files, and addons (control-plane §11.3, §11.4). */
export const modelCommands = (): Spec[] => [
  create(),
  upload(),
  getCommand(model),
  listCommand(model),
  updateCommand(model, facts),
  prepare(),
  download(),
  deleteCommand(model),
  load(),
  unload(),
  getCommand(deployedModel),
  listCommand(deployedModel),
  updateCommand(deployedModel, [
    flag("default", "default", "bool", "what its model's name means"),
    flag("description", "description", "string", "what it is for"),
    flag("display-name", "displayName", "string", "its title"),
    flag("public", "public", "bool", "for everybody"),
  ]),
  deleteCommand(deployedModel),
];
