import { expect } from "vitest";

interface Event {
  type: string;
  sequence_number: number;
  [key: string]: any;
}

/** The events of a stream; each frame names its type twice. */
export function eventsOf(text: string): Event[] {
  const frames = text.split("\n\n");
  expect(frames.slice(-2)).toEqual(["data: [DONE]", ""]);
  return frames.slice(0, -2).map((frame) => {
    const [, type, data] = /^event: (\S+)\ndata: (.*)$/s.exec(frame)!;
    const event = JSON.parse(data!) as Event;
    expect(event.type).toBe(type);
    return event;
  });
}

/** What a client makes of the events: the response that the body would have been. */
export function foldEvents(events: Event[]): any {
  const response = structuredClone(events[0]!["response"]);
  for (const { type, item, output_index: at, delta, part } of events) {
    if (type === "response.output_item.added") response.output[at] = structuredClone(item);
    if (type === "response.content_part.added") response.output[at].content.push(structuredClone(part));
    if (type === "response.reasoning_summary_part.added") response.output[at].summary.push(structuredClone(part));
    if (type === "response.output_text.delta") response.output[at].content[0].text += delta;
    if (type === "response.reasoning_summary_text.delta") response.output[at].summary[0].text += delta;
    if (type === "response.function_call_arguments.delta") response.output[at].arguments += delta;
  }
  return response;
}
