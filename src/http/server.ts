import type { Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Hono } from "hono";
import { hostTimer } from "../engine/clock.ts";
import { limits } from "../engine/config.ts";
import { Backlog } from "./backlog.ts";
import type { Gate } from "./gate.ts";
import { serialize } from "./pipeline.ts";
import { turnOver } from "./turn.ts";
import type { Wire } from "./header.ts";
import { pour } from "./paced.ts";

/** Clients that may wait to be let in; a system allows fewer if it wants to. */
const BACKLOG = 4096;

/** Keep-alive connections get this long to finish after close. */
const CLOSE_GRACE_MS = 500;
const CLOSE_SWEEP_MS = 10;

/** What stands in a URL for the host that an HTTP/1.0 client does not name. */
const HTTP_1_0 = { hostname: "localhost" };

export interface Listening {
  url: string;
  /** Takes no new requests, lets those in hand finish, and drops what hangs. */
  close(): Promise<void>;
}

const explain: Record<string, (host: string, port: number) => string> = {
  EADDRINUSE: (host, port) =>
    `port ${port} on ${host} is in use; choose another with --port, or --port 0 for a free one`,
  EACCES: (host, port) => `not allowed to listen on ${host}:${port}; choose a port above 1023 with --port`,
  EADDRNOTAVAIL: (host) => `${host} is not an address of this machine; choose another with --host`,
  ENOTFOUND: (host) => `${host} is not a known host; choose another with --host`,
};

/** The server cannot listen; the message says why and what to do. */
export class ListenError extends Error {}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    let isClosed = false;
    server.close(() => resolve(void (isClosed = true)));
    // a connection is idle when its last answer has left
    const sweep = (): void => {
      server.closeIdleConnections();
      if (!isClosed) hostTimer(CLOSE_SWEEP_MS, sweep);
    };
    sweep();
    hostTimer(CLOSE_GRACE_MS, () => server.closeAllConnections());
  });
}

/**
 * @param port 0 for a free one
 * @param onDrop is called when a connection is dropped because of what its client does
 * @throws ListenError
 */
export function listen(
  app: Hono,
  host: string,
  port: number,
  gate: Gate,
  onDrop: (reason: string) => void,
): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const handle = getRequestListener(async (request, bindings) => {
      const wire = bindings as Wire;
      wire.backlog = backlog;
      const response = gate.refuseHost(request, wire.incoming!) ?? (await app.fetch(request, wire));
      await turnOver();
      // a fault or a header may have made another answer of it
      if (wire.paced?.response !== response) return response;
      pour(wire.paced, wire.outgoing!, backlog);
      return RESPONSE_ALREADY_SENT;
    }, HTTP_1_0);
    const inTurn = serialize((incoming, outgoing) => void handle(incoming, outgoing), onDrop);
    const server = createServer((incoming, outgoing) => {
      // the host's date has no place in an answer of the world's
      outgoing.sendDate = false;
      inTurn(incoming, outgoing);
    });
    server.maxConnections = limits.connectionsMax;
    server.on("drop", () => onDrop(`more than ${limits.connectionsMax} are open`));
    const backlog = new Backlog(server, onDrop);
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(new ListenError(explain[error.code ?? ""]?.(host, port) ?? error.message)),
    );
    server.listen({ port, host, backlog: BACKLOG }, () => {
      const { address, family, port: actual } = server.address() as AddressInfo;
      const shown = family === "IPv6" ? `[${address}]` : address;
      resolve({
        url: `http://${shown === "0.0.0.0" || shown === "[::]" ? "127.0.0.1" : shown}:${actual}`,
        close: () => closeServer(server),
      });
    });
  });
}
