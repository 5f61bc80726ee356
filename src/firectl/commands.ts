import type { Json } from "./api.ts";
import type { Context } from "./context.ts";
import { accountCommands } from "./account-commands.ts";
import { deploymentCommands } from "./deployment-commands.ts";
import type { Flag } from "./flags.ts";
import { flag, toRequest } from "./flags.ts";
import { modelCommands } from "./model-commands.ts";
import { toSnake, toTable } from "./print.ts";
import type { Resource } from "./resources.ts";
import { resources } from "./resources.ts";

/** One command: a row. What it asks of the server follows from its flags. */
export interface Spec {
  /** `["deployment", "get"]`. */
  name: readonly string[];
  /** Older spellings, which work and say so. */
  old?: readonly (readonly string[])[];
  args: string;
  summary: string;
  flags?: readonly Flag[];
  run(context: Context, args: readonly string[], options: Json): Promise<void>;
}

const listFlags: readonly Flag[] = [
  flag("filter", "?filter", "string", "only what this AIP-160 expression holds for"),
  flag("order-by", "?orderBy", "string", "fields to order by, e.g. `create_time desc`"),
  flag("page-size", "?pageSize", "int", "items on a page, 200 at most"),
  flag("page-token", "", "int", "the page to show, from 0"),
  flag("no-paginate", "", "bool", "show all pages"),
];

const PAGE_SIZE = 50;

interface Listed {
  items: Json[];
  page: string;
  totalSize: number;
}

/** One page by its number, as firectl counts them, or all. */
async function fetchPage(
  context: Context,
  path: string,
  key: string,
  query: Record<string, string>,
  options: Json,
): Promise<Listed> {
  const all = options["paginate"] === false || options["noPaginate"] === true;
  const wanted = Number(options["pageToken"] ?? 0);
  const items: Json[] = [];
  let pageToken: string | undefined;
  for (let page = 0; ; page += 1) {
    const result = await context.send({ method: "GET", path, query: { ...query, pageToken } });
    const [found, totalSize] = [result[key] as Json[], Number(result["totalSize"])];
    if (all || page === wanted) items.push(...found);
    pageToken = String(result["nextPageToken"]) || undefined;
    if (!pageToken || (!all && page === wanted)) {
      const size = Number(query["pageSize"] ?? PAGE_SIZE);
      const pages = all ? 1 : Math.max(Math.ceil(totalSize / size), 1);
      return { items, page: `Page ${all ? 1 : wanted + 1} of ${pages}`, totalSize };
    }
  }
}

/** Prints a list that lies under a parent. */
export async function printList(
  context: Context,
  resource: Resource,
  parent: string,
  flags: readonly Flag[],
  options: Json,
): Promise<void> {
  const { query } = toRequest(flags, options);
  const path = parent === "" ? resource.collection : `${parent}/${resource.collection}`;
  const { items, page, totalSize } = await fetchPage(
    context,
    path,
    resource.listKey ?? resource.collection,
    query,
    options,
  );
  if (context.globals.output === "json") console.log(JSON.stringify(toSnake(items), undefined, 2));
  else console.log(toTable(items, resource.columns, page, totalSize));
}

export function listCommand(resource: Resource, more: readonly Flag[] = []): Spec {
  const flags = [...listFlags, ...more];
  if (resource.showsDeleted) flags.push(flag("show-deleted", "?showDeleted", "bool", "soft-deleted ones too"));
  return {
    name: [resource.noun, "list"],
    old: [["list", resource.plural]],
    args: "",
    summary: `list ${resource.plural.replaceAll("-", " ")}`,
    flags,
    run: async (context, _, options) => {
      const parent = resource.collection === "accounts" ? "" : `accounts/${await context.account()}`;
      await printList(context, resource, parent, flags, options);
    },
  };
}

export const getCommand = (resource: Resource): Spec => ({
  name: [resource.noun, "get"],
  old: [["get", resource.noun]],
  args: "<id>",
  summary: `show a ${resource.noun.replaceAll("-", " ")}`,
  run: async (context, [id]) =>
    context.show(await context.send({ method: "GET", path: await context.nameOf(resource, id!) })),
});

export const deleteCommand = (resource: Resource): Spec => ({
  name: [resource.noun, "delete"],
  old: [["delete", resource.noun]],
  args: "<id>",
  summary: `delete a ${resource.noun.replaceAll("-", " ")}`,
  run: async (context, [id]) => {
    await context.send({ method: "DELETE", path: await context.nameOf(resource, id!) });
  },
});

/** A change of a resource by its flags. */
export const updateCommand = (resource: Resource, flags: readonly Flag[]): Spec => ({
  name: [resource.noun, "update"],
  old: [["update", resource.noun]],
  args: "<id>",
  summary: `change a ${resource.noun.replaceAll("-", " ")}`,
  flags,
  run: async (context, [id], options) => {
    const { body, query } = toRequest(flags, options);
    context.show(await context.send({ method: "PATCH", path: await context.nameOf(resource, id!), query, body }));
  },
});

/** Every command there is. */
export const commands = (): Spec[] => [
  ...deploymentCommands(),
  ...modelCommands(),
  getCommand(resources.deploymentShape),
  listCommand(resources.deploymentShape, [
    flag("target-model", "?targetModel", "string", "only shapes for this model"),
  ]),
  getCommand(resources.reservation),
  listCommand(resources.reservation),
  ...accountCommands(),
];
