import { z } from "zod";

/** A token of RFC 9110; anything else, Node refuses to send. */
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Latin-1 without control characters but tabs: a line break would begin another header. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** What the server says about the connection and where a message ends; a second opinion would break both. */
const framing = [
  "connection",
  "content-length",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** What is wrong with a header, if anything is. */
function faultOf(name: string, value: string): string | undefined {
  if (!NAME.test(name)) return "expected the name of a header";
  if (framing.includes(name.toLowerCase())) return `none of ${framing.join(", ")}, which the server sets itself`;
  return VALUE.test(value)
    ? undefined
    : "expected a header's value: no line breaks, no control characters, none beyond Latin-1";
}

/** Headers that somebody wants to have in an answer. */
export const answerHeaders = z.record(z.string(), z.string()).check(({ value: headers, issues }) => {
  for (const [name, value] of Object.entries(headers)) {
    const message = faultOf(name, value);
    if (message !== undefined) issues.push({ code: "custom", message, input: headers, path: [name], continue: true });
  }
});

/** Answers with these statuses have no body. */
const bodiless = [204, 205, 304];

/** The status of an answer that has a body. */
export const bodyStatus = z
  .int()
  .min(200)
  .max(599)
  .refine((status) => !bodiless.includes(status), `none of ${bodiless.join(", ")}, which have no body`);
