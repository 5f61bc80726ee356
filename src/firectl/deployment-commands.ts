import type { Json } from "./api.ts";
import { RpcError } from "./api.ts";
import type { Spec } from "./commands.ts";
import { getCommand, listCommand, printList, updateCommand } from "./commands.ts";
import type { Context } from "./context.ts";
import type { Flag } from "./flags.ts";
import { flag, toRequest } from "./flags.ts";
import type { Column } from "./print.ts";
import { resources } from "./resources.ts";
import type { Goal } from "./wait.ts";
import { GONE, READY, waitFor } from "./wait.ts";

const { deployment } = resources;

/** Of creation and of updates alike (control-plane §11.2). */
const settings: readonly Flag[] = [
  flag("accelerator-count", "acceleratorCount", "int", "accelerators of each replica"),
  flag("accelerator-type", "acceleratorType", "string", "the type of accelerator, e.g. NVIDIA_H100_80GB"),
  flag("description", "description", "string", "what it is for"),
  flag("direct-route-api-keys", "directRouteApiKeys", "list", "keys of its own host; repeatable"),
  flag("direct-route-type", "directRouteType", "string", "INTERNET for a host of its own"),
  flag("display-name", "displayName", "string", "its title"),
  flag("draft-model", "draftModel", "string", "the model that drafts"),
  flag("draft-token-count", "draftTokenCount", "int", "tokens of a draft"),
  flag("enable-addons", "enableAddons", "bool", "let PEFT addons be loaded"),
  flag("enable-hot-reload-latest-addon", "enableHotReloadLatestAddon", "bool", "merge the addon that was loaded last"),
  flag("enable-hot-load", "enableHotLoad", "bool", "let a training job load weights"),
  flag("enable-mtp", "enableMtp", "bool", "multi-token prediction"),
  flag("enable-session-affinity", "enableSessionAffinity", "bool", "keep a session on its replica"),
  flag("expire-time", "expireTime", "time", "when it is deleted"),
  flag(
    "hot-load-bucket-type",
    "hotLoadBucketType",
    "string",
    "where those weights lie: MINIO, S3, NEBIUS or FW_HOSTED",
  ),
  flag("hot-load-bucket-url", "hotLoadBucketUrl", "string", "the bucket of those weights"),
  flag("hot-load-transition-type", "hotLoadTransitionType", "string", "ASYNC or SYNC"),
  flag("load-targets", "autoscalingPolicy.loadTargets", "loads", "load of a replica to aim at, e.g. default=0.8"),
  flag("long-prompt", "autoTune.longPrompt", "bool", "tune it for long prompts"),
  flag("max-concurrency-per-replica", "maxConcurrencyPerReplica", "int", "requests of a replica at once"),
  flag("max-context-length", "maxContextLength", "int", "tokens of a prompt and its answer"),
  flag("max-replica-count", "maxReplicaCount", "int", "replicas at most; 0 parks it"),
  flag(
    "max-with-revocable-replica-count",
    "maxWithRevocableReplicaCount",
    "int",
    "replicas at most, revocable ones included",
  ),
  flag("min-replica-count", "minReplicaCount", "int", "replicas at least"),
  flag("ngram-speculation-length", "ngramSpeculationLength", "int", "tokens of n-gram speculation"),
  flag("precision", "precision", "string", "the precision of the weights"),
  flag(
    "scale-down-window",
    "autoscalingPolicy.scaleDownWindow",
    "duration",
    "less load for so long before scaling down",
  ),
  flag(
    "scale-to-zero-window",
    "autoscalingPolicy.scaleToZeroWindow",
    "duration",
    "no load for so long before scaling to zero",
  ),
  flag("scale-up-window", "autoscalingPolicy.scaleUpWindow", "duration", "more load for so long before scaling up"),
  flag("file", "", "json", "a deployment as JSON, which flags change"),
];

const onlyCreate: readonly Flag[] = [
  flag("cluster-id", "", "string", "accepted, without effect"),
  flag("deployment-id", "?deploymentId", "string", "its ID; generated when left out"),
  flag("deployment-shape", "deploymentShape", "string", "fast, throughput, minimal, or the name of a shape"),
  flag("deployment-template", "deploymentTemplate", "string", "the name of a template"),
  flag("disable-speculative-decoding", "?disableSpeculativeDecoding", "bool", "ignore the model's draft settings"),
  flag("multi-region", "placement.multiRegion", "string", "GLOBAL, US, EUROPE or APAC"),
  flag("preemptible", "preemptible", "bool", "let its replicas be taken back"),
  flag("region", "placement.region", "string", "where it has to run"),
  flag("validate-only", "?validateOnly", "bool", "only check it"),
];

export const waitFlags = (timeout: string): readonly Flag[] => [
  flag("wait", "", "bool", "wait until it is done"),
  flag("wait-timeout", "", "duration", `how long at most (default ${timeout})`),
];
const HOUR = 3600;

/** Waits, where that was asked for. @returns what there is then */
export async function waitAsked(
  context: Context,
  name: string,
  goal: Goal,
  options: Json,
  timeout = HOUR,
): Promise<Json | undefined> {
  if (options["wait"] !== true) return undefined;
  const given = options["waitTimeout"] as string | undefined;
  return waitFor(context, name, goal, given === undefined ? timeout : Number(given.slice(0, -1)));
}

/** A bare ID is a model of one's own, or else of the public account. */
export async function modelName(context: Context, text: string): Promise<string> {
  if (text.startsWith("accounts/")) return text;
  const own = `accounts/${await context.account()}/models/${text}`;
  try {
    await context.send({ method: "GET", path: `${own}?readMask=name` });
    return own;
  } catch (error) {
    if (error instanceof RpcError && error.code === "NotFound") return `accounts/fireworks/models/${text}`;
    throw error;
  }
}

/** Regions with a plus: several at once are one of the multi-regions (2026's flag). */
function placeBody(body: Json): Json {
  const region = (body["placement"] as Json | undefined)?.["region"];
  const isMulti = typeof region === "string" && ["GLOBAL", "US", "EUROPE", "APAC"].includes(region);
  return isMulti ? { ...body, placement: { multiRegion: region } } : body;
}

const create = (): Spec => {
  const flags = [...settings, ...onlyCreate, ...waitFlags("1h")];
  return {
    name: ["deployment", "create"],
    old: [["create", "deployment"]],
    args: "<model>",
    summary: "create a deployment of a model",
    flags,
    run: async (context, [model], options) => {
      const { body, query } = toRequest(flags, options);
      const baseModel = await modelName(context, model!);
      const path = `accounts/${await context.account()}/deployments`;
      const created = await context.send({ method: "POST", path, query, body: placeBody({ ...body, baseModel }) });
      const done = await waitAsked(context, String(created["name"]), READY, options);
      context.show(done ?? created);
    },
  };
};

const remove = (): Spec => {
  const flags = [
    flag("hard", "?hard", "bool", "for good, at once"),
    flag("ignore-checks", "?ignoreChecks", "bool", "though it was used in the last hour"),
    ...waitFlags("1h"),
  ];
  return {
    name: ["deployment", "delete"],
    old: [["delete", "deployment"]],
    args: "<id>",
    summary: "delete a deployment",
    flags,
    run: async (context, [id], options) => {
      const path = await context.nameOf(deployment, id!);
      await context.send({ method: "DELETE", path, query: toRequest(flags, options).query });
      await waitAsked(context, path, GONE, options);
    },
  };
};

const undelete = (): Spec => ({
  name: ["deployment", "undelete"],
  old: [["undelete", "deployment"]],
  args: "<id>",
  summary: "bring a deleted deployment back",
  flags: waitFlags("1h"),
  run: async (context, [id], options) => {
    const path = await context.nameOf(deployment, id!);
    const back = await context.send({ method: "POST", path: `${path}:undelete`, body: {} });
    context.show((await waitAsked(context, path, READY, options)) ?? back);
  },
});

const scale = (): Spec => {
  const flags = [flag("replica-count", "replicaCount", "int", "how many replicas")];
  return {
    name: ["deployment", "scale"],
    old: [["scale"]],
    args: "<id>",
    summary: "set the number of replicas",
    flags,
    run: async (context, [id], options) => {
      const path = await context.nameOf(deployment, id!);
      await context.send({ method: "PATCH", path: `${path}:scale`, body: toRequest(flags, options).body });
    },
  };
};

const shapeColumns: readonly Column[] = [
  ["SHAPE NAME (version-id)", "name"],
  ["BASE MODEL", "snapshot.baseModel"],
  ["GPUS", "snapshot.acceleratorCount"],
  ["ACCELERATOR", "snapshot.acceleratorType"],
  ["PRECISION", "snapshot.precision"],
  ["PRESET TYPE", "snapshot.presetType"],
];

const shapeVersions = (): Spec => {
  const flags = [flag("base-model", "", "string", "only shapes of this model")];
  return {
    name: ["deployment-shape-version", "list"],
    old: [["list", "deployment-shape-versions"]],
    args: "",
    summary: "list the versions of deployment shapes",
    flags,
    run: async (context, _, options) => {
      const resource = {
        noun: "deployment-shape-version",
        plural: "deployment-shape-versions",
        collection: "versions",
        listKey: "deploymentShapeVersions",
        columns: shapeColumns,
      };
      const model = options["baseModel"] as string | undefined;
      const filter = model === undefined ? [] : [flag("filter", "?filter", "string", "")];
      const given = model === undefined ? {} : { filter: `snapshot.base_model="${await modelName(context, model)}"` };
      await printList(context, resource, "accounts/-/deploymentShapes/-", filter, given);
    },
  };
};

export const deploymentCommands = (): Spec[] => [
  create(),
  getCommand(deployment),
  listCommand(deployment),
  updateCommand(deployment, settings),
  remove(),
  undelete(),
  scale(),
  shapeVersions(),
];
