import type { Grant } from "../engine/uploads.ts";
import { readGrant } from "../engine/uploads.ts";
import { TooLongError } from "../engine/files.ts";
import { headerOf, originOf } from "./header.ts";
import type { Call, Route } from "./route.ts";

/** Signed URLs behave as those of Google Cloud Storage, where the service keeps its files (control-plane §7). */
const refuse = (status: number, code: string, message: string): Response =>
  new Response(
    `<?xml version='1.0' encoding='UTF-8'?><Error><Code>${code}</Code><Message>${message}</Message></Error>`,
    {
      status,
      headers: { "content-type": "application/xml; charset=UTF-8" },
    },
  );

const refusals: Record<string, string> = {
  SignatureDoesNotMatch: "The request signature does not match.",
  ExpiredToken: "The URL has expired.",
};

function grantOf({ world, context }: Call, method: Grant["method"]): Grant | Response {
  const grant = readGrant(world, (name) => context.req.query(name));
  if (typeof grant === "string") return refuse(grant === "ExpiredToken" ? 400 : 403, grant, refusals[grant]!);
  return grant.method === method ? grant : refuse(403, "SignatureDoesNotMatch", refusals["SignatureDoesNotMatch"]!);
}

/** A whole file, or nothing of it. */
async function putWhole({ world, context }: Call, { owner, file, size }: Grant): Promise<Response> {
  const { files } = world.parts;
  const range = headerOf(context, "x-goog-content-length-range");
  if (range !== `${size},${size}`)
    return refuse(400, "MalformedSecurityHeader", "x-goog-content-length-range is missing or not as it was signed.");
  const declared = headerOf(context, "content-length");
  if (declared !== undefined && Number(declared) !== size)
    return refuse(400, "EntityTooLarge", `The file must have ${size} bytes.`);
  const length = await files.append(owner, file, context.req.raw.body, 0, size);
  if (length < size) {
    files.drop(owner, file);
    return refuse(400, "IncompleteBody", `The file must have ${size} bytes, ${length} came.`);
  }
  files.finish(owner, file);
  return new Response("", { status: 200 });
}

const unfinished = (length: number): Response =>
  new Response("", { status: 308, headers: length > 0 ? { range: `bytes=0-${length - 1}` } : {} });

/** A piece of a resumable upload: `bytes 0-99/1000`, or the question how far it is, `bytes * /1000`. */
async function putPiece(call: Call, grant: Grant): Promise<Response> {
  const { files } = call.world.parts;
  const { owner, file, size } = grant;
  if (files.size(owner, file) === size) return new Response("", { status: 200 });
  const text = headerOf(call.context, "content-range") ?? `bytes 0-${size - 1}/${size}`;
  const [, from, total] = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(text) ?? [];
  if (total === undefined || (total !== "*" && Number(total) !== size))
    return refuse(400, "InvalidArgument", `The file must have ${size} bytes.`);
  const there = files.partSize(owner, file);
  if (from === undefined) return unfinished(there);
  if (Number(from) > there) return refuse(503, "ServiceUnavailable", `The upload is at ${there}.`);
  const length = await files.append(owner, file, call.context.req.raw.body, Number(from), size);
  if (length < size) return unfinished(length);
  files.finish(owner, file);
  return new Response("", { status: 200 });
}

async function put(call: Call): Promise<Response> {
  const grant = grantOf(call, "PUT");
  if (grant instanceof Response) return grant;
  try {
    return await (grant.resumable ? putPiece(call, grant) : putWhole(call, grant));
  } catch (error) {
    if (error instanceof TooLongError) return refuse(400, "EntityTooLarge", `The file must have ${grant.size} bytes.`);
    // the client has gone: what came of a whole file goes too, of a resumable one it stays
    if (!grant.resumable) call.world.parts.files.drop(grant.owner, grant.file);
    return refuse(400, "IncompleteBody", "The connection was lost.");
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
  const size = files.size(grant.owner, grant.file);
  if (size === undefined) return refuse(404, "NoSuchKey", "The file does not exist.");
  const headers = { "content-type": "application/octet-stream", "content-length": String(size) };
  return new Response(files.read(grant.owner, grant.file), { headers });
}

export function fileRoutes(): Route[] {
  const own = { path: "/__emulator/files", plane: "open", tag: "Files" } as const;
  return [
    { ...own, method: "PUT", streams: true, summary: "Send a file, or a piece of it, by a signed URL", handle: put },
    { ...own, method: "POST", summary: "Begin a resumable upload by a signed URL", handle: start },
    { ...own, method: "GET", summary: "Fetch a file by a signed URL", handle: get },
  ];
}
