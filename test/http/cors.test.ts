import { describe, expect, test } from "vitest";
import { createEmulator } from "../../src/index.ts";

const PAGE = "https://app.example";
const body = JSON.stringify({
  model: "accounts/fireworks/models/gpt-oss-120b",
  prompt: "hi",
  max_tokens: 2,
  stream: true,
});
const headers = { authorization: "Bearer k", "content-type": "application/json", origin: PAGE };

async function ask(cors: string | undefined) {
  await using emulator = await createEmulator({ clock: "manual", ...(cors && { cors }) });
  const at = `${emulator.url}/inference/v1/completions`;
  const preflight = {
    origin: PAGE,
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization",
  };
  const asked = await emulator.fetch(at, { method: "OPTIONS", headers: preflight });
  const answer = await emulator.fetch(at, { method: "POST", headers, body });
  const wrong = await emulator.fetch(`${emulator.url}/v1/nothing`, { headers });
  return { asked, answer, wrong, text: await answer.text() };
}

const allowed = (response: Response) => response.headers.get("access-control-allow-origin");

describe("CORS", () => {
  test("is off at first: a page in a browser cannot read what a local server says", async () => {
    const { asked, answer, wrong } = await ask(undefined);
    expect(asked.status).toBe(405);
    expect([allowed(asked), allowed(answer), allowed(wrong)]).toEqual([null, null, null]);
  });

  test("preflights, streams and errors name the origin, and headers can be read", async () => {
    const { asked, answer, wrong, text } = await ask("*");
    expect([asked.status, asked.headers.get("access-control-allow-headers")]).toEqual([204, "authorization"]);
    expect([allowed(asked), allowed(answer), allowed(wrong)]).toEqual(["*", "*", "*"]);
    expect(answer.headers.get("access-control-expose-headers")).toBe("*");
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
  });

  test("of one origin is of no other", async () => {
    expect(allowed((await ask(PAGE)).answer)).toBe(PAGE);
    expect(allowed((await ask("https://other.example")).answer)).toBeNull();
  });
});
