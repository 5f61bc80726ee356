// The yardstick of paced streams: bare node:http with a frame for each stream at its time, and nothing else.
import { createServer } from "node:http";

const [gap, tokens] = process.argv.slice(2).map(Number);
const TICK_MS = 4;
const frameOf = (n) =>
  `data: {"id":"chatcmpl-0000000000000000000000000000","object":"chat.completion.chunk","created":1767225600,"model":"accounts/fireworks/models/llama-v3p1-8b-instruct","choices":[{"index":0,"delta":{"content":" token${n}"},"finish_reason":null}]}\n\n`;
const frames = Array.from({ length: tokens }, (_, n) => frameOf(n));

const streams = new Set();
setInterval(() => {
  const now = performance.now();
  for (const stream of streams) {
    if (stream.at > now) continue;
    stream.outgoing.write(frames[stream.next]);
    stream.next += 1;
    stream.at += gap;
    if (stream.next < tokens) continue;
    stream.outgoing.end();
    streams.delete(stream);
  }
}, TICK_MS);

const server = createServer((incoming, outgoing) => {
  incoming.resume();
  outgoing.writeHead(200, { "content-type": "text/event-stream" });
  streams.add({ outgoing, at: performance.now() + gap, next: 0 });
});
server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () =>
  console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` })),
);
process.on("SIGTERM", () => process.exit(0));
