import { expect } from "vitest";

/** Events of a stream, checked in their framing. */
export const messageEvents = (text: string): any[] =>
  text
    .split("\n\n")
    .slice(0, -1)
    .map((frame) => {
      const [first, second] = frame.split("\n") as [string, string];
      const data = JSON.parse(second.slice("data: ".length));
      expect(first).toBe(`event: ${data.type}`);
      return data;
    });

/** What a client makes of the events. */
export function foldMessage(events: any[]): any {
  const { message } = events[0];
  const inputs: string[] = [];
  for (const event of events) {
    const { index, delta } = event;
    if (event.type === "content_block_start") message.content[index] = event.content_block;
    if (event.type === "content_block_delta") {
      if (delta.type === "text_delta") message.content[index].text += delta.text;
      if (delta.type === "thinking_delta") message.content[index].thinking += delta.thinking;
      if (delta.type === "signature_delta") message.content[index].signature += delta.signature;
      if (delta.type === "input_json_delta") inputs[index] = (inputs[index] ?? "") + delta.partial_json;
    }
    if (event.type === "content_block_stop" && inputs[index] !== undefined) {
      try {
        message.content[index].input = JSON.parse(inputs[index]);
      } catch {
        // cut by max_tokens
      }
    }
    if (event.type === "message_delta") Object.assign(message, delta, { usage: event.usage });
  }
  return message;
}
