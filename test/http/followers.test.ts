import { afterEach, expect, test } from "vitest";
import { limits } from "../../src/engine/config.ts";
import { fresh, SMALL } from "../support/api.ts";

const usual = { ...limits };
afterEach(() => void Object.assign(limits, usual));

const follow = { headers: { accept: "text/event-stream" } };
const idsOf = (text: string): number[] => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));

/** Creates a deployment, which makes a few events. */
const create = (call: Awaited<ReturnType<typeof fresh>>["call"], id: string) =>
  call("POST", `/v1/accounts/local/deployments?deploymentId=${id}`, { baseModel: SMALL });

test("a follower that reads late gets every event once, in order", async () => {
  const { call, emulator } = await fresh();
  const live = await emulator.fetch(`${emulator.url}/__emulator/events`, follow);
  for (let n = 0; n < 30; n += 1) await create(call, `d${n}`);
  await emulator.clock.advance("1h");
  const all = await emulator.events.list();
  const reader = live.body!.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (idsOf(text).length < all.length) text += decoder.decode((await reader.read()).value);
  expect(idsOf(text)).toEqual(all.map(({ id }) => id));
  await reader.cancel();
  await emulator.close();
});

test("a follower that does not read is dropped when what it misses is no longer kept", async () => {
  Object.assign(limits, { eventsMax: 5 });
  const { call, emulator } = await fresh();
  const [deaf, other] = await Promise.all([
    emulator.fetch(`${emulator.url}/__emulator/events`, follow),
    emulator.fetch(`${emulator.url}/__emulator/events?deployment=accounts/local/deployments/none`, follow),
  ]);
  // this one has read all that there is for it
  const reader = other.body!.getReader();
  await reader.read();
  const next = reader.read();
  for (let n = 0; n < 6; n += 1) await create(call, `d${n}`);
  await emulator.clock.advance("10m");
  await expect(deaf.text()).rejects.toThrow(/^it follows the events and is more than 5 behind$/);
  await call("POST", `/v1/accounts/local/deployments?deploymentId=none`, { baseModel: SMALL });
  expect(new TextDecoder().decode((await next).value)).toMatch(/^id: \d+\nevent: state\n/);
  await emulator.close();
});

test("a reset begins the numbers anew, and a follower goes on with them", async () => {
  const { call, emulator } = await fresh();
  await create(call, "before");
  const live = await emulator.fetch(`${emulator.url}/__emulator/events?type=state`, follow);
  const reader = live.body!.getReader();
  await reader.read();
  const next = reader.read();
  await call("POST", "/__emulator/reset", {});
  await create(call, "after");
  expect(new TextDecoder().decode((await next).value)).toMatch(/^id: 1\n.*\n.*deployments\/after/);
  await reader.cancel();
  await emulator.close();
});

test("a HEAD follows nothing: nobody would read it, nor leave", async () => {
  const { emulator } = await fresh();
  const { status, headers, body } = await emulator.fetch(`${emulator.url}/__emulator/events`, {
    method: "HEAD",
    ...follow,
  });
  expect([status, headers.get("content-type"), body]).toEqual([200, "application/json", null]);
  await emulator.close();
});
