import fc from "fast-check";
import { expect, test } from "vitest";
import { inFolder } from "../support/dump.ts";
import type { Send } from "../support/secret-traffic.ts";
import { sendKeys, sendTokens } from "../support/secret-traffic.ts";
import { leaksIn, leaksInFolder, secrets, tokens } from "../support/secrets.ts";
import { startServer } from "../support/server.ts";

const SEED = 7;

test.each([
  ["keys", secrets, sendKeys],
  ["tokens", tokens, sendTokens],
] as const)("a server writes no %s to its output, nor to its files", (_, values, sendAll) =>
  inFolder(async (folder) => {
    const all = new Map<string, string>();
    const drawn = fc.sample(values, { seed: SEED, numRuns: 100 });
    const take = (place: string): string => {
      all.set(place, drawn[all.size]!);
      return all.get(place)!;
    };
    await using server = await startServer("--db", `${folder}/world.db`);
    const send: Send = async (method, path, body, headers = { authorization: "Bearer fw_local" }) => {
      const sent = body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) };
      const response = await fetch(`${server.url}${path}`, { method, headers, ...sent });
      return { status: response.status, body: undefined, headers: response.headers, text: await response.text() };
    };
    await sendAll(send, take);
    expect(all.size).toBeGreaterThan(10);
    expect(leaksInFolder(folder, all)).toEqual([]);
    const { code, stdout, stderr } = await server.stop();
    expect(code).toBe(0);
    expect(leaksIn(stdout + stderr, all)).toEqual([]);
    expect(leaksInFolder(folder, all)).toEqual([]);
  }),
);
