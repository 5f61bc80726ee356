import { styleText } from "node:util";
import type { ApiRequest, Json } from "./api.ts";
import { accountOf, call } from "./api.ts";
import { toFlags, toLines, toSnake } from "./print.ts";
import type { Resource } from "./resources.ts";
import type { Globals, Session } from "./settings.ts";
import { openSession } from "./settings.ts";

/** What a command works with: the server, the account, and how to say what came of it. */
export interface Context {
  globals: Globals;
  session: Session;
  account(): Promise<string>;
  /** `accounts/a/deployments/d`, of a bare ID or a full name. */
  nameOf(resource: Resource, text: string): Promise<string>;
  /** One call; with `--dry-run` a change is printed and not sent. */
  send(request: ApiRequest): Promise<Json>;
  show(resource: Json): void;
}

/** A request that was only to be looked at: nothing goes on from it. */
export class DryRun extends Error {}

export function createContext(globals: Globals): Context {
  const session = openSession(globals);
  let account: Promise<string> | undefined;
  const context: Context = {
    globals,
    session,
    account: () => (account ??= accountOf(session)),
    nameOf: async ({ collection }, text) =>
      text.startsWith("accounts/")
        ? text
        : collection === "accounts"
          ? `accounts/${text}`
          : `accounts/${await context.account()}/${collection}/${text}`,
    send: async (request) => {
      if (globals.dryRun && request.method !== "GET") {
        console.log(JSON.stringify(toSnake(request), undefined, 2));
        throw new DryRun();
      }
      return call(session, request);
    },
    show: (resource) => {
      if (globals.output === "json") console.log(JSON.stringify(toSnake(resource), undefined, 2));
      else if (globals.output === "flag") console.log(toFlags(resource));
      else console.log(paint(toLines(resource)).join("\n"));
    },
  };
  return context;
}

const colours: Record<string, "green" | "red"> = { READY: "green", DEPLOYED: "green", FAILED: "red", DELETED: "red" };

/** On a terminal the state has a colour. */
const paint = (lines: readonly string[]): string[] =>
  process.stdout.isTTY && !process.env["NO_COLOR"]
    ? lines.map((line) =>
        line.replace(
          /^(State: )(\w+)$/,
          (_, key: string, state: string) => key + styleText(colours[state] ?? "yellow", state),
        ),
      )
    : [...lines];

/** Where people look: colour and motion are for a terminal, unless they are not wanted. */
export const isLively = (): boolean => process.stderr.isTTY && !process.env["NO_COLOR"];
