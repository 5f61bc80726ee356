import { describe, expect, test } from "vitest";
import { FILLED_MAX } from "../../src/core/script/fill.ts";
import { caller, fresh, SERVERLESS } from "../support/api.ts";

const CHAT = "/v1/chat/completions";
const said = (content: string) => ({ model: SERVERLESS, messages: [{ role: "user", content }] });

describe("headers of an answer", () => {
  const wrong: [string, string, string][] = [
    ["a b", "x", "expected the name of a header"],
    ["", "x", "expected the name of a header"],
    ["x\r\ny", "x", "expected the name of a header"],
    ["größe", "x", "expected the name of a header"],
    ["x-a", "a\r\nset-cookie: b", "expected a header's value"],
    ["x-a", "a\nb", "expected a header's value"],
    ["x-a", "a\0b", "expected a header's value"],
    ["x-a", "snow ☃", "expected a header's value"],
    ["Content-Length", "3", "which the server sets itself"],
    ["transfer-encoding", "chunked", "which the server sets itself"],
    ["Connection", "close", "which the server sets itself"],
    ["upgrade", "h2c", "which the server sets itself"],
    ["trailer", "x", "which the server sets itself"],
  ];

  test.each(wrong)("of a script: %j: %j is refused when it is set", async (name, value, message) => {
    const { call } = await fresh();
    const { status, text } = await call("POST", "/__emulator/scripts", {
      respond: { text: "hi", headers: { [name]: value } },
    });
    expect([status, text]).toEqual([400, expect.stringContaining(message)]);
  });

  test.each(wrong)("of a fault: %j: %j is refused when it is set", async (name, value, message) => {
    const { call } = await fresh();
    const fault = { respond: { status: 500, headers: { [name]: value } } };
    const made = await call("POST", "/__emulator/faults", fault);
    expect([made.status, made.text]).toEqual([400, expect.stringContaining(message)]);
    // a header can hold no more than Latin-1, so JSON escapes the rest
    const inline = JSON.stringify(fault).replace(
      /[^\x20-\x7e]/g,
      (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
    const own = await call("POST", CHAT, said("hi"), { authorization: "Bearer k", "x-emulator-fault": inline });
    expect([own.status, own.text]).toEqual([400, expect.stringContaining(message)]);
  });

  test("that are right arrive, whatever they are called", async () => {
    const { emulator, call } = await fresh();
    const headers = JSON.parse('{"X-Odd_Name~1":"tab\\there, é","constructor":"c","__proto__":"p"}');
    await emulator.scripts.create({ respond: { text: "hi", headers } });
    const answer = await call("POST", CHAT, said("hi"));
    expect([answer.status, answer.headers.get("x-odd_name~1"), answer.headers.get("constructor")]).toEqual([
      200,
      "tab\there, é",
      "c",
    ]);
  });
});

describe("an answer that is no answer of HTTP", () => {
  test.each([204, 205, 304, 100, 600])("a body with status %i is refused when it is set", async (status) => {
    const { call } = await fresh();
    const made = await call("POST", "/__emulator/scripts", { respond: { status, body: { a: 1 } } });
    expect([made.status, made.body.message]).toEqual([400, expect.stringContaining("status")]);
  });

  test.each(["a\nb", "a\rb", "a\r\ndata: x"])("an event called %j is refused", async (event) => {
    const { call } = await fresh();
    const made = await call("POST", "/__emulator/scripts", { respond: { events: [{ data: "x", event }] } });
    expect([made.status, made.body.message]).toEqual([400, expect.stringContaining("expected one line")]);
  });

  test("no text of a prompt begins an event of its own", async () => {
    const { emulator, call } = await fresh();
    await emulator.scripts.create({ respond: { events: [{ data: "{{lastUserMessage}}" }, { data: { a: "{{1}}" } }] } });
    const { text } = await call("POST", CHAT, { ...said("a\revent: b\r\n\r\ndata: c\n\nd"), stream: true });
    expect(text).toBe('data: a\ndata: event: b\ndata: \ndata: data: c\ndata: \ndata: d\n\ndata: {"a":"{{1}}"}\n\n');
  });
});

describe("what {{...}} put into an answer", () => {
  const many = "{{lastUserMessage}}".repeat(50_000);
  const prompt = "word ".repeat(200_000);

  test.each<[string, object]>([
    ["a text", { text: many }],
    ["a reasoning", { reasoning: many }],
    ["chunks", { chunks: Array.from({ length: 1000 }, () => "{{ lastUserMessage }}") }],
    ["calls", { toolCalls: [{ name: "f", arguments: { a: [many] } }] }],
    ["calls in words", { toolCalls: [{ name: "f", arguments: many }] }],
    ["a body", { body: { a: { b: [many] } } }],
    ["events", { events: Array.from({ length: 1000 }, () => ({ data: ["{{0}}"] })) }],
    ["captures", { text: "{{0}}{{all}}{{1}}".repeat(1000) }],
  ])("is bounded: %s", async (_, respond) => {
    const { emulator, call } = await fresh();
    await emulator.scripts.create({ match: { lastUserMessage: { regex: "^(?<all>w.*)$" } }, respond });
    const before = process.memoryUsage().rss;
    const { status, body } = await call("POST", CHAT, said(prompt));
    expect([status, body.error.message]).toEqual([
      400,
      `The script's answer is too long: its {{...}} stand for more than ${FILLED_MAX} characters`,
    ]);
    expect(process.memoryUsage().rss - before).toBeLessThan(1_000_000_000);
    expect((await caller(emulator)("POST", CHAT, said("short"))).status).toBe(200);
  });

  test("may be a whole long prompt, and is counted for each answer anew", async () => {
    const { emulator, call } = await fresh();
    await emulator.scripts.create({ respond: { body: ["{{lastUserMessage}}", "{{nobody}}"] } });
    for (let round = 0; round < 5; round += 1)
      expect((await call("POST", CHAT, said(prompt))).body).toEqual([prompt, "{{nobody}}"]);
  });
});
