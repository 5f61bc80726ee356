/**
 * Who may call a server that listens on a socket. A web page can send requests to every port of its visitor's machine:
 * under a host name of its own that resolves to 127.0.0.1 (DNS rebinding), or as requests to another origin.
 */

/** Names of this machine, and names under which a container reaches the machine that it runs on. */
const OWN_NAMES: ReadonlySet<string> = new Set([
  "localhost",
  "[::1]",
  "host.docker.internal",
  "host.containers.internal",
]);

/** Longer than any name that DNS knows, with a port. */
const HOST_MAX = 300;
const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?(?::\d{1,5})?$/;

/**
 * The name in a `Host` header: lower case, without port and final dot, addresses in their usual form, IPv6 in brackets.
 * @returns undefined for what is neither a name nor an address
 */
export function parseHost(text: string): string | undefined {
  if (text.length > HOST_MAX) return undefined;
  const [, name] = HOST.exec(text.toLowerCase()) ?? [];
  if (name === undefined || !URL.canParse(`http://${name}`)) return undefined;
  return new URL(`http://${name}`).hostname;
}

const isAddress = (name: string): boolean => name.startsWith("[") || /^\d+(?:\.\d+){3}$/.test(name);

const isLoopbackName = (name: string): boolean =>
  name === "localhost" ||
  name === "[::1]" ||
  name.endsWith(".localhost") ||
  (name.startsWith("127.") && isAddress(name));

/** Whether an address to listen on, as in `--host`, can be reached from this machine alone. */
export function isLoopback(address: string): boolean {
  const name = parseHost(address.includes(":") ? `[${address}]` : address);
  return name !== undefined && isLoopbackName(name);
}

/** @returns a name as `parseHost` gives it, `*.suffix` or `*`; undefined for anything else */
export function parseAllowedHost(text: string): string | undefined {
  if (text === "*") return text;
  if (text.startsWith("*.")) {
    const suffix = parseHost(text.slice(2));
    return suffix === undefined ? undefined : `*.${suffix}`;
  }
  return parseHost(/^[0-9a-f:]*:[0-9a-f:.]*$/i.test(text) ? `[${text}]` : text);
}

export interface HostRules {
  /** The server is bound elsewhere than loopback: addresses and names without a dot are served too. */
  isExposed: boolean;
  /** As `parseAllowedHost` gives them. */
  allowed: readonly string[];
}

/** Whether a name, as `parseHost` gives it, is served. */
export function isHostAllowed(name: string, { isExposed, allowed }: HostRules): boolean {
  if (OWN_NAMES.has(name) || isLoopbackName(name)) return true;
  if (isExposed && (isAddress(name) || !name.includes("."))) return true;
  return allowed.some(
    (each) => each === "*" || each === name || (each.startsWith("*.") && name.endsWith(each.slice(1))),
  );
}

/** What a browser says about the page that sends a request. Other clients say nothing, so each may be undefined. */
export interface Sender {
  origin: string | undefined;
  /** `Sec-Fetch-Site`. */
  site: string | undefined;
  host: string | undefined;
}

export interface OriginRules {
  /** The origin of `--cors`, or `*`. */
  cors: string | undefined;
  /** The origin of `--public-url`. */
  publicOrigin: string | undefined;
}

/** An origin and a host name the same server; its scheme says which port is left out. */
function isSameHost(origin: string, host: string | undefined): boolean {
  if (host === undefined || !/^https?:\/\//.test(origin)) return false;
  const own = origin.slice(0, origin.indexOf("//") + 2) + host;
  return URL.canParse(origin) && URL.canParse(own) && new URL(origin).host === new URL(own).host;
}

/** Whether a page of another origin sends this request, and no flag lets it. `Origin: null` is always foreign. */
export function isForeign({ origin, site, host }: Sender, { cors, publicOrigin }: OriginRules): boolean {
  if (origin === undefined && site === undefined) return false;
  if (cors === "*" || (origin !== undefined && origin === cors)) return false;
  if (site === "cross-site" || site === "same-site") return true;
  return origin !== undefined && origin !== publicOrigin && !isSameHost(origin, host);
}
