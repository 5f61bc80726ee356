import type { Emulator } from "../../src/index.ts";
import { createEmulator } from "../../src/index.ts";
import type { EmulatorOptions } from "../../src/index.ts";

export interface Answer {
  status: number;
  body: any;
  headers: Headers;
  text: string;
}

export const SMALL = "accounts/fireworks/models/llama-v3p2-3b-instruct";
export const SERVERLESS = "accounts/fireworks/models/llama-v3p1-8b-instruct";

/** A client that sends what it is told, byte for byte. */
export const caller =
  (emulator: Emulator) =>
  async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = { authorization: "Bearer fw_local" },
  ): Promise<Answer> => {
    const init = {
      method,
      headers,
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    };
    const response = await emulator.fetch(`${emulator.url}${path}`, init);
    const text = await response.text();
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      parsed = undefined;
    }
    return { status: response.status, body: parsed, headers: response.headers, text };
  };

/** A caller whose base URL is a sandbox's. */
export const within =
  (emulator: Emulator, name: string) =>
  (method: string, path: string, body?: unknown): Promise<Answer> =>
    caller(emulator)(method, `/sandboxes/${name}${path}`, body);

/** A manual-clock emulator for one test. */
export async function fresh(
  options: EmulatorOptions = {},
): Promise<{ emulator: Emulator; call: ReturnType<typeof caller> }> {
  const emulator = await createEmulator({ clock: "manual", ...options });
  return { emulator, call: caller(emulator) };
}
