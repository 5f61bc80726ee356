import { hexOf, shortDigest, toUuid } from "../core/random.ts";
import type { Ms } from "../core/time.ts";
import { countOccurrence } from "../engine/occurrences.ts";
import type { World } from "../engine/world.ts";
import type { Place } from "../core/redaction/fields.ts";
import { redactBody, redactPath, redactText } from "../core/redaction/redact.ts";
import { namesAwsKey } from "../core/redaction/tokens.ts";
import { headerOf } from "./header.ts";
import type { Call, Plane } from "./route.ts";
import { secretsOf } from "./secrets.ts";

/** Bodies are kept up to this many characters. */
const JOURNAL_BODY_MAX = 65_536;
/** So much more is looked at: what is cut in two would not be known by its first half. */
const LOOK_AHEAD = 4_096;
/** Characters that one may take in JSON, as an escape. */
const ESCAPE_LENGTH = 6;
const kept = [
  "user-agent",
  "content-type",
  "x-request-id",
  "x-session-affinity",
  "fireworks-model",
  "fireworks-deployment",
] as const;

/** So much of a long body is searched for the ID of an AWS key, beside which its secret may stand. */
const AWS_LOOK_MAX = 1_000_000;

/** Two characters of a word that may be a secret, and how far back its beginning is looked for. */
const WORD = /^[\w+/=.-]{2}$/;
const WORD_MAX = 256;

/** A piece of a text keeps the whole of it in memory, which may be megabytes; a copy does not. */
const ownCopy = (piece: string): string => Buffer.from(piece).toString();

/** A body as it is kept: without its secrets, and no longer than it may be. */
function toKept(text: string, place: Place, known: string[]): string {
  if (text.length <= JOURNAL_BODY_MAX) return redactBody(text, place, known);
  const ahead = Math.max(LOOK_AHEAD, ...known.map(({ length }) => length * ESCAPE_LENGTH));
  let end = Math.min(JOURNAL_BODY_MAX + ahead, text.length);
  // not inside a word: half a secret has no form
  for (const least = end - WORD_MAX; end > least && WORD.test(text.slice(end - 1, end + 1)); end -= 1);
  const hidden = redactBody(ownCopy(text.slice(0, end)), place, known, namesAwsKey(text.slice(0, AWS_LOOK_MAX)));
  return `${hidden.slice(0, JOURNAL_BODY_MAX)}...`;
}

/** Only what Fireworks itself would serve is written down, and counted. */
export const isJournaled = (plane: Plane): boolean => plane === "control" || plane === "inference";

/**
 * An id for an answer that has none of its own: the same for the same request in the same place of its sequence.
 * The emulator's own routes count nothing: looking must not change the world.
 */
export function newRequestId(world: World, plane: Plane, method: string, path: string, text: string): string {
  const content = shortDigest("request-id", world.parts.seed, method, path, text);
  const id = hexOf(content, isJournaled(plane) ? countOccurrence(world.parts, content) : 0);
  return plane === "inference" && method === "POST" ? `chatcmpl-${id}` : toUuid(id);
}

function redactedHeaders(call: Call, known: readonly string[]): string {
  const headers: Record<string, string> = { authorization: "[redacted]" };
  for (const name of kept) {
    const value = headerOf(call.context, name);
    if (value !== undefined) headers[name] = redactText(value, known);
  }
  // who it was, for the audit log
  if (call.identity.keyId !== "") headers["x-emulator-api-key-id"] = call.identity.keyId;
  if (call.identity.email !== "") headers["x-emulator-principal"] = call.identity.email;
  return JSON.stringify(headers);
}

/** How a stream was told. */
export interface StreamNote {
  chunks: number;
  firstTokenAt: Ms;
  endAt: Ms;
}

/** Writes a served request down; it is committed with the next group. @returns its number */
export function record(
  call: Call,
  path: string,
  status: number,
  requestId: string,
  responseBody: string,
  stream?: StreamNote,
): number {
  const { world, context, note, place } = call;
  const known = secretsOf(context);
  // first: what its secret fields hold may be said again in the answer
  const requestBody = toKept(call.text, place, known);
  world.parts.lastJournalId += 1;
  world.parts.store.addJournal({
    id: world.parts.lastJournalId,
    at: world.now,
    method: context.req.method,
    path: redactPath(path, known),
    status,
    requestId: redactText(requestId, known),
    headers: redactedHeaders(call, known),
    deployment: redactText(note.deployment, known),
    model: redactText(note.model, known),
    requestBody,
    responseBody: toKept(responseBody, "words", known),
    chunks: stream?.chunks ?? 0,
    firstTokenAt: stream?.firstTokenAt ?? null,
    endAt: stream?.endAt ?? null,
  });
  world.saver.soon();
  return world.parts.lastJournalId;
}
