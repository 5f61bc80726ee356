import type { Context } from "hono";
import type { Place } from "../core/redaction/fields.ts";
import { redactBody } from "../core/redaction/redact.ts";
import { learn } from "../core/redaction/tokens.ts";
import { headerOf } from "./header.ts";
import type { Call, Route } from "./route.ts";

/** Headers that are made for keys, here and elsewhere; after a scheme such as `Bearer`, or bare. */
const headers = [
  "authorization",
  "x-api-key",
  "api-key",
  "x-goog-api-key",
  "x-amz-security-token",
  "proxy-authorization",
  "x-emulator-token",
];
const SCHEME = /^\s*(?:bearer|basic|token|apikey|digest)\s+/i;
/** Parameters of a query that are made for keys. */
const PARAMETERS =
  /^(?:(?:x-)?api[_-]?key|key|(?:access|session|auth)?_?token|authorization|password|secret|sig|signature|x-(?:amz|goog)-(?:signature|credential|security-token))$/i;

function learnHeader(known: string[], value: string): void {
  const credentials = value.replace(SCHEME, "").trim();
  learn(known, credentials);
  // of a scheme that nobody knows
  learn(known, credentials.slice(credentials.search(/\S+$/)));
  if (!/^\s*basic\s/i.test(value)) return;
  const plain = Buffer.from(credentials, "base64").toString("utf8");
  learn(known, plain);
  for (const part of plain.split(":")) learn(known, part);
}

function learnQuery(known: string[], url: string): void {
  for (const [name, value] of new URLSearchParams(url.slice(url.indexOf("?") + 1))) {
    if (!PARAMETERS.test(name)) continue;
    learn(known, value);
    learn(known, encodeURIComponent(value));
  }
}

/** The secrets that a client sends in headers and in its query: nothing that is kept of a request has them. */
export function secretsOf(context: Context): string[] {
  const known: string[] = [];
  for (const name of headers) {
    const value = headerOf(context, name);
    if (value === undefined) continue;
    if (value.startsWith("Bearer ")) learn(known, value.slice(7).trim());
    else learnHeader(known, value);
  }
  const { url } = context.req;
  if (url.includes("?")) learnQuery(known, url);
  return known;
}

/** What the body of a route is, however a client spells its path: bodies of secrets have one secret field more. */
export const placeOf = ({ plane, path }: Pick<Route, "plane" | "path">): Place =>
  plane !== "control" ? "words" : path.includes("/secrets") ? "secret" : "change";

/** Those of its body too. */
export function allSecretsOf({ context, text, place }: Call): string[] {
  const known = secretsOf(context);
  redactBody(text, place, known);
  return known;
}
