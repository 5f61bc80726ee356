import { inspect } from "node:util";
import type { EmulatorClient } from "./client/client.ts";
import { createClient } from "./client/client.ts";
import { isLoopback, parseAllowedHost } from "./core/caller.ts";
import { parseTimestamp } from "./core/time.ts";
import { loadCatalog } from "./engine/catalog.ts";
import type { WorldConfig } from "./engine/config.ts";
import { defaultConfig } from "./engine/config.ts";
import type { OnBug } from "./engine/parts.ts";
import { loadScripts } from "./engine/scripts.ts";
import { Worlds } from "./engine/worlds.ts";
import { createApp } from "./http/app.ts";
import { chooseToken, createGate } from "./http/gate.ts";
import { createDropLog } from "./http/drops.ts";
import type { Listening } from "./http/server.ts";
import { listen } from "./http/server.ts";

export { ClientError, createClient } from "./client/client.ts";
export type * from "./client/client.ts";
export { FixtureError } from "./fixture.ts";
export { ListenError } from "./http/server.ts";
export { DatabaseError } from "./store/database-error.ts";

/** Bodies above this are refused with 413. */
const MAX_BODY_BYTES = 32_000_000;
/** Stands for the address of an emulator that has no port. */
const NO_PORT_URL = "http://emulator.invalid";

/** All optional; see the README's table of flags for what each does. */
export interface EmulatorOptions extends Partial<Omit<WorldConfig, "startTime">> {
  /** RFC 3339. */
  startTime?: string | undefined;
  host?: string | undefined;
  /** Listen here, 0 for a free port; without it the emulator is reached by `fetch` alone. */
  port?: number | undefined;
  /** Host names under which it is served beside this machine's own: a name, `*.suffix`, or `*`. */
  allowHosts?: readonly string[] | undefined;
  /**
   * Guards the emulator's own API where there is a port; `none` for no token. FIREWORKS_EMULATOR_CONTROL_TOKEN when left
   * out, and without that one is made if `host` is not this machine alone.
   */
  controlToken?: string | undefined;
  maxBodyBytes?: number | undefined;
  /** Called for what should never happen, with what it happened to; by default it is printed. */
  onBug?: OnBug;
}

/** A running emulator, with its control API: whatever it offers is an HTTP call that any client can make. */
export interface Emulator extends EmulatorClient, AsyncDisposable {
  url: string;
  /** Whether others than this machine can connect. */
  isExposed: boolean;
  /** What the emulator's own API demands in the header `x-emulator-token`; undefined when it is open. */
  controlToken: string | undefined;
  /**
   * FIREWORKS_BASE_URL, FIREWORKS_API_KEY and FIREWORKS_ACCOUNT_ID for a child process or a client, and
   * FIREWORKS_EMULATOR_CONTROL_TOKEN where there is a token.
   */
  env: Record<string, string>;
  /** Answers a request without a socket. */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

function toPublicUrl(text: string | undefined): string | undefined {
  if (text !== undefined && !(URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)))
    throw new TypeError(`publicUrl: expected a URL such as https://emulator.example, got "${text}"`);
  return text?.replace(/\/+$/, "");
}

function toConfig(options: EmulatorOptions): WorldConfig {
  const { startTime, allowHosts: _, controlToken: __, publicUrl, ...rest } = options;
  const at = startTime === undefined ? undefined : parseTimestamp(startTime);
  if (startTime !== undefined && at === undefined)
    throw new TypeError(`startTime: expected an RFC 3339 time, got "${startTime}"`);
  if ((options.record === undefined) !== (options.upstream === undefined))
    throw new TypeError("record and upstream belong together: where to write to, and whom to ask");
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return { ...defaultConfig, ...given, startTime: at, publicUrl: toPublicUrl(publicUrl) };
}

function toAllowedHost(text: string): string {
  const host = parseAllowedHost(text);
  if (host === undefined) throw new TypeError(`allowHosts: expected a host name, *.suffix or *, got "${text}"`);
  return host;
}

/** Who may call. */
function toAccess({ host = "127.0.0.1", port, allowHosts = [], controlToken }: EmulatorOptions) {
  const isExposed = port !== undefined && !isLoopback(host);
  // an empty variable is how shells and compose files leave one out
  const wanted = (controlToken ?? process.env["FIREWORKS_EMULATOR_CONTROL_TOKEN"]) || undefined;
  return { host, isExposed, allowedHosts: allowHosts.map(toAllowedHost), token: chooseToken(wanted, isExposed) };
}

/**
 * Starts an emulator in this process.
 * @throws DatabaseError, FixtureError, ListenError with a message for users
 */
export async function createEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const config = toConfig(options);
  const { host, token, isExposed, allowedHosts } = toAccess(options);
  const onBug: OnBug =
    options.onBug ??
    ((error, what, hide = (text) => text) =>
      console.error(`fireworks-emulator: internal error, ${what}: ${hide(inspect(error))}`));
  const worlds = new Worlds(config, loadCatalog(config.fixtures, await loadScripts(config.fixtures)), onBug);
  const gate = createGate({ worlds, token, isExposed, allowedHosts });
  let url = NO_PORT_URL;
  const app = createApp({
    worlds,
    maxBodyBytes: options.maxBodyBytes ?? MAX_BODY_BYTES,
    url: () => config.publicUrl ?? url,
    gate,
    onBug,
  });
  const drops = createDropLog((line) => console.error(`fireworks-emulator: ${line}`));
  let listening: Listening | undefined;
  if (options.port !== undefined) {
    try {
      listening = await listen(app, host, options.port, gate, drops.add);
    } catch (error) {
      worlds.close();
      throw error;
    }
    url = listening.url;
  }
  const send = (input: string | URL | Request, init?: RequestInit): Promise<Response> =>
    Promise.resolve(app.request(input instanceof URL ? input.href : input, init));
  const close = async (): Promise<void> => {
    worlds.stop();
    await listening?.close();
    drops.flush();
    worlds.close();
  };
  return {
    url,
    isExposed,
    controlToken: token,
    env: {
      FIREWORKS_BASE_URL: url,
      FIREWORKS_API_KEY: `fw_${config.account}`,
      FIREWORKS_ACCOUNT_ID: config.account,
      ...(token === undefined ? {} : { FIREWORKS_EMULATOR_CONTROL_TOKEN: token }),
    },
    fetch: send,
    ...createClient(url, send, token),
    close,
    [Symbol.asyncDispose]: close,
  };
}
