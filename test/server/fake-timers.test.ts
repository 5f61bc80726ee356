import { connect } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { createEmulator } from "../../src/index.ts";
import { SERVERLESS } from "../support/api.ts";

afterEach(() => {
  vi.useRealTimers();
});

/** One exchange over a socket, without any timer of a client's. */
function exchange(url: string, path: string, body: object): Promise<string> {
  const text = JSON.stringify(body);
  const head = `POST ${path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer k\r\nconnection: close\r\ncontent-length: ${text.length}`;
  return new Promise((resolve, reject) => {
    let heard = "";
    const socket = connect(Number(new URL(url).port), "127.0.0.1", () => socket.write(`${head}\r\n\r\n${text}`));
    socket.setEncoding("utf8").on("data", (piece: string) => (heard += piece));
    socket.on("error", reject).on("close", () => resolve(heard));
  });
}

test("a test that fakes timers in the same process fakes its own alone", async () => {
  await using emulator = await createEmulator({ port: 0, clock: "real", profile: "realistic" });
  vi.useFakeTimers();
  const asked = { model: SERVERLESS, messages: [{ role: "user", content: "Tell me about rivers" }], max_tokens: 5 };
  expect(await exchange(emulator.url, "/v1/chat/completions", asked)).toContain('"completion_tokens":5');
  const streamed = await exchange(emulator.url, "/v1/chat/completions", { ...asked, stream: true });
  expect(streamed).toContain("[DONE]");
});
