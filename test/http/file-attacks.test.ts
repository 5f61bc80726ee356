import { createHmac } from "node:crypto";
import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { digest } from "../../src/core/random.ts";
import { renewSecret } from "../../src/engine/secret.ts";
import { createEmulator } from "../../src/index.ts";
import { openDatabase } from "../../src/store/database.ts";
import { keep } from "../../src/store/keep.ts";
import { Store } from "../../src/store/store.ts";
import { caller, fresh } from "../support/api.ts";
import { BYTES, MINE, MODELS, NAME, place, PRECIOUS, urlIn } from "../support/precious.ts";
import { baseFiles, baseModel, readyModel, send } from "../support/upload.ts";

/** The same URL with other parameters, sent or fetched. */
function withQuery(url: string, changes: Record<string, string>): string {
  const changed = new URL(url);
  for (const [key, value] of Object.entries(changes)) changed.searchParams.set(key, value);
  return changed.href;
}

const metaOf = (database: string, sql: string): unknown => {
  const connection = keep(new Database(database));
  try {
    const statement = keep(connection.prepare(sql));
    return statement.reader ? statement.pluck().get() : statement.run();
  } finally {
    connection.close();
  }
};

const secretOf = (database: string): string =>
  metaOf(database, "SELECT value FROM meta WHERE key = 'secret'") as string;

describe("a signature", () => {
  test("cannot be made from the seed, which everybody can see", async () => {
    const { emulator, call } = await fresh({ seed: 7 });
    const url = await urlIn(call);
    const query = Object.fromEntries(new URL(url).searchParams);
    expect(query["signature"]).toMatch(/^[0-9a-f]{64}$/);
    for (const [owner, file] of [
      [MINE, NAME],
      ["../../..", "etc/passwd"],
    ] as const)
      for (const method of ["GET", "PUT"]) {
        const given = { ...query, owner, file, method };
        const old = digest("signed-url", "7", owner, file, method, "10", "false", query["expires"]!).slice(0, 32);
        const content = JSON.stringify(["signed-url", owner, file, method, 10, false, Number(query["expires"])]);
        const keyed = ["", "7", "0"].map((key) => createHmac("sha256", key).update(content).digest("hex"));
        for (const signature of [old, ...keyed, "", "0".repeat(64)]) {
          const forged = withQuery(url, { ...given, signature });
          expect((await emulator.fetch(forged)).status).toBe(403);
          expect((await send(emulator, forged, BYTES)).status).toBe(403);
        }
      }
    expect((await send(emulator, url, BYTES)).status).toBe(200);
  });

  test.each([
    [{ owner: "accounts/local/models/other" }],
    [{ owner: "../../.." }],
    [{ file: "other.json" }],
    [{ file: "../config.json" }],
    [{ file: "..\\config.json" }],
    [{ size: "9" }],
    [{ method: "GET" }],
    [{ resumable: "true" }],
    [{ expires: "99999999999999" }],
  ] as Record<string, string>[][])("is of one grant alone: not of %j", async (changes) => {
    const { emulator, call } = await fresh();
    const url = await urlIn(call);
    await call("POST", MODELS, { modelId: "other", model: baseModel });
    const changed = withQuery(url, changes!);
    expect((await send(emulator, changed, BYTES)).status).toBe(403);
    expect((await emulator.fetch(changed)).status).toBe(403);
  });

  test("to fetch is none to send", async () => {
    const { emulator, call } = await fresh();
    const files = baseFiles();
    await readyModel(emulator, call, "mine", baseModel, files);
    const { body } = await call("GET", `${MODELS}/mine:getDownloadEndpoint`);
    const url = body.filenameToSignedUrls[NAME];
    expect((await send(emulator, url, files[NAME]!)).status).toBe(403);
    expect((await emulator.fetch(url, { method: "POST", headers: { "x-goog-resumable": "start" } })).status).toBe(403);
    const looked = await emulator.fetch(url, { method: "HEAD" });
    expect([looked.status, looked.headers.get("content-length")]).toEqual([200, String(files[NAME]!.length)]);
    expect(await (await emulator.fetch(url)).text()).toBe(files[NAME]!.toString());
  });

  test("is of one world alone, though seed, names and times are the same", async () => {
    const { emulator, call } = await fresh({ seed: 1 });
    for (const name of ["a", "b"]) await call("POST", "/sandboxes", { name, seed: 1 });
    const urls = await Promise.all(["", "/sandboxes/a", "/sandboxes/b"].map((base) => urlIn(call, base)));
    for (const [at, base] of ["", "/sandboxes/a", "/sandboxes/b"].entries())
      for (const [of, url] of urls.entries()) {
        const { search } = new URL(url);
        const sent = await send(emulator, `${emulator.url}${base}/__emulator/files${search}`, BYTES);
        expect([base, of, sent.status]).toEqual([base, of, of === at ? 200 : 403]);
      }
  });

  test("outlives a restart; a world from before, or a copy, gets a secret of its own", async () => {
    const { folder, database } = place();
    const copy = join(folder, "copy.db");
    const status = async (at: string, url: string): Promise<number> => {
      await using emulator = await createEmulator({ clock: "manual", database: at });
      return (await send(emulator, url, BYTES)).status;
    };
    let url: string;
    {
      await using emulator = await createEmulator({ clock: "manual", database });
      url = await urlIn(caller(emulator));
    }
    cpSync(database, copy);
    expect(await status(copy, url)).toBe(200);
    const store = new Store(openDatabase(copy), { journalMax: 1, eventsMax: 1, flightsMax: 1 });
    renewSecret(store);
    store.flush({ metrics: 0, autoscaler: 0 });
    store.close();
    expect(secretOf(copy)).not.toBe(secretOf(database));
    expect(await status(copy, url)).toBe(403);
    expect(await status(database, url)).toBe(200);
    metaOf(database, "DELETE FROM meta WHERE key = 'secret'");
    expect(await status(database, url)).toBe(403);
    expect(secretOf(database)).toMatch(/^[0-9a-f]{64}$/);
  });

  test("and what it is made with are in no answer and not in the journal", async () => {
    const { database } = place();
    const shown: string[] = [];
    const signatures: string[] = [];
    {
      await using emulator = await createEmulator({ clock: "manual", database, seed: 3 });
      const call = caller(emulator);
      signatures.push(new URL(await urlIn(call)).searchParams.get("signature")!);
      await readyModel(emulator, call, "whole", baseModel, baseFiles());
      const { body } = await call("GET", `${MODELS}/whole:getDownloadEndpoint`);
      for (const url of Object.values<string>(body.filenameToSignedUrls))
        signatures.push(new URL(url).searchParams.get("signature")!);
      for (const path of ["/__emulator/status", "/__emulator/requests", "/__emulator/accounts", "/sandboxes"])
        shown.push((await call("GET", path)).text);
      shown.push(JSON.stringify(await emulator.requests.list()));
    }
    expect(signatures).toHaveLength(5);
    expect(shown.join("")).toContain("getDownloadEndpoint");
    const secret = secretOf(database);
    for (const text of [secret, Buffer.from(secret, "hex").toString("base64"), ...signatures])
      expect(shown.join("")).not.toContain(text);
    const rows = metaOf(database, "SELECT json_group_array(responseBody) FROM journal") as string;
    expect(rows).toContain("signature=[redacted]");
    for (const signature of signatures) expect(rows).not.toContain(signature);
  });
});

describe("whoever has the secret itself", () => {
  test.each([
    ["accounts/local/models/mine", "../../../../../precious.txt"],
    ["accounts/local/models/..", "../../../precious.txt"],
    ["../..", "precious.txt"],
    ["..", "precious.txt"],
    ["", "precious.txt"],
    [".", "../precious.txt"],
    ["accounts/../../models/mine", "../../precious.txt"],
    ["accounts/local/models/mine", "a\u0000b"],
    ["accounts/local/models/mine\u0000", NAME],
    ["accounts/local/models/mine", "..\\..\\precious.txt"],
    ["accounts/local/models/mine", ".hidden"],
    ["accounts/local/models/mine/", NAME],
    ["accounts//models/mine", NAME],
    ["accounts/local/models/mine/more", NAME],
    ["accounts/local/datasets/mine", NAME],
    [".incoming", NAME],
    [".parts/accounts/local/models/mine", NAME],
    ["/etc", "hostname"],
    ["accounts/local/models/mine", "/etc/hostname"],
  ])("does not leave the folder: %j %j", async (owner, file) => {
    const { folder, database, precious } = place();
    {
      await using emulator = await createEmulator({ clock: "manual", database });
      await urlIn(caller(emulator));
    }
    const key = Buffer.from(secretOf(database), "hex");
    await using emulator = await createEmulator({ clock: "manual", database });
    const ask = async (method: string, resumable: boolean): Promise<number> => {
      const grant = { owner, file, method, size: BYTES.length, resumable, expires: 9e12 };
      const content = JSON.stringify(["signed-url", ...Object.values(grant)]);
      const query = Object.entries(grant).map(([name, value]): [string, string] => [name, String(value)]);
      const signature = createHmac("sha256", key).update(content).digest("hex");
      const search = new URLSearchParams([...query, ["signature", signature]]).toString();
      const url = `${emulator.url}/__emulator/files?${search}`;
      return (await (method === "GET" ? emulator.fetch(url) : send(emulator, url, BYTES))).status;
    };
    expect([400, 404]).toContain(await ask("GET", false));
    expect([400, 404]).toContain(await ask("PUT", false));
    expect([400, 404]).toContain(await ask("PUT", true));
    expect(readFileSync(precious, "utf8")).toBe(PRECIOUS);
    expect(readdirSync(folder).filter((name) => !name.startsWith("world.db"))).toEqual(["precious.txt"]);
    expect(existsSync(join(`${database}.files`, "accounts"))).toBe(false);
  });
});

test.each(["..%2f..%2f..", "%2e%2e", "..%5c..", "a%00b", "%2Fetc", ".incoming"])(
  "a model of the account %s cannot be made",
  async (account) => {
    const { folder, database } = place();
    await using emulator = await createEmulator({ clock: "manual", database });
    const call = caller(emulator);
    const models = `/v1/accounts/${account}/models`;
    const made = await call("POST", models, { modelId: "mine", model: baseModel });
    // a client resolves `%2e%2e` by itself, and asks for a path that has no POST
    expect([400, 404, 405]).toContain(made.status);
    const endpoint = await call("POST", `${models}/mine:getUploadEndpoint`, { filenameToSize: { [NAME]: 10 } });
    expect([400, 404, 405]).toContain(endpoint.status);
    expect(readdirSync(folder).filter((name) => !name.startsWith("world.db"))).toEqual(["precious.txt"]);
  },
);

test("a key is random, its ID follows from the seed", async () => {
  const made = [];
  for (const _ of [1, 2]) {
    const { call } = await fresh({ seed: 5 });
    made.push((await call("POST", "/v1/accounts/local/users/owner/apiKeys", { apiKey: {} })).body);
  }
  expect(made[0].key).toMatch(/^fw_[a-z0-9]{24}$/);
  expect(made[0].key).not.toBe(made[1].key);
  expect(made[0].keyId).toBe(made[1].keyId);
});
