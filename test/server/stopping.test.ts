import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { newFolder } from "../support/dump.ts";
import { startServer } from "../support/server.ts";

const headers = { authorization: "Bearer k", "content-type": "application/json" };

test("SIGTERM ends an advance of a thousand years at an event's boundary, with everything answered on disk", async () => {
  const database = join(newFolder(), "world.db");
  const flags = ["--db", database, "--clock", "manual", "--gpu-quota", "none"];
  const names: string[] = [];
  {
    await using server = await startServer(...flags);
    const post = (path: string, body: object) =>
      fetch(server.url + path, { method: "POST", headers, body: JSON.stringify(body) });
    for (let n = 0; n < 50; n += 1) {
      const made = await post(`/v1/accounts/acme/deployments?deploymentId=d${n}`, {
        baseModel: "accounts/fireworks/models/llama-v3p2-3b-instruct",
        minReplicaCount: 0,
      });
      names.push(((await made.json()) as { name: string }).name);
      await post("/__emulator/traffic", { deployment: names.at(-1)!, requestsPerSecond: 1, shape: "square" });
    }
    const advance = post("/__emulator/clock:advance", { to: "3000-01-01T00:00:00Z" });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
    // they wait behind the advance, and so does the stop if it serves them first
    const list = () =>
      fetch(`${server.url}/v1/accounts/acme/deployments`, { headers }).then(
        ({ status }) => status,
        () => 0,
      );
    const waiting = Array.from({ length: 300 }, list);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const begun = performance.now();
    expect(await server.stop("SIGTERM")).toMatchObject({ code: 0, stderr: "" });
    // a second on a quiet machine; without giving way it would take hours
    expect(performance.now() - begun).toBeLessThan(20_000);
    // others came when nobody listened any more, or when the advance had ended
    expect((await Promise.all(waiting)).filter((status) => status === 503).length).toBeGreaterThan(0);
    const answer = await advance;
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({
      message: expect.stringMatching(/^the emulator is stopping; it is 2\d/),
    });
  }
  expect(existsSync(`${database}-wal`)).toBe(false);
  await using again = await startServer(...flags);
  const { now } = await again.clock.get();
  expect(now > "2026-01-01T00:00:00Z" && now < "3000").toBe(true);
  for (const name of names) expect((await fetch(`${again.url}/v1/${name}`, { headers })).status).toBe(200);
  expect((await again.clock.advance("1h")).steps).toBeGreaterThan(0);
});
