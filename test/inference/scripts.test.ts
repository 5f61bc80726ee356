import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { EmulatorOptions } from "../../src/index.ts";
import { createEmulator } from "../../src/index.ts";
import { validate } from "../../src/validate.ts";
import { caller, fresh, SERVERLESS, SMALL } from "../support/api.ts";
import { newFolder } from "../support/dump.ts";
import { chunksOf } from "../support/fold.ts";

const CHAT = "/v1/chat/completions";
const user = (content: string) => [{ role: "user", content }];

async function scripted(scripts: any[], options: EmulatorOptions = {}) {
  const { emulator, call } = await fresh(options);
  for (const script of scripts) await emulator.scripts.create(script);
  const ask = (content: string, more: object = {}, headers: Record<string, string> = {}) =>
    call(
      "POST",
      CHAT,
      { model: SERVERLESS, messages: user(content), ...more },
      { authorization: "Bearer k", ...headers },
    );
  const say = async (content: string, more: object = {}, headers: Record<string, string> = {}) =>
    (await ask(content, more, headers)).body.choices[0].message.content;
  return { emulator, call, ask, say };
}

/** A folder of fixtures with these script files. */
function folderOf(files: Record<string, unknown>): string {
  const folder = newFolder();
  mkdirSync(join(folder, "scripts"));
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(folder, "scripts", name), typeof content === "string" ? content : JSON.stringify(content));
  return folder;
}

describe("what a script matches", () => {
  const tools = [{ type: "function", function: { name: "search" } }];
  const yes = { text: "scripted" };
  test.each<[string, object, object, boolean]>([
    ["a word of the last user message", { lastUserMessage: "hello" }, {}, true],
    ["another word", { lastUserMessage: "goodbye" }, {}, false],
    ["an equal text", { lastUserMessage: { equals: "say hello" } }, {}, true],
    ["an expression", { lastUserMessage: { regex: "^say (h|y)ello$" } }, {}, true],
    [
      "any message",
      { anyMessage: "pirate" },
      { messages: [{ role: "system", content: "Be a pirate" }, ...user("x")] },
      true,
    ],
    [
      "the whole prompt",
      { prompt: { regex: "pirate\nx" } },
      { messages: [{ role: "system", content: "Be a pirate" }, ...user("x")] },
      true,
    ],
    ["a model", { model: "llama-v3p1-*" }, {}, true],
    ["a full model", { model: SERVERLESS }, {}, true],
    ["another model", { model: "qwen*" }, {}, false],
    ["serverless", { deployment: "*" }, {}, false],
    ["the account", { account: "local" }, {}, true],
    ["the endpoint", { endpoint: "messages" }, {}, false],
    ["offered tools", { tools: ["search"] }, { tools }, true],
    ["tools that are not offered", { tools: ["search", "delete"] }, { tools }, false],
    ["the response format", { responseFormat: "json" }, { response_format: { type: "json_object" } }, true],
    ["the turn", { turn: 2 }, { messages: [...user("a"), { role: "assistant", content: "b" }, ...user("c")] }, true],
    ["another turn", { turn: 2 }, {}, false],
    ["a header", { header: { "X-Case": { equals: "7" } } }, {}, true],
    ["everything", {}, {}, true],
  ])("%s", async (_, match, more, matches) => {
    const { say } = await scripted([{ match, respond: yes }]);
    expect((await say("say hello", more, { "x-case": "7" })) === "scripted").toBe(matches);
  });

  test("a deployment, by its id", async () => {
    const { call, say } = await scripted([{ match: { deployment: "d" }, respond: yes }], { profile: "instant" });
    await call("POST", "/v1/accounts/local/deployments?deploymentId=d", { baseModel: SMALL });
    expect(await say("x", { model: "accounts/local/deployments/d" })).toBe("scripted");
  });

  test("the first that matches wins; made ones stand before those of files", async () => {
    const folder = folderOf({ "a.json": { scripts: [{ respond: { text: "file" } }] } });
    const { emulator, say } = await scripted([], { fixtures: [folder] });
    expect(await say("x")).toBe("file");
    await emulator.scripts.create({ respond: { text: "first" } });
    await emulator.scripts.create({ respond: { text: "second" } });
    expect(await say("x")).toBe("first");
    expect((await emulator.scripts.list()).map(({ matched, source }) => [matched, source === "api"])).toEqual([
      [1, true],
      [0, true],
      [1, false],
    ]);
    await emulator.reset("scripts");
    expect((await emulator.scripts.list()).map(({ matched }) => matched)).toEqual([0]);
  });

  test("nth counts what matches everything else; a sequence advances and its last goes on", async () => {
    const { say } = await scripted([
      { match: { lastUserMessage: "a", nth: 2 }, respond: { text: "the second" } },
      { match: { lastUserMessage: "a" }, respond: [{ text: "one" }, { text: "two" }] },
    ]);
    const said: string[] = [];
    for (let turn = 0; turn < 4; turn += 1) said.push(await say("a"));
    expect(said).toEqual(["one", "the second", "two", "two"]);
  });
});

describe("what a script answers", () => {
  test("text that quotes the request, with captures by number and name", async () => {
    const { say } = await scripted([
      {
        match: { lastUserMessage: { regex: "weather in (?<city>\\w+)" } },
        respond: { text: "{{city}}={{1}} / {{lastUserMessage}} / {{model}} / {{nope}}" },
      },
    ]);
    expect(await say("the weather in Oslo?")).toBe(`Oslo=Oslo / the weather in Oslo? / ${SERVERLESS} / {{nope}}`);
  });

  test("reasoning, tool calls, finish reason and usage", async () => {
    const { ask } = await scripted([
      {
        match: { lastUserMessage: { regex: "find (\\w+)" } },
        respond: {
          reasoning: "Hm.",
          toolCalls: [{ name: "search", arguments: { q: "{{1}}" } }],
          usage: { promptTokens: 5, completionTokens: 7 },
        },
      },
      { respond: { text: "cut", finishReason: "length" } },
    ]);
    const { body } = await ask("find whales");
    expect(body.choices[0]).toMatchObject({
      finish_reason: "tool_calls",
      message: {
        content: null,
        reasoning_content: "Hm.",
        tool_calls: [{ function: { name: "search", arguments: '{"q":"whales"}' } }],
      },
    });
    expect(body.usage).toMatchObject({ prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 });
    expect((await ask("x")).body.choices[0].finish_reason).toBe("length");
  });

  test("chunks are those of the stream, on every endpoint", async () => {
    const { call, ask } = await scripted([{ respond: { chunks: ["Once ", "upon a", " time"] } }]);
    const pieces = chunksOf((await ask("x", { stream: true })).text).map(({ choices }) => choices[0].delta.content);
    expect(pieces.filter(Boolean)).toEqual(["Once ", "upon a", " time"]);
    expect((await call("POST", "/v1/completions", { model: SERVERLESS, prompt: "x" })).body.choices[0].text).toBe(
      "Once upon a time",
    );
    const message = await call("POST", "/v1/messages", { model: SERVERLESS, max_tokens: 9, messages: user("x") });
    expect(message.body.content[0].text).toBe("Once upon a time");
  });

  test("errors in the service's own words and envelope, then success", async () => {
    const { ask } = await scripted([
      {
        respond: [
          { error: { code: "RATE_LIMIT_EXCEEDED" } },
          { error: { code: "service_overloaded" } },
          { error: { code: "PRECONDITION_FAILED", message: "Account x is suspended" } },
          { text: "ok" },
        ],
      },
    ]);
    const answers = [await ask("x"), await ask("x"), await ask("x"), await ask("x")];
    expect(answers.map(({ status }) => status)).toEqual([429, 503, 412, 200]);
    expect(answers[0]!.body.error).toMatchObject({
      code: "RATE_LIMIT_EXCEEDED",
      type: "error",
      message: expect.stringContaining("You have exceeded your rate limit"),
    });
    expect(answers[1]!.body.error).toEqual({
      object: "error",
      type: "invalid_request_error",
      code: "invalid_request_error",
      message: "service overloaded, please try again later",
    });
    expect(answers[2]!.body.error.message).toBe("Account x is suspended");
  });

  test("any body with any status and headers; a model that does not exist", async () => {
    const { ask } = await scripted([
      { match: { model: "gpt-*" }, respond: { text: "for {{model}}" } },
      { respond: { status: 418, body: { said: ["{{lastUserMessage}}"] }, headers: { "retry-after": "3" } } },
    ]);
    const known = await ask("x", { model: "gpt-9" });
    expect([known.status, known.body.model, known.body.choices[0].message.content]).toEqual([
      200,
      "gpt-9",
      "for gpt-9",
    ]);
    const { status, body, headers } = await ask("hi");
    expect([status, body, headers.get("retry-after")]).toEqual([418, { said: ["hi"] }, "3"]);
  });
});

test("--strict refuses what no script matches, and names the nearest and why", async () => {
  const { ask } = await scripted(
    [
      { id: "far", match: { lastUserMessage: "bye", turn: 3 }, respond: { text: "x" } },
      { id: "near", match: { lastUserMessage: "bye", turn: 1 }, respond: { text: "x" } },
    ],
    { strict: true },
  );
  const { status, body } = await ask("hello");
  expect([status, body.error.code]).toEqual([503, "SCRIPT_NOT_FOUND"]);
  expect(body.error.message).toBe(
    "No script matches this request. Nearest: near (lastUserMessage: expected bye, got hello), far (lastUserMessage: expected bye, got hello; turn: expected 3, got 1)",
  );
  expect((await ask("bye")).status).toBe(200);
});

test("scripts and their counts survive a restart", async () => {
  const database = join(newFolder(), "e.db");
  const folder = folderOf({ "b.yaml": "scripts:\n  - respond: [{text: f1}, {text: f2}, {text: f3}]\n" });
  const options: EmulatorOptions = { database, clock: "manual", fixtures: [folder] };
  const say = async (emulator: Awaited<ReturnType<typeof createEmulator>>, content: string) =>
    (await caller(emulator)("POST", CHAT, { model: SERVERLESS, messages: user(content) })).body.choices[0].message
      .content;
  const one = await createEmulator(options);
  await one.scripts.create({ match: { lastUserMessage: "made" }, respond: [{ text: "m1" }, { text: "m2" }] });
  expect([await say(one, "made"), await say(one, "x"), await say(one, "x")]).toEqual(["m1", "f1", "f2"]);
  await one.close();
  const two = await createEmulator(options);
  expect([await say(two, "made"), await say(two, "x")]).toEqual(["m2", "f3"]);
  await two.close();
});

describe("wrong scripts", () => {
  test.each([
    [{ respond: {} }, "give one of text, reasoning, toolCalls, chunks, error, body"],
    [
      { respond: { text: "x" }, match: { lastUserMessage: { regex: "(" } } },
      "match.lastUserMessage.regex: invalid regular expression (: missing closing )",
    ],
    [
      { respond: { text: "x" }, match: { anyMessage: { regex: "a(?=b)" } } },
      "match.anyMessage.regex: invalid regular expression a(?=b): look-ahead is not supported: (?=",
    ],
    [{ respond: { text: "x" }, match: { prompt: { regex: "(?<!a)b" } } }, "look-behind is not supported"],
    [{ respond: { text: "x" }, match: { prompt: { regex: "(a)\\1" } } }, "a back reference is not supported: \\1"],
    [
      { respond: { text: "x" }, match: { prompt: { regex: "x".repeat(100_000) } } },
      "match.prompt.regex: invalid regular expression",
    ],
    [{ respond: { error: { code: "NOPE" } } }, 'got "NOPE"'],
    [{ match: { colour: "red" }, respond: { text: "x" } }, "colour"],
  ])("%j is refused", async (script, message) => {
    const { call } = await fresh();
    const { status, body } = await call("POST", "/__emulator/scripts", script);
    expect([status, body.message]).toEqual([400, expect.stringContaining(message)]);
  });

  test("a file says where", async () => {
    const folder = folderOf({
      "a.json": { scripts: [{ respond: { text: "x" } }, { respond: { error: { code: "NOPE" } } }] },
    });
    await expect(createEmulator({ fixtures: [folder] })).rejects.toThrow(
      /a\.json: \$\.scripts\[1\]\.respond\.error\.code: expected one of/,
    );
    const twice = folderOf({
      "a.json": { scripts: [{ id: "x", respond: { text: "x" } }] },
      "b.json": { scripts: [{ id: "x", respond: { text: "x" } }] },
    });
    await expect(createEmulator({ fixtures: [twice] })).rejects.toThrow(/b\.json: the script x is also in .*a\.json/);
  });

  test("validate finds those that are never reached, and those that only their order tells apart", async () => {
    const scripts = [
      { id: "one", match: { lastUserMessage: "a" }, respond: { text: "x" } },
      { id: "two", match: { lastUserMessage: "a", turn: 1 }, respond: { text: "x" } },
      { id: "three", match: { tools: ["t"] }, respond: { text: "x" } },
      { id: "four", match: { lastUserMessage: "b" }, respond: { text: "x" } },
    ];
    const { checked, warnings } = await validate(folderOf({ "a.json": { scripts } }));
    expect(checked).toBe(4);
    expect(warnings.map((text) => text.replace(/^.*a\.json: /, ""))).toEqual([
      "two is never reached: one matches all that it does",
      "three and one can match one request; one wins",
      "three and two can match one request; two wins",
      "four and three can match one request; three wins",
    ]);
  });
});
