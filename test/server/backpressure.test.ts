import type { Socket } from "node:net";
import { connect } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { limits } from "../../src/engine/config.ts";
import type { Emulator, EmulatorOptions } from "../../src/index.ts";
import { createEmulator } from "../../src/index.ts";
import { SERVERLESS } from "../support/api.ts";

const usual = { ...limits };
const set = (some: Partial<Record<keyof typeof limits, number>>): void => void Object.assign(limits, some);
const dropped: string[] = [];

beforeEach(() => {
  dropped.length = 0;
  vi.spyOn(console, "error").mockImplementation((line: string) => void dropped.push(line));
});
afterEach(() => {
  vi.restoreAllMocks();
  set(usual);
});

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits for what comes by itself. */
async function until(what: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  for (let left = ms; !(await what()); left -= 20) {
    if (left < 0) throw new Error("it did not come");
    await wait(20);
  }
}

const start = (options: EmulatorOptions = {}) => createEmulator({ port: 0, clock: "manual", ...options });

const post = (path: string, body: unknown): string => {
  const text = JSON.stringify(body);
  return `POST ${path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer k\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
};
const chat = (content: string, tokens: number): string =>
  post("/v1/chat/completions", {
    model: SERVERLESS,
    messages: [{ role: "user", content }],
    max_tokens: tokens,
    ignore_eos: true,
    stream: true,
  });

/** A connection that says something; it reads what comes back when it is resumed. */
function open({ url }: Emulator, text: string): Socket {
  const socket = connect(Number(new URL(url).port), "127.0.0.1", () => socket.write(text));
  socket.pause();
  return socket.on("error", () => undefined);
}

/** Reads a connection to its end, or until there is enough. */
function read(socket: Socket, isEnough: (text: string) => boolean = () => false): Promise<string> {
  let text = "";
  return new Promise((resolve) => {
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
      if (isEnough(text)) resolve(text);
    });
    socket.on("close", () => resolve(text));
    socket.resume();
  });
}

test("answers that nobody reads are dropped together, with one line, and others are answered meanwhile", async () => {
  set({ unsentMax: 4_000_000, unsentGraceMs: 200 });
  await using emulator = await start();
  const deaf = Array.from({ length: 5 }, (_, n) => open(emulator, chat(`rivers ${n}`, 30_000)));
  await until(() => dropped.length > 0);
  const answer = await fetch(`${emulator.url}/health`);
  expect(answer.status).toBe(200);
  expect(dropped).toHaveLength(1);
  expect(dropped[0]).toMatch(
    /^fireworks-emulator: dropped a connection: [\d.]+ MB unsent, and all connections together have more than 4.0 MB$/,
  );
  // the system had taken some of it; the end never comes
  for (const socket of deaf.slice(0, 2)) expect(await read(socket)).not.toContain("[DONE]");
  for (const socket of deaf) socket.destroy();
}, 30_000);

test("who reads slowly gets all of a large answer, while those who do not read are dropped", async () => {
  set({ unsentMax: 20_000_000 });
  await using emulator = await start();
  const slow = open(emulator, chat("slowly", 60_000));
  let [length, end] = [0, ""];
  const whole = new Promise<void>((resolve) => {
    slow.on("close", () => resolve());
    slow.on("data", (bytes) => {
      length += bytes.length;
      end = (end + bytes.toString("latin1")).slice(-200);
      if (end.includes("[DONE]")) resolve();
      slow.pause();
      setTimeout(() => slow.resume(), 20);
    });
  });
  slow.resume();
  await until(() => length > 0);
  const deaf = [0, 1].map((n) => open(emulator, chat(`rivers ${n}`, 30_000)));
  await whole;
  expect(end).toContain("[DONE]");
  expect(length).toBeGreaterThan(14_000_000);
  expect(dropped.length).toBeGreaterThan(0);
  for (const socket of [slow, ...deaf]) socket.destroy();
}, 60_000);

test("one connection that reads nothing of much is dropped after a while, one that waits for its answer is not", async () => {
  set({ unsentEachMax: 500_000, unsentStillMs: 400 });
  await using emulator = await start({ pace: "on" });
  const waiting = open(emulator, chat("one that has time", 40));
  const deaf = open(emulator, post("/v1/accounts/local/none", {}));
  deaf.destroy();
  const still = open(emulator, chat("rivers", 40_000));
  await wait(200);
  await emulator.clock.advance("100ms");
  expect(dropped).toEqual([]);
  await emulator.clock.advance("1h");
  await until(() => dropped.length > 0);
  expect(dropped[0]).toMatch(/MB unsent, and it has read nothing for \d+ s$/);
  expect(await read(waiting, (text) => text.includes("[DONE]"))).toContain("[DONE]");
  for (const socket of [waiting, still]) socket.destroy();
}, 30_000);

test("a paced stream is told no faster than its client reads, and is written down as far as it was sent", async () => {
  await using emulator = await start({ pace: "on" });
  const socket = open(emulator, chat("rivers", 30_000));
  await wait(200);
  await emulator.clock.advance("1h");
  await wait(200);
  socket.destroy();
  await wait(100);
  const [entry] = await emulator.requests.list();
  expect(entry!.stream!.chunks).toBeGreaterThan(100);
  // some megabytes are in the system's hands
  expect(entry!.stream!.chunks).toBeLessThan(29_000);
}, 30_000);

test("in the same process too: what is not read is not told", async () => {
  await using emulator = await createEmulator({ clock: "manual", pace: "on" });
  const body = JSON.stringify({ model: SERVERLESS, prompt: "hi", max_tokens: 3000, ignore_eos: true, stream: true });
  const headers = { authorization: "Bearer k" };
  const pending = emulator.fetch(`${emulator.url}/v1/completions`, { method: "POST", headers, body });
  await wait(20);
  await emulator.clock.advance("1h");
  const reader = (await pending).body!.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  const [entry] = await emulator.requests.list();
  const frames = new TextDecoder().decode(value).split("\n\n").length - 1;
  expect(frames).toBeLessThan(1000);
  expect(entry!.stream!.chunks).toBe(frames);
});

test("requests of one connection are answered one after another; too many at once end it", async () => {
  set({ pipelinedEachMax: 50 });
  await using emulator = await start({ pace: "on" });
  const many = open(emulator, "GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(40));
  const text = await read(many, (heard) => heard.split("HTTP/1.1 200").length === 41);
  expect(text.split("HTTP/1.1 200")).toHaveLength(41);
  expect(dropped).toEqual([]);
  // the first takes its time
  const greedy = open(emulator, chat("hi", 10) + "GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(60));
  expect(await read(greedy)).toBe("");
  expect(dropped).toEqual([
    "fireworks-emulator: dropped a connection: 51 of its requests wait for the one before them, and 51 of all clients'",
  ]);
  many.destroy();
  // what waited is forgotten with its connection
  set({ pipelinedMax: 20 });
  const next = open(emulator, "GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(15));
  await read(next, (heard) => heard.split("HTTP/1.1 200").length === 16);
  next.destroy();
});

test("connections are bounded; who is open goes on", async () => {
  set({ connectionsMax: 3 });
  await using emulator = await start();
  const idle = Array.from({ length: 3 }, () => open(emulator, ""));
  await wait(50);
  expect(await read(open(emulator, "GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n"))).toBe("");
  expect(dropped).toEqual(["fireworks-emulator: dropped a connection: more than 3 are open"]);
  idle[0]!.write("GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n");
  expect(await read(idle[0]!, (text) => text.includes("200 OK"))).toContain("200 OK");
  for (const socket of idle) socket.destroy();
});

test("large bodies are received a few at a time; one that does not come makes way", async () => {
  set({ bodiesMax: 1_000_000 });
  await using emulator = await start();
  const head =
    "POST /v1/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer k\r\ncontent-length: 900000\r\n\r\n{";
  const half = open(emulator, head);
  await wait(50);
  const body = JSON.stringify({ model: SERVERLESS, prompt: "a ".repeat(100_000), max_tokens: 1 });
  const answer = await fetch(`${emulator.url}/v1/completions`, {
    method: "POST",
    headers: { authorization: "Bearer k" },
    body,
  });
  expect(answer.status).toBe(200);
  expect(dropped).toContain("fireworks-emulator: dropped a connection: its body comes too slowly, and others wait");
  half.destroy();
}, 20_000);
