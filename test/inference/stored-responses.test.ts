import { describe, expect, test } from "vitest";
import type { Emulator, EmulatorOptions } from "../../src/index.ts";
import { createEmulator } from "../../src/index.ts";
import { caller, SERVERLESS } from "../support/api.ts";
import { inFolder } from "../support/dump.ts";

const PATH = "/inference/v1/responses";
const open = (options: EmulatorOptions = {}): Promise<Emulator> => createEmulator({ clock: "manual", ...options });

describe("stored responses", () => {
  test("get, list, delete; 404 in the words that were seen; store: false leaves nothing", async () => {
    await using emulator = await open();
    const call = caller(emulator);
    const ids: string[] = [];
    for (const input of ["one", "two", "three"])
      ids.push((await call("POST", PATH, { model: SERVERLESS, input })).body.id);
    const unsaved = (await call("POST", PATH, { model: SERVERLESS, input: "x", store: false })).body;
    expect(unsaved.store).toBe(false);
    const list = (await call("GET", PATH)).body;
    expect(list.data.map(({ id }: any) => id)).toEqual(ids.toReversed());
    expect(list).toMatchObject({ object: "list", has_more: false, first_id: ids[2], last_id: ids[0] });
    const page = (await call("GET", `${PATH}?limit=1&after=${ids[2]}`)).body;
    expect(page).toMatchObject({ has_more: true, first_id: ids[1], last_id: ids[1] });
    expect((await call("GET", `${PATH}?before=${ids[1]}`)).body.data).toHaveLength(1);
    expect((await call("GET", `${PATH}?limit=101`)).status).toBe(400);
    expect((await call("GET", `${PATH}/${ids[0]}`)).body).toEqual(list.data[2]);
    expect((await call("DELETE", `${PATH}/${ids[0]}`)).body).toEqual({ message: "Response deleted successfully" });
    for (const id of [ids[0], unsaved.id, "resp_none"]) {
      const gone = await call("GET", `${PATH}/${id}`);
      expect([gone.status, gone.body]).toEqual([404, { detail: "Response not found" }]);
    }
    const orphan = await call("POST", PATH, { model: SERVERLESS, input: "x", previous_response_id: ids[0] });
    expect([orphan.status, orphan.body]).toEqual([404, { detail: "Previous response not found" }]);
    expect((await call("GET", `${PATH}/${ids[1]}/input_items`)).status).toBe(404);
  });

  test("are there for 30 days of world time, and after a restart", () =>
    inFolder(async (folder) => {
      const options = { clock: "manual", database: `${folder}/world.db` } as const;
      let id: string;
      {
        await using emulator = await createEmulator(options);
        id = (await caller(emulator)("POST", PATH, { model: SERVERLESS, input: "remember me" })).body.id;
      }
      await using emulator = await createEmulator(options);
      const call = caller(emulator);
      await emulator.clock.advance("29d");
      expect((await call("GET", `${PATH}/${id}`)).status).toBe(200);
      const next = await call("POST", PATH, { model: SERVERLESS, input: "and?", previous_response_id: id });
      expect(next.status).toBe(200);
      await emulator.clock.advance("2d");
      expect((await call("GET", `${PATH}/${id}`)).status).toBe(404);
      expect((await call("GET", `${PATH}/${next.body.id}`)).status).toBe(200);
      await emulator.reset();
      expect((await call("GET", PATH)).body.data).toEqual([]);
    }));

  test("another account's are not there", async () => {
    await using emulator = await open({ auth: "known" });
    const ask = (key: string, method: string, path: string, body?: unknown): Promise<Response> =>
      Promise.resolve(
        emulator.fetch(`http://emulator${path}`, {
          method,
          headers: { authorization: `Bearer ${key}` },
          ...(body ? { body: JSON.stringify(body) } : {}),
        }),
      );
    const mine = (await (await ask("fw_local", "POST", PATH, { model: SERVERLESS, input: "x" })).json()) as {
      id: string;
    };
    expect((await ask("fw_local", "GET", `${PATH}/${mine.id}`)).status).toBe(200);
    expect((await ask("fw_fireworks", "GET", `${PATH}/${mine.id}`)).status).toBe(404);
  });
});

describe("background", () => {
  const asked = { model: SERVERLESS, input: "Tell me a long story", background: true };

  test("queued at first, done when somebody looks, where answers take no time", async () => {
    await using emulator = await open();
    const call = caller(emulator);
    const { body } = await call("POST", PATH, asked);
    expect(body).toMatchObject({ status: "queued", output: [], usage: null });
    expect((await call("GET", `${PATH}/${body.id}`)).body).toMatchObject({ status: "completed", output: [{}] });
    // too late to cancel: nothing changes
    expect((await call("POST", `${PATH}/${body.id}/cancel`)).body.status).toBe("completed");
  });

  test("in its time it is in progress, and can be cancelled, again and again", async () => {
    await using emulator = await open({ pace: "on" });
    const call = caller(emulator);
    const [first, second] = [(await call("POST", PATH, asked)).body, (await call("POST", PATH, asked)).body];
    expect((await call("GET", `${PATH}/${first.id}`)).body.status).toBe("in_progress");
    expect((await call("POST", `${PATH}/${first.id}/cancel`)).body).toMatchObject({ status: "cancelling", output: [] });
    for (const path of [`/${first.id}`, `/${first.id}/cancel`]) {
      const method = path.endsWith("cancel") ? "POST" : "GET";
      expect((await call(method, PATH + path)).body).toMatchObject({ status: "cancelled", usage: null });
    }
    await emulator.clock.advance("1h");
    expect((await call("GET", `${PATH}/${first.id}`)).body.status).toBe("cancelled");
    expect((await call("GET", `${PATH}/${second.id}`)).body.status).toBe("completed");
  });

  test("the replica of a cancelled one is free, and what is not done outlives a restart", () =>
    inFolder(async (folder) => {
      const options = { clock: "manual", pace: "on", database: `${folder}/world.db` } as const;
      let id: string;
      {
        await using emulator = await createEmulator(options);
        id = (await caller(emulator)("POST", PATH, asked)).body.id;
      }
      await using emulator = await createEmulator(options);
      const call = caller(emulator);
      expect((await call("GET", `${PATH}/${id}`)).body.status).toBe("in_progress");
      await call("POST", `${PATH}/${id}/cancel`);
      expect((await call("GET", `${PATH}/${id}`)).body.status).toBe("cancelled");
    }));

  test("with the clock in skip a poll is enough", async () => {
    await using emulator = await open({ clock: "skip", pace: "on" });
    const call = caller(emulator);
    const { body } = await call("POST", PATH, asked);
    expect(body.status).toBe("in_progress");
    expect((await call("GET", `${PATH}/${body.id}`)).body.status).toBe("completed");
  });

  test("one that is not in the background cannot be cancelled", async () => {
    await using emulator = await open();
    const call = caller(emulator);
    const { body } = await call("POST", PATH, { model: SERVERLESS, input: "x" });
    const { status, body: refused } = await call("POST", `${PATH}/${body.id}/cancel`);
    expect([status, refused.error.message]).toEqual([
      400,
      "Only responses created with background=true can be cancelled",
    ]);
  });
});
