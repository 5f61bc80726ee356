import type { EmulatorClient } from "./client/client.ts";
import { createClient } from "./client/client.ts";
import { parseTimestamp } from "./core/time.ts";
import { loadCatalog } from "./engine/catalog.ts";
import type { WorldConfig } from "./engine/config.ts";
import { defaultConfig } from "./engine/config.ts";
import type { OnBug } from "./engine/parts.ts";
import { loadScripts } from "./engine/scripts.ts";
import { Worlds } from "./engine/worlds.ts";
import { createApp } from "./http/app.ts";
import type { Listening } from "./http/server.ts";
import { listen } from "./http/server.ts";

export { ClientError, createClient } from "./client/client.ts";
export type * from "./client/client.ts";
export { FixtureError } from "./fixture.ts";
export { ListenError } from "./http/server.ts";
export { DatabaseError } from "./store/database.ts";

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
  maxBodyBytes?: number | undefined;
  /** Hears of what should never happen, and of what it happened to; by default it is printed. */
  onBug?: OnBug;
}

/** A running emulator, with its control API: whatever it offers is an HTTP call that any client can make. */
export interface Emulator extends EmulatorClient, AsyncDisposable {
  url: string;
  /** FIREWORKS_BASE_URL, FIREWORKS_API_KEY and FIREWORKS_ACCOUNT_ID for a child process or a client. */
  env: Record<string, string>;
  /** Answers a request without a socket. */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

function toConfig(options: EmulatorOptions): WorldConfig {
  const { startTime, ...rest } = options;
  const at = startTime === undefined ? undefined : parseTimestamp(startTime);
  if (startTime !== undefined && at === undefined)
    throw new TypeError(`startTime: expected an RFC 3339 time, got "${startTime}"`);
  if ((options.record === undefined) !== (options.upstream === undefined))
    throw new TypeError("record and upstream belong together: where to write to, and whom to ask");
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return { ...defaultConfig, ...given, startTime: at };
}

/**
 * Starts an emulator in this process.
 * @throws DatabaseError, FixtureError, ListenError with a message for users
 */
export async function createEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const config = toConfig(options);
  const onBug =
    options.onBug ?? ((error, what) => console.error(`fireworks-emulator: internal error, ${what}:`, error));
  const worlds = new Worlds(config, loadCatalog(config.fixtures, await loadScripts(config.fixtures)), onBug);
  let url = NO_PORT_URL;
  const app = createApp({
    worlds,
    maxBodyBytes: options.maxBodyBytes ?? MAX_BODY_BYTES,
    url: () => url,
    onBug,
  });
  let listening: Listening | undefined;
  if (options.port !== undefined) {
    try {
      listening = await listen(app, options.host ?? "127.0.0.1", options.port);
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
    worlds.close();
  };
  return {
    url,
    env: { FIREWORKS_BASE_URL: url, FIREWORKS_API_KEY: `fw_${config.account}`, FIREWORKS_ACCOUNT_ID: config.account },
    fetch: send,
    ...createClient(url, send),
    close,
    [Symbol.asyncDispose]: close,
  };
}
