import { hexOf, shortDigest, toUuid } from "../core/random.ts";
import type { Ms } from "../core/time.ts";
import { countOccurrence } from "../engine/occurrences.ts";
import type { World } from "../engine/world.ts";
import { redact } from "../core/redact.ts";
import { keyOf } from "./auth.ts";
import { headerOf } from "./header.ts";
import type { Call, Plane } from "./route.ts";

/** Bodies are kept up to this many characters. */
const JOURNAL_BODY_MAX = 65_536;
const kept = [
  "user-agent",
  "content-type",
  "x-request-id",
  "x-session-affinity",
  "fireworks-model",
  "fireworks-deployment",
] as const;

const cut = (text: string): string => (text.length > JOURNAL_BODY_MAX ? `${text.slice(0, JOURNAL_BODY_MAX)}...` : text);

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

function redactedHeaders(call: Call): string {
  const headers: Record<string, string> = { authorization: "[redacted]" };
  for (const name of kept) {
    const value = headerOf(call.context, name);
    if (value !== undefined) headers[name] = value;
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

/** A secret's value is kept nowhere, not even the beginning of one that was cut. */
const hideValue = (path: string, text: string): string =>
  /\/secrets(?:\/|$)/.test(path) ? text.replace(/("value"\s*:\s*)"(?:[^"\\]|\\.)*(?:"|$)/g, '$1"[redacted]"') : text;

/** A signed URL works for whoever reads it. */
const hideSignatures = (path: string, text: string): string =>
  path.endsWith("loadEndpoint") ? text.replace(/(\bsignature=)[0-9a-f]+/g, "$1[redacted]") : text;

/** Writes a served request down; it is committed with the next group. @returns its number */
export function record(
  call: Call,
  path: string,
  status: number,
  requestId: string,
  responseBody: string,
  stream?: StreamNote,
): number {
  const { world, context, note } = call;
  const key = keyOf(context);
  world.parts.lastJournalId += 1;
  world.parts.store.addJournal({
    id: world.parts.lastJournalId,
    at: world.now,
    method: context.req.method,
    path,
    status,
    requestId,
    headers: redactedHeaders(call),
    deployment: note.deployment,
    model: note.model,
    requestBody: redact(hideValue(path, cut(call.text)), key),
    responseBody: redact(hideSignatures(path, cut(responseBody)), key),
    chunks: stream?.chunks ?? 0,
    firstTokenAt: stream?.firstTokenAt ?? null,
    endAt: stream?.endAt ?? null,
  });
  world.saver.soon();
  return world.parts.lastJournalId;
}
