import { ApiError } from "../core/error.ts";
import type { UploadFailure } from "../engine/receive.ts";
import { UploadError } from "../engine/receive.ts";
import type { Grant } from "../engine/signed-url.ts";
import { readGrant } from "../engine/signed-url.ts";
import { isAwaited } from "../engine/uploads.ts";
import { headerOf, originOf } from "./header.ts";
import type { Call, Route } from "./route.ts";

/** Signed URLs behave as those of Google Cloud Storage, where the service keeps its files (control-plane §7). */
const refuse = (status: number, code: string, message: string): Response =>
  new Response(
    `<?xml version='1.0' encoding='UTF-8'?><Error><Code>${code}</Code><Message>${message.replace(/[<&]/g, "?")}</Message></Error>`,
    {
      status,
      headers: { "content-type": "application/xml; charset=UTF-8" },
    },
  );

const refusals: Record<string, string> = {
  SignatureDoesNotMatch: "The request signature does not match.",
  ExpiredToken: "The URL has expired.",
};

/** A second piece at the same time gets 503 and not 409: clients of Cloud Storage try again after a 503 (ours). */
const failureStatus: Record<UploadFailure, number> = {
  EntityTooLarge: 400,
  IncompleteBody: 400,
  NoSuchUpload: 404,
  ServiceUnavailable: 503,
};

function grantOf({ world, context }: Call, method: Grant["method"]): Grant | Response {
  const grant = readGrant(world, (name) => context.req.query(name));
  if (typeof grant === "string") return refuse(grant === "ExpiredToken" ? 400 : 403, grant, refusals[grant]!);
  return grant.method === method ? grant : refuse(403, "SignatureDoesNotMatch", refusals["SignatureDoesNotMatch"]!);
}

/** @throws UploadError when the model has gone, is READY, or has been promised another file by this name */
function demandAwaited({ world }: Call, { owner, file, size }: Grant): void {
  if (!isAwaited(world, owner, file, size)) throw new UploadError("NoSuchUpload", "The model does not wait for it.");
}

/** A whole file, or nothing of it. */
async function putWhole(call: Call, grant: Grant): Promise<Response> {
  const { world, context } = call;
  const { size } = grant;
  const range = headerOf(context, "x-goog-content-length-range");
  if (range !== `${size},${size}`)
    return refuse(400, "MalformedSecurityHeader", "x-goog-content-length-range is missing or not as it was signed.");
  const declared = headerOf(context, "content-length");
  if (declared !== undefined && Number(declared) !== size)
    return refuse(400, "EntityTooLarge", `The file must have ${size} bytes.`);
  demandAwaited(call, grant);
  await world.parts.files.put(grant, context.req.raw.body, () => demandAwaited(call, grant));
  return new Response("", { status: 200 });
}

const unfinished = (length: number): Response =>
  new Response("", { status: 308, headers: length > 0 ? { range: `bytes=0-${length - 1}` } : {} });

/** `bytes 0-99/1000`, or the question how far it is, `bytes * /1000`. Without a header all of it comes. */
const RANGE = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/;

/** A piece of a resumable upload. */
async function putPiece(call: Call, grant: Grant): Promise<Response> {
  const { files } = call.world.parts;
  const { owner, file, size } = grant;
  if (files.size(owner, file) === size) return new Response("", { status: 200 });
  const text = headerOf(call.context, "content-range") ?? `bytes 0-${size - 1}/${size}`;
  const [, first, last, total] = RANGE.exec(text) ?? [];
  if (total === undefined || (total !== "*" && Number(total) !== size))
    return refuse(400, "InvalidArgument", `The file must have ${size} bytes.`);
  demandAwaited(call, grant);
  const part = files.partSize(owner, file);
  // a longer part is of an earlier file, which the model was promised by the same name
  const there = part > size ? 0 : part;
  const isQuestion = first === undefined;
  if (isQuestion && there < size) return unfinished(there);
  // all is there, and no answer said so: a process was killed just before it moved the file to its place
  const [from, to] = isQuestion ? [size, size] : [Number(first), Number(last) + 1];
  if (!isQuestion && (from >= to || to > size))
    return refuse(400, "InvalidArgument", `There are no bytes ${from}-${to - 1} of ${size}.`);
  if (from > there) return refuse(503, "ServiceUnavailable", `The upload is at ${there}.`);
  const body = call.context.req.raw.body;
  const length = await files.append(grant, { from, to }, body, () => demandAwaited(call, grant));
  return length < size ? unfinished(length) : new Response("", { status: 200 });
}

async function put(call: Call): Promise<Response> {
  const grant = grantOf(call, "PUT");
  if (grant instanceof Response) return grant;
  try {
    return await (grant.resumable ? putPiece(call, grant) : putWhole(call, grant));
  } catch (error) {
    if (call.world.isClosed) throw error;
    if (error instanceof UploadError) return refuse(failureStatus[error.code], error.code, error.message);
    if (error instanceof ApiError) return refuse(400, "InvalidArgument", error.message);
    throw error;
  }
}

/** Begins a resumable upload; its pieces go to the address in the answer. */
function start(call: Call): Response {
  const { url } = call.context.req;
  const grant = grantOf(call, "PUT");
  if (grant instanceof Response) return grant;
  if (headerOf(call.context, "x-goog-resumable") !== "start" || !grant.resumable)
    return refuse(400, "InvalidArgument", "x-goog-resumable: start is missing, or the upload is not resumable.");
  return new Response("", {
    status: 201,
    headers: { location: originOf(call) + url.slice(new URL(url).origin.length) },
  });
}

function get(call: Call): Response {
  const grant = grantOf(call, "GET");
  if (grant instanceof Response) return grant;
  const { files } = call.world.parts;
  // what is opened for a HEAD would never be read, and stay open
  const isHead = call.context.req.method === "HEAD";
  const { owner, file } = grant;
  const found = isHead ? { size: files.size(owner, file), body: null } : files.read(owner, file);
  if (found?.size === undefined) return refuse(404, "NoSuchKey", "The file does not exist.");
  const headers = { "content-type": "application/octet-stream", "content-length": String(found.size) };
  return new Response(found.body, { headers });
}

export function fileRoutes(): Route[] {
  const own = { path: "/__emulator/files", plane: "open", tag: "Files" } as const;
  return [
    { ...own, method: "PUT", streams: true, summary: "Send a file, or a piece of it, by a signed URL", handle: put },
    { ...own, method: "POST", summary: "Begin a resumable upload by a signed URL", handle: start },
    { ...own, method: "GET", summary: "Fetch a file by a signed URL", handle: get },
  ];
}
