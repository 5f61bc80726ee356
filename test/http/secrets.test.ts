import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Emulator, EmulatorOptions } from "../../src/index.ts";
import { createEmulator } from "../../src/index.ts";
import { caller, fresh, SERVERLESS, SMALL } from "../support/api.ts";
import { keep } from "../../src/store/keep.ts";
import { dump, inFolder, newFolder } from "../support/dump.ts";
import type { Send, Take } from "../support/secret-traffic.ts";
import { ACCOUNT, CHAT, chat, sendFields, sendKeys, sendTokens } from "../support/secret-traffic.ts";
import { leaksIn, leaksInFolder, secrets, tokens } from "../support/secrets.ts";

/** Everything that an emulator shows of what was sent to it. */
async function shown(emulator: Emulator): Promise<string> {
  const send = caller(emulator);
  const paths = [
    "/__emulator/requests?pageSize=200",
    "/__emulator/events?pageSize=200",
    "/metrics",
    `${ACCOUNT}/metrics`,
    `${ACCOUNT}/auditLogs?pageSize=200`,
    `${ACCOUNT}/deployments?showDeleted=true`,
    `${ACCOUNT}/secrets`,
    `${ACCOUNT}/users/ann/apiKeys`,
  ];
  const answers = await Promise.all(paths.map((path) => send("GET", path)));
  expect(answers.map(({ status }) => status)).toEqual(paths.map(() => 200));
  const journal: unknown[] = [];
  for (let pageToken = ""; ;) {
    const { body } = await send("GET", `/__emulator/requests?pageSize=200&pageToken=${pageToken}`);
    journal.push(...body.requests);
    if ((pageToken = body.nextPageToken) === "") break;
  }
  return JSON.stringify([answers.map(({ text }) => text), journal]);
}

/** Sends secrets, and looks for them everywhere, while the emulator runs and when it has ended. */
async function demandNoTrace(
  values: fc.Arbitrary<string>,
  seed: number,
  sendAll: (send: Send, take: Take) => Promise<void>,
): Promise<void> {
  const all = new Map<string, string>();
  const drawn = fc.sample(values, { seed, numRuns: 400 });
  const take: Take = (place) => {
    const secret = drawn[all.size]!;
    all.set(place, secret);
    return secret;
  };
  await inFolder(async (folder) => {
    const emulator = await createEmulator({ clock: "manual", database: `${folder}/world.db` });
    const send = caller(emulator);
    await sendAll(send, take);
    const { body } = await send("POST", `${ACCOUNT}/users/owner/apiKeys`, { apiKey: {} });
    all.set("made", body.key);
    await send("GET", `${ACCOUNT}/models`, undefined, { "x-api-key": body.key });
    expect(all.size).toBeGreaterThan(10);
    expect(leaksIn(await shown(emulator), all), "shown").toEqual([]);
    expect(leaksInFolder(folder, all), "files while it runs").toEqual([]);
    await emulator.close();
    expect(leaksInFolder(folder, all), "files when it has ended").toEqual([]);
  });
}

const seeds = fc.integer({ min: 0 });
const runs = { numRuns: Number(process.env["SECRET_RUNS"] ?? 2) };

describe("no byte that is kept or shown has", () => {
  test("keys of headers, queries and paths", () =>
    fc.assert(
      fc.asyncProperty(seeds, (seed) => demandNoTrace(secrets, seed, sendKeys)),
      runs,
    ));

  test("values of fields that are made for secrets", () =>
    fc.assert(
      fc.asyncProperty(seeds, (seed) => demandNoTrace(secrets, seed, sendFields)),
      runs,
    ));

  test("tokens of a known form, sent anywhere", () =>
    fc.assert(
      fc.asyncProperty(seeds, (seed) => demandNoTrace(tokens, seed, sendTokens)),
      runs,
    ));
});

test.each([
  ["POST", `${ACCOUNT}/secrets`, { keyName: "K", value: 4711 }],
  ["POST", `${ACCOUNT}/deployments`, { directRouteApiKeys: "4711" }],
  ["POST", `${ACCOUNT}/deployments`, { direct_route_api_keys: ["a", { b: "4711" }] }],
  ["POST", `${ACCOUNT}/models/m:import`, { awsS3Source: { accessSecret: ["4711"] } }],
])("%s %s %j: a short secret of the wrong type is not quoted", async (method, path, body) => {
  const { emulator, call } = await fresh();
  const refused = await call(method, path, body);
  expect([refused.status, refused.body.message]).toEqual([400, expect.stringContaining("[redacted]")]);
  expect(await shown(emulator)).not.toContain("4711");
});

test.each([
  ["/v1/accounts%2Flocal%2Fsecrets?secretId=s", { keyName: "K", value: "hunter2-hunter2-hunter2" }],
  ["/v1%2Faccounts/local/deployments", { baseModel: SMALL, directRouteApiKeys: ["hunter2-hunter2-hunter2"] }],
])("%s: what is secret is known by the route, however its path is spelt", async (path, body) => {
  const { emulator, call } = await fresh();
  expect((await call("POST", path, body)).status).toBe(200);
  expect(await shown(emulator)).not.toContain("hunter2");
  await emulator.close();
});

test("the journal has no signature of a signed URL", async () => {
  const { emulator, call } = await fresh();
  await call("POST", `${ACCOUNT}/models`, { modelId: "m", model: { kind: "HF_BASE_MODEL", baseModelDetails: {} } });
  const { text } = await call("POST", `${ACCOUNT}/models/m:getUploadEndpoint`, {
    filenameToSize: { "config.json": 2 },
  });
  const signature = /signature=(\w+)/.exec(text)![1]!;
  const journal = JSON.stringify(await emulator.requests.list());
  expect(journal).toContain("signature=[redacted]");
  expect(journal).not.toContain(signature);
});

describe("what was asked for still works", () => {
  test("a script and a fault answer with the keys that they were made with, which nothing else keeps", () =>
    inFolder(async (folder) => {
      const token = "sk-abcdefghijklmnopqrstuvwx";
      const all = new Map([["token", token]]);
      const database = `${folder}/world.db`;
      {
        await using emulator = await createEmulator({ clock: "manual", database });
        const send = caller(emulator);
        await emulator.scripts.create({ match: { lastUserMessage: "key?" }, respond: { text: `use ${token}` } });
        await emulator.faults.create({ times: 1, respond: { status: 418, message: `no ${token}` } });
        expect((await send("POST", CHAT, chat("x"))).text).toContain(token);
        for (const stream of [false, true])
          expect(
            (await send("POST", CHAT, chat("key?", { stream }))).text.replaceAll(/"}.*?"content":"/gs, ""),
          ).toMatch(/use/);
        const stored = await send("POST", "/v1/responses", { model: SERVERLESS, input: token });
        expect((await send("GET", `/v1/responses/${stored.body.id}`)).status).toBe(200);
        await send("POST", `${ACCOUNT}/deployments?deploymentId=d`, { baseModel: SMALL, description: token });
        expect((await send("GET", `${ACCOUNT}/deployments/d`)).body.description).toBe(token);
        expect(leaksIn(JSON.stringify(await emulator.requests.list()), all)).toEqual([]);
        expect(leaksIn((await send("GET", `${ACCOUNT}/auditLogs`)).text, all)).toEqual([]);
        expect(leaksIn((await send("GET", "/__emulator/events")).text, all)).toEqual([]);
      }
      const { documents, ...rest } = dump(database) as Record<string, { kind: string }[]>;
      expect(leaksIn(JSON.stringify(rest), all)).toEqual([]);
      // all that is kept because the emulator must be able to say it again
      const kept = documents!.filter((each) => leaksIn(JSON.stringify(each), all).length > 0).map(({ kind }) => kind);
      expect(new Set(kept)).toEqual(new Set(["script", "fault", "response", "deployment"]));
    }));

  test("bodies without secrets are kept byte for byte, and can be searched and checked", async () => {
    const { emulator, call } = await fresh();
    const odd = `{ "model":"${SERVERLESS}" , "messages":[{"role":"user","content":"na\\u00efve \\u003cb\\u003e \\/ ok"}], "seed": 1.0e0 }`;
    await call("POST", CHAT, odd);
    const broken = `${odd} and more: value, secret, password`;
    await call("POST", CHAT, broken);
    expect((await emulator.requests.list()).map(({ requestBody }) => requestBody)).toEqual([broken, odd]);
    const found = await call("POST", "/__emulator/requests:verify", {
      match: { json: { seed: 1 }, requestBody: { contains: "na\\u00efve" } },
      times: 1,
    });
    expect(found.body).toMatchObject({ verified: true });
  });
});

test("what a folder of recordings has is hidden too, also when it comes bit by bit", () =>
  inFolder(async (folder) => {
    const [secret, token, spoken] = [
      "plain-secret-0123456789",
      "ghp_0123456789abcdefghijABCDEFGHIJ012345",
      "hf_0123456789abcdefghijABCDEFGHIJ",
    ];
    const all = new Map(Object.entries({ secret, token, spoken }));
    await using upstream = await createEmulator({ port: 0, clock: "manual", chunkTokens: 1 });
    await upstream.scripts.create({
      match: { endpoint: "chat" },
      respond: { text: `you said ${secret}, I say\n${spoken}!` },
    });
    {
      await using recorder = await createEmulator({
        clock: "manual",
        database: `${folder}/world.db`,
        record: `${folder}/recorded`,
        upstream: `${upstream.url}/v1`,
      });
      const headers = { authorization: `Bearer ${secret}` };
      for (const stream of [false, true]) {
        const { text } = await caller(recorder)("POST", CHAT, chat(`${token} ${stream}`, { stream, n: 1 }), headers);
        expect(text).toContain("you");
        await caller(recorder)("POST", CHAT, chat(`${token} ${stream} two`, { stream, n: 2 }), headers);
      }
      expect(leaksIn(await shown(recorder), all)).toEqual([]);
      const bodies = (await recorder.requests.list()).map(({ responseBody }) => responseBody);
      // not even in pieces
      for (const body of bodies) expect(body).not.toMatch(/GHIJ|0123456789|456/);
    }
    expect(leaksInFolder(folder, all)).toEqual([]);
    const files = readdirSync(`${folder}/recorded/scripts`);
    expect(files).toHaveLength(4);
    for (const file of files)
      expect(readFileSync(`${folder}/recorded/scripts/${file}`, "utf8")).not.toMatch(/GHIJ|6789/);
  }));

test("the log of an internal error has no secret of its request", async () => {
  const database = join(newFolder(), "world.db");
  const deployments = "/v1/accounts/local/deployments";
  {
    const { emulator, call } = await fresh({ database });
    await call("POST", `${deployments}?deploymentId=d`, { baseModel: SMALL });
    await emulator.close();
  }
  // a model that is in no catalogue any more: explaining its deployment fails as nobody expects
  const connection = keep(new Database(database));
  connection.exec(
    `UPDATE documents SET body = replace(body, '${SMALL}', 'accounts/fireworks/models/gone') WHERE kind = 'deployment'`,
  );
  connection.close();
  const key = "plain-secret-0123456789";
  const texts: string[] = [];
  const onBug: NonNullable<EmulatorOptions["onBug"]> = (_, what, hide) =>
    void texts.push(`${what.split(" ")[0]}: ${hide!(`${key} fw_abcdef123 lost`)}`);
  const { emulator, call } = await fresh({ database, onBug });
  expect((await call("GET", "/__emulator/deployments/local/d:explain", undefined, { "x-api-key": key })).status).toBe(
    500,
  );
  expect(texts).toEqual(["request: [redacted] [redacted] lost"]);
  await emulator.close();
});
