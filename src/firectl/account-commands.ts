import { writeFileSync } from "node:fs";
import { asText, fetchOwn } from "./api.ts";
import type { Spec } from "./commands.ts";
import { deleteCommand, getCommand, listCommand, printList, updateCommand } from "./commands.ts";
import type { Context } from "./context.ts";
import type { Flag } from "./flags.ts";
import { flag, toRequest } from "./flags.ts";
import { resources } from "./resources.ts";
import { writeAuth } from "./settings.ts";

const { account, user, apiKey, quota, secret, router } = resources;

const userFlags: readonly Flag[] = [
  flag("display-name", "displayName", "string", "the name"),
  flag("email", "email", "string", "the address"),
  flag("role", "role", "string", "admin, user, contributor, inference-user or custom"),
  flag("service-account", "serviceAccount", "bool", "not a person"),
];

/** A resource of the account that is made with flags. */
const createCommand = (
  name: readonly string[],
  summary: string,
  collection: string,
  flags: readonly Flag[],
  preset: object = {},
): Spec => ({
  name,
  old: [[...name].toReversed()],
  args: "",
  summary,
  flags,
  run: async (context, _, options) => {
    const { body, query } = toRequest(flags, options);
    const path = `accounts/${await context.account()}/${collection}`;
    context.show(await context.send({ method: "POST", path, query, body: { ...preset, ...body } }));
  },
});

/** The user whose keys are meant; the owner where nobody is named. */
const userOf = async (context: Context, options: Record<string, unknown>): Promise<string> =>
  `accounts/${await context.account()}/users/${asText(options["serviceAccount"] ?? options["userId"] ?? "owner")}`;

const keyOwner: readonly Flag[] = [
  flag("user-id", "", "string", "whose it is (default owner)"),
  flag("service-account", "", "string", "the service account whose it is"),
];

const apiKeyCommands = (): Spec[] => {
  const flags = [
    flag("key-name", "apiKey.displayName", "string", "its name"),
    flag("expire-time", "apiKey.expireTime", "time", "when it ends"),
    ...keyOwner,
  ];
  return [
    {
      name: ["api-key", "create"],
      old: [["create", "api-key"]],
      args: "",
      summary: "make a key; it is shown once",
      flags,
      run: async (context, _, options) => {
        const { body } = toRequest(flags, options);
        const path = `${await userOf(context, options)}/apiKeys`;
        context.show(await context.send({ method: "POST", path, body: { apiKey: {}, ...body } }));
      },
    },
    {
      name: ["api-key", "list"],
      old: [["list", "api-keys"]],
      args: "",
      summary: "list keys",
      flags: keyOwner,
      run: async (context, _, options) => printList(context, apiKey, await userOf(context, options), [], options),
    },
    {
      name: ["api-key", "delete"],
      old: [["delete", "api-key"]],
      args: "<id>",
      summary: "delete a key",
      flags: keyOwner,
      run: async (context, [keyId], options) => {
        await context.send({
          method: "POST",
          path: `${await userOf(context, options)}/apiKeys:delete`,
          body: { keyId },
        });
      },
    },
  ];
};

const billing = (): Spec => {
  const flags = [
    flag("start-time", "?startTime", "time", "the first day, inclusive"),
    flag("end-time", "?endTime", "time", "the last day, exclusive"),
    flag("filename", "", "string", "where to (default billing_metrics.csv)"),
  ];
  return {
    name: ["billing", "export-metrics"],
    old: [
      ["export", "billing-metrics"],
      ["download", "billing-metrics"],
    ],
    args: "",
    summary: "write what was used, day by day, as CSV",
    flags,
    run: async (context, _, options) => {
      const { query } = toRequest(flags, options);
      const filename = (options["filename"] as string | undefined) ?? "billing_metrics.csv";
      const given = new URLSearchParams({ ...query, account: await context.account(), format: "csv" });
      writeFileSync(filename, await fetchOwn(context.session, `usage?${given.toString()}`));
      console.log(`Billing metrics written to ${filename}`);
    },
  };
};

const signing = (): Spec[] => [
  {
    name: ["signin"],
    args: "[account-id]",
    summary: "keep an account, and a key that works for it, in ~/.fireworks/auth.ini",
    run: async (context, [id]) => {
      const name = id ?? (await context.account());
      console.log(`Signed in to account ${name}; written to ${writeAuth({ account_id: name, api_key: `fw_${name}` })}`);
    },
  },
  {
    name: ["set-api-key"],
    args: "<key>",
    summary: "keep a key in ~/.fireworks/auth.ini",
    run: async (_, [key]) => console.log(`API key written to ${writeAuth({ api_key: key! })}`),
  },
  {
    name: ["whoami"],
    args: "",
    summary: "show the account and its address",
    run: async (context) => {
      const found = await context.send({ method: "GET", path: `accounts/${await context.account()}` });
      context.show({ name: found["name"], displayName: found["displayName"], email: found["email"] });
    },
  },
];

/** Accounts, people, keys, quotas, secrets, routers, bills (control-plane §11.5). */
export const accountCommands = (): Spec[] => [
  getCommand(account),
  listCommand(account),
  createCommand(
    ["user", "create"],
    "create a user",
    "users",
    [...userFlags, flag("user-id", "?userId", "string", "its ID")],
    {
      role: "user",
    },
  ),
  getCommand(user),
  listCommand(user),
  updateCommand(user, userFlags),
  ...apiKeyCommands(),
  getCommand(quota),
  listCommand(quota),
  updateCommand(quota, [flag("value", "value", "int", "what is enforced")]),
  createCommand(["secret", "create"], "create a secret", "secrets", [
    flag("name", "name", "string", "its ID"),
    flag("key-name", "keyName", "string", "the variable that it becomes"),
    flag("value", "value", "string", "the value, which is never told again"),
  ]),
  getCommand(secret),
  listCommand(secret),
  updateCommand(secret, [
    flag("key-name", "keyName", "string", "the variable"),
    flag("value", "value", "string", "the value"),
  ]),
  deleteCommand(secret),
  createCommand(["router", "create"], "create a router over deployments", "routers", [
    flag("router-id", "?routerId", "string", "its ID"),
    flag("deployments", "deployments", "list", "names of deployments; repeatable"),
    flag("display-name", "displayName", "string", "its title"),
  ]),
  getCommand(router),
  listCommand(router),
  updateCommand(router, [
    flag("deployments", "deployments", "list", "names of deployments; repeatable"),
    flag("display-name", "displayName", "string", "its title"),
  ]),
  deleteCommand(router),
  billing(),
  ...signing(),
];
