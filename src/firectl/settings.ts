import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { parse, stringify } from "ini";

/** `~/.fireworks/auth.ini` and `settings.ini`, as firectl keeps them (control-plane §11.1). */
const file = (name: string): string => join(process.env["HOME"] ?? homedir(), ".fireworks", name);

function read(name: string): Record<string, string> {
  const path = file(name);
  if (!existsSync(path)) return {};
  const content = parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  return { ...content, ...(content["fireworks"] as object | undefined) } as Record<string, string>;
}

/** Writes what `signin` and `set-api-key` are told; nothing else writes here. */
export function writeAuth(values: Record<string, string>): string {
  const path = file("auth.ini");
  mkdirSync(dirname(path), { recursive: true });
  const known = existsSync(path) ? (parse(readFileSync(path, "utf8")) as Record<string, unknown>) : {};
  const section = { ...(known["fireworks"] as object | undefined), ...values };
  writeFileSync(path, stringify({ ...known, fireworks: section }), { mode: 0o600 });
  return path;
}

export interface Globals {
  accountId?: string;
  apiKey?: string;
  server?: string;
  output: "text" | "json" | "flag";
  dryRun: boolean;
}

export interface Session {
  url: string;
  key: string;
  /** Undefined when the server has to say. */
  account: string | undefined;
  /** Undefined when the emulator's own API is open. */
  controlToken: string | undefined;
}

const DEFAULT_URL = "http://127.0.0.1:3473";

/** Only what stands for the service is talked to. @throws Error for the service itself */
function toUrl(server: string): string {
  const url = server.startsWith("http:") ? server : `http://${server.replace(/^https:\/\//, "")}`;
  const { hostname } = new URL(url);
  if (hostname === "fireworks.ai" || hostname.endsWith(".fireworks.ai"))
    throw new Error(`${hostname} is the real service; this firectl talks to an emulator alone`);
  return url.replace(/\/+$/, "");
}

const env = (name: string): string | undefined => process.env[name] || undefined;

/** Flag, then environment, then file, then default. */
export function openSession({ accountId, apiKey, server }: Globals): Session {
  const auth = read("auth.ini");
  const token = env("FIREWORKS_EMULATOR_CONTROL_TOKEN");
  return {
    url: toUrl(server ?? env("FIREWORKS_BASE_URL") ?? env("FIREWORKS_EMULATOR_URL") ?? DEFAULT_URL),
    key: apiKey ?? env("FIREWORKS_API_KEY") ?? env("FIREWORKS_API_TOKEN") ?? auth["api_key"] ?? "fw_local",
    controlToken: token === "none" ? undefined : token,
    account: accountId ?? env("FIREWORKS_ACCOUNT_ID") ?? auth["account_id"],
  };
}
