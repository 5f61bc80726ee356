import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Context } from "hono";
import { isForeign, isHostAllowed, parseHost } from "../core/caller.ts";
import { ApiError } from "../core/error.ts";
import { PRODUCT } from "../engine/version.ts";
import type { Worlds } from "../engine/worlds.ts";
import { DIRECT_DOMAIN, deploymentsAt } from "./auth.ts";
import { planeOf, toEnvelope } from "./envelope.ts";
import { pathOf, wireOf } from "./header.ts";
import { newRequestId } from "./journal.ts";
import type { ErrorStyle, Route } from "./route.ts";
import { isWriting } from "./route.ts";

export const TOKEN_HEADER = "x-emulator-token";
const TOKEN_BYTES = 24;
/** Spellings of hosts that are remembered; then the memory begins anew. */
const KNOWN_HOSTS_MAX = 1_000;
/** What a page gets that sends JSON as something else. */
const WRONG_TYPE = { status: 415, code: "UNSUPPORTED_MEDIA_TYPE" };
/** Characters of a refused header that its refusal repeats. */
const SHOWN_MAX = 200;

export interface GateOptions {
  worlds: Worlds;
  /** Whether the server is bound elsewhere than loopback. */
  isExposed: boolean;
  /** As `parseAllowedHost` gives them. */
  allowedHosts: readonly string[];
  /** Guards the emulator's own API; undefined leaves it open. */
  token: string | undefined;
}

/** Stands between a socket and the API. Calls without a socket, `emulator.fetch`, are the process's own. */
export interface Gate {
  /** The answer to a request for a host that is not served; undefined lets it pass. */
  refuseHost(request: Request, incoming: IncomingMessage): Response | undefined;
  /** 403 for a foreign page, 401 without the token, 415 for a page's JSON of another type; undefined lets it pass. */
  refuseCaller(route: Route, context: Context): Response | undefined;
}

/** @param wanted a token, `none`, or undefined: then one is made where others than this machine can call */
export function chooseToken(wanted: string | undefined, isExposed: boolean): string | undefined {
  if (wanted === "none") return undefined;
  return wanted ?? (isExposed ? randomBytes(TOKEN_BYTES).toString("hex") : undefined);
}

/** The emulator's own API, but for what probes and signed URLs need. */
export const isGuarded = ({ plane, path }: Route): boolean =>
  plane === "emulator" && (path.startsWith("/__emulator") || path.startsWith("/sandboxes"));

const hash = (text: string): Buffer => createHash("sha256").update(text).digest();

const cut = (text: string): string => text.slice(0, SHOWN_MAX);

function foreignText(origin: string | undefined, site: string | undefined): string {
  const page = origin === undefined ? `a ${site} page` : `a page of origin ${cut(origin)}`;
  const flag = origin !== undefined && /^https?:/.test(origin) ? `--cors ${cut(origin)}` : "--cors '*'";
  return `${page} may not change anything here; start the emulator with ${flag} to allow it, or with --public-url where a proxy stands in between`;
}

const TOKEN_TEXT = `the emulator's own API needs the control token: send it in the header ${TOKEN_HEADER}; commands and clients take it from FIREWORKS_EMULATOR_CONTROL_TOKEN. It is printed at start unless --control-token gave it`;

function hostText(sent: string): string {
  const name = parseHost(sent);
  if (name?.endsWith(DIRECT_DOMAIN)) return `no deployment has the host "${name}"`;
  return name === undefined
    ? `"${cut(sent)}" is not a host name`
    : `the host "${name}" is not served, because a web page could reach this server under a name of its own (DNS rebinding); to serve it, start the emulator with --allow-host ${name}`;
}

const toHostError = (sent: string): ApiError => new ApiError("FORBIDDEN", hostText(sent));

/** Forms that pages may send without asking first are not taken for JSON (a client that is no browser sends no Origin). */
function findWrongType({ headers }: IncomingMessage): ApiError | undefined {
  const hasBody = headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
  const [type = ""] = (headers["content-type"] ?? "").split(";");
  if (!hasBody || type.trim().toLowerCase() === "application/json") return undefined;
  const text = `a page must send JSON with content-type application/json, got "${cut(type)}"`;
  return new ApiError("INVALID_ARGUMENT", text, null, WRONG_TYPE);
}

/** A refusal changes nothing: no world counts it, and no journal has it. */
function toRefusal(worlds: Worlds, { method, url }: Request, error: ApiError, style?: ErrorStyle): Response {
  const path = pathOf(url);
  const id = newRequestId(worlds.default, "emulator", method, path, "");
  const { status, body } = toEnvelope(error, planeOf(path), id, style);
  const headers = { "content-type": "application/json", "x-emulator": PRODUCT, "x-request-id": id };
  return new Response(JSON.stringify(body), { status, headers });
}

export function createGate({ worlds, isExposed, allowedHosts, token }: GateOptions): Gate {
  const { cors, publicUrl } = worlds.default.parts.config;
  const publicOrigin = publicUrl === undefined ? undefined : new URL(publicUrl).origin;
  const publicHost = publicUrl === undefined ? undefined : parseHost(new URL(publicUrl).host);
  const hostRules = { isExposed, allowed: publicHost === undefined ? allowedHosts : [...allowedHosts, publicHost] };
  const tokenHash = token === undefined ? undefined : hash(token);
  const known = new Set<string>();

  const isDirect = (name: string): boolean =>
    name.endsWith(DIRECT_DOMAIN) &&
    worlds.all().some((world) => {
      world.catchUp();
      return deploymentsAt(world, name).length > 0;
    });
  const isServed = (sent: string): boolean => {
    if (known.has(sent)) return true;
    const name = parseHost(sent);
    if (name === undefined || !(isHostAllowed(name, hostRules) || isDirect(name))) return false;
    if (known.size >= KNOWN_HOSTS_MAX) known.clear();
    // a direct route that goes is not forgotten: behind the gate its host leads nowhere
    known.add(sent);
    return true;
  };

  /** What keeps a caller from a route, if anything. */
  const findFault = (route: Route, incoming: IncomingMessage): ApiError | undefined => {
    const { headers } = incoming;
    const { origin, host } = headers;
    const site = headers["sec-fetch-site"] as string | undefined;
    const isFromPage = origin !== undefined || site !== undefined;
    if (isFromPage && isWriting(route) && isForeign({ origin, site, host }, { cors, publicOrigin }))
      return new ApiError("FORBIDDEN", foreignText(origin, site));
    if (route.plane !== "emulator") return undefined;
    if (tokenHash && isGuarded(route)) {
      const given = headers[TOKEN_HEADER];
      if (typeof given !== "string") return new ApiError("UNAUTHENTICATED", TOKEN_TEXT);
      if (!timingSafeEqual(hash(given), tokenHash))
        return new ApiError("UNAUTHENTICATED", `wrong token: ${TOKEN_TEXT}`);
    }
    return origin === undefined ? undefined : findWrongType(incoming);
  };

  return {
    refuseHost(request, { url = "", headers: { host = "" } }) {
      if (host !== "" && !isServed(host)) return toRefusal(worlds, request, toHostError(host));
      if (url.startsWith("/")) return undefined;
      // an address instead of a path stands for the host (RFC 9112 3.2.2), but routes look at the header
      const named = new URL(request.url).host;
      return isServed(named) ? undefined : toRefusal(worlds, request, toHostError(named));
    },
    refuseCaller(route, context) {
      const { incoming } = wireOf(context);
      const error = incoming && findFault(route, incoming);
      return error && toRefusal(worlds, context.req.raw, error, route.errors);
    },
  };
}
