import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { limits } from "../engine/config.ts";

type Handle = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

/**
 * Answers the requests of one connection one after another: Node hands over all that a client has sent, and answers
 * that cannot leave yet would gather.
 * @param onDrop is called with the reason when a connection is dropped that asks for too much at once
 */
export function serialize(handle: Handle, onDrop: (reason: string) => void): Handle {
  const waiting = new Map<Socket, number>();
  let total = 0;
  const add = (socket: Socket, count: number): number => {
    const before = waiting.get(socket);
    if (before === undefined) socket.once("close", () => forget(socket));
    waiting.set(socket, (before ?? 0) + count);
    total += count;
    return (before ?? 0) + count;
  };
  const forget = (socket: Socket): void => {
    total -= waiting.get(socket)!;
    waiting.delete(socket);
  };
  return (incoming, outgoing) => {
    // the answer whose turn it is has the socket
    if (outgoing.socket) return handle(incoming, outgoing);
    const { socket } = incoming;
    if (socket.destroyed) return undefined;
    const own = add(socket, 1);
    if (own > limits.pipelinedEachMax || total > limits.pipelinedMax) {
      onDrop(`${own} of its requests wait for the one before them, and ${total} of all clients'`);
      return void socket.destroy();
    }
    outgoing.once("socket", () => {
      add(socket, -1);
      handle(incoming, outgoing);
    });
    return undefined;
  };
}
