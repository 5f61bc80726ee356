import { connect } from "node:net";
import { expect, test } from "vitest";
import type { Server } from "../support/server.ts";
import { startServer } from "../support/server.ts";

const headers = { authorization: "Bearer k" };
const good = JSON.stringify({ model: "accounts/fireworks/models/qwen3-8b", prompt: "hi" });

async function expectAlive(server: Server): Promise<void> {
  expect((await fetch(`${server.url}/v1/completions`, { method: "POST", headers, body: good })).status).toBe(200);
}

/** Writes bytes to the port and hangs up. */
function shout(url: string, text: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1", () =>
      socket.write(text, () => setTimeout(() => socket.destroy(), 20)),
    );
    socket.on("error", () => undefined).on("close", () => resolve());
  });
}

test("a 33 MB body gets its 413, in both planes, and the server lives", async () => {
  await using server = await startServer("--memory");
  const body = "a".repeat(33_000_000);
  for (const path of ["/v1/completions", "/v1/accounts/acme/deployments"]) {
    const response = await fetch(`${server.url}${path}`, { method: "POST", headers, body });
    expect([response.status, ((await response.json()) as { error: { code: string } }).error.code]).toEqual([
      413,
      "PAYLOAD_TOO_LARGE",
    ]);
  }
  await expectAlive(server);
});

test("noise, half requests and clients that hang up leave it serving", async () => {
  await using server = await startServer("--memory");
  await shout(server.url, "\u0000\u0001garbage\r\n\r\n");
  await shout(
    server.url,
    `POST /v1/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer k\r\ncontent-length: 1000\r\n\r\n{"mod`,
  );
  await shout(server.url, "GET /v1/accounts HTTP/1.1\r\n");
  await Promise.all(
    Array.from({ length: 50 }, () =>
      shout(
        server.url,
        `POST /v1/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer k\r\ncontent-length: ${good.length}\r\n\r\n${good}`,
      ),
    ),
  );
  await expectAlive(server);
});
