// The yardstick: bare Hono handlers that parse the body and return the emulator's own bytes.
import { serve } from "@hono/node-server";
import { Hono } from "hono";

const [url, cases] = process.argv.slice(2);
const headers = { authorization: "Bearer fw_local", "content-type": "application/json" };

const app = new Hono();
for (const [path, json, sse] of JSON.parse(cases)) {
  const ask = (text) => fetch(url + path, { method: "POST", headers, body: text });
  const [bodyText, streamText] = [await (await ask(json)).text(), await (await ask(sse)).text()];
  app.post(path, async (context) => {
    const { stream } = await context.req.json();
    if (stream) return new Response(streamText, { headers: { "content-type": "text/event-stream" } });
    return new Response(bodyText, { headers: { "content-type": "application/json" } });
  });
}
const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) =>
  console.log(JSON.stringify({ url: `http://127.0.0.1:${port}` })),
);
process.on("SIGTERM", () => server.close(() => process.exit(0)));
