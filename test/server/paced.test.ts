import type { Socket } from "node:net";
import { connect } from "node:net";
import { expect, test } from "vitest";
import type { Emulator, EmulatorOptions } from "../../src/index.ts";
import { createEmulator } from "../../src/index.ts";
import { SERVERLESS } from "../support/api.ts";

const CHAT = "/v1/chat/completions";
const headers = { authorization: "Bearer k" };
const bodyOf = (content: string, max_tokens = 40) =>
  JSON.stringify({
    model: SERVERLESS,
    messages: [{ role: "user", content }],
    max_tokens,
    ignore_eos: true,
    stream: true,
  });

const paced = (options: EmulatorOptions = {}) =>
  createEmulator({ port: 0, profile: "realistic", pace: "on", clock: "manual", ...options });

/** Lets what is on its way arrive. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 30));

/** A request by hand, and what has come back. */
async function open(emulator: Emulator, version: string, ...bodies: string[]) {
  const socket = await new Promise<Socket>((resolve) => {
    const made: Socket = connect(Number(new URL(emulator.url).port), "127.0.0.1", () => resolve(made));
  });
  const heard = { text: "", isOver: false };
  socket.on("data", (bytes) => (heard.text += bytes.toString("latin1"))).on("close", () => (heard.isOver = true));
  for (const body of bodies)
    socket.write(
      `POST ${CHAT} HTTP/${version}\r\nhost: localhost\r\nauthorization: Bearer k\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  await settle();
  return { socket, heard };
}

/** What chunks say, by the rules of HTTP/1.1; throws where they are broken. */
function unchunk(text: string): { body: string; rest: string } {
  let body = "";
  for (let at = 0; ;) {
    const line = text.indexOf("\r\n", at);
    const hex = text.slice(at, line);
    if (!/^[0-9a-f]+$/.test(hex)) throw new Error(`no length of a chunk: ${JSON.stringify(hex.slice(0, 80))}`);
    const length = Number.parseInt(hex, 16);
    const end = line + 2 + length;
    if (text.slice(end, end + 2) !== "\r\n") throw new Error(`a chunk of ${length} does not end there`);
    if (length === 0) return { body, rest: text.slice(end + 2) };
    body += text.slice(line + 2, end);
    at = end + 2;
  }
}

const NON_ASCII = "Grüße, 日本語, 🎉: déjà vu und ein langer Satz, in dem jedes Wort zählt";
const script = { match: { lastUserMessage: "ü" }, respond: { text: NON_ASCII } };

test("the socket says what the web stream says: same bytes, in chunks, also where characters are not bytes", async () => {
  for (const question of ["Tell me about rivers", "ü"]) {
    const told: string[] = [];
    for (const way of ["socket", "fetch"] as const) {
      await using emulator = await paced();
      await emulator.scripts.create(script);
      if (way === "socket") {
        const { socket, heard } = await open(emulator, "1.1", bodyOf(question));
        expect(heard.text).toBe("");
        for (let step = 0; step < 20; step += 1) {
          await emulator.clock.advance("30ms");
          await settle();
        }
        const [head, ...rest] = heard.text.split("\r\n\r\n");
        expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
        expect(head).toMatch(/\r\ntransfer-encoding: chunked/i);
        expect(head).toMatch(/\r\ncontent-type: text\/event-stream/i);
        const { body, rest: after } = unchunk(rest.join("\r\n\r\n"));
        expect(after).toBe("");
        told.push(Buffer.from(body, "latin1").toString());
        socket.destroy();
      } else {
        const pending = emulator.fetch(`${emulator.url}${CHAT}`, { method: "POST", headers, body: bodyOf(question) });
        await settle();
        await emulator.clock.advance("10s");
        told.push(await (await pending).text());
      }
    }
    expect(told[0]).toBe(told[1]);
    expect(told[0]!.endsWith("data: [DONE]\n\n")).toBe(true);
    if (question === "ü")
      expect([...told[0]!.matchAll(/"content":"([^"]*)"/g)].map((m) => m[1]).join("")).toBe(NON_ASCII);
  }
});

test("a client of HTTP/1.0 gets the frames alone, and the end of the connection", async () => {
  await using emulator = await paced();
  const { heard } = await open(emulator, "1.0", bodyOf("hi", 3));
  await emulator.clock.advance("10s");
  await settle();
  expect(heard.isOver).toBe(true);
  const [head, ...rest] = heard.text.split("\r\n\r\n");
  expect(head).not.toMatch(/transfer-encoding/i);
  expect(rest.join("\r\n\r\n")).toMatch(/^data: \{.*\}\n\n(data: .*\n\n)*data: \[DONE\]\n\n$/);
});

test("one connection carries one stream after another, also when they were asked for together", async () => {
  await using emulator = await paced();
  const { socket, heard } = await open(emulator, "1.1", bodyOf("one"), bodyOf("two", 5));
  await emulator.clock.advance("10s");
  await settle();
  await emulator.clock.advance("10s");
  await settle();
  let text = heard.text;
  for (const tokens of [40, 5]) {
    const start = text.indexOf("\r\n\r\n") + 4;
    expect(text.slice(0, start)).toMatch(/^HTTP\/1\.1 200 OK/);
    const { body, rest } = unchunk(text.slice(start));
    expect(body).toContain(`"completion_tokens":${tokens}`);
    text = rest;
  }
  expect(text).toBe("");
  expect(heard.isOver).toBe(false);
  socket.destroy();
});

test("a client that hangs up is written down with what it was told", async () => {
  await using emulator = await paced();
  const { socket, heard } = await open(emulator, "1.1", bodyOf("a long one", 500));
  await emulator.clock.advance("100ms");
  await settle();
  const frames = heard.text.split("\n\n").length - 1;
  socket.destroy();
  await settle();
  const [entry] = await emulator.requests.list();
  expect(entry!.stream!.chunks).toBe(frames);
  expect(entry!.stream!.chunks).toBeLessThan(50);
});

test("what makes another answer of a stream still passes: the header of an origin, a cut by a fault", async () => {
  await using emulator = await paced({ cors: "*" });
  const { socket, heard } = await open(emulator, "1.1", bodyOf("hi"));
  for (const step of ["50ms", "10s"]) {
    await emulator.clock.advance(step);
    await settle();
  }
  expect(heard.text).toMatch(/access-control-allow-origin: \*/i);
  expect(unchunk(heard.text.slice(heard.text.indexOf("\r\n\r\n") + 4)).body).toContain("[DONE]");
  socket.destroy();
  await emulator.faults.create({ disconnectAfterChunks: 2 });
  const cut = await open(emulator, "1.1", bodyOf("hi", 30));
  await emulator.clock.advance("10s");
  await settle();
  await settle();
  expect(cut.heard.isOver).toBe(true);
  expect(cut.heard.text.match(/data: /g)).toHaveLength(2);
});

test("a stopped emulator ends the streams that it tells", async () => {
  const emulator = await paced();
  const { heard } = await open(emulator, "1.1", bodyOf("a long one", 500));
  await emulator.clock.advance("100ms");
  await settle();
  await emulator.close();
  await settle();
  expect(heard.isOver).toBe(true);
  expect(heard.text).not.toContain("[DONE]");
});
