import { request } from "node:http";
import type { Session } from "./settings.ts";

export type Json = Record<string, unknown>;

/** A value as a text: as it is, or as JSON. */
export const asText = (value: unknown): string => (typeof value === "string" ? value : (JSON.stringify(value) ?? ""));

/** What a command asks of the server. */
export interface ApiRequest {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Below `/v1/`. */
  path: string;
  query?: Record<string, string | number | boolean | undefined>;
  body?: Json;
}

/** gRPC's names of codes, by number. */
const codes: Record<number, string> = {
  3: "InvalidArgument",
  4: "DeadlineExceeded",
  5: "NotFound",
  6: "AlreadyExists",
  7: "PermissionDenied",
  8: "ResourceExhausted",
  9: "FailedPrecondition",
  11: "OutOfRange",
  12: "Unimplemented",
  13: "Internal",
  14: "Unavailable",
  16: "Unauthenticated",
};
const byStatus: Record<number, string> = { 401: "Unauthenticated", 403: "PermissionDenied", 412: "FailedPrecondition" };

/** The server has refused; the text is as gRPC would have it. */
export class RpcError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(`rpc error: code = ${code} desc = ${message}`);
    this.code = code;
  }
}

/** Flags are named in the words of the command line. */
const inFlags = (message: string): string => message.replace("pass ignore_checks to", "pass --ignore-checks to");

function toError(status: number, body: Json): RpcError {
  const { code, message, error } = body as { code?: number; message?: string; error?: { message?: string } };
  const name = (code !== undefined && codes[code]) || byStatus[status] || "Unknown";
  return new RpcError(name, inFlags(message ?? error?.message ?? `HTTP ${status}`));
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return {};
  }
}

/** By Node's own client: `fetch` takes twice as long to be there, and scripts call this in loops. */
function send(
  url: string,
  method: string,
  headers: Record<string, string>,
  body: string,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      { method, headers: { ...headers, "content-length": Buffer.byteLength(body) } },
      (answer) => {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk: string) => (text += chunk));
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
      },
    );
    outgoing.once("error", reject);
    outgoing.end(body);
  });
}

/** One call of the API. @throws RpcError */
export async function call({ url, key }: Session, { method, path, query = {}, body }: ApiRequest): Promise<Json> {
  const given = Object.entries(query)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]): [string, string] => [name, String(value)]);
  const text = given.length > 0 ? `?${new URLSearchParams(given).toString()}` : "";
  const headers: Record<string, string> = {
    authorization: `Bearer ${key}`,
    "user-agent": "firectl/1.8.3 fireworks-emulator",
  };
  let answer: { status: number; text: string };
  try {
    answer = await send(`${url}/v1/${path}${text}`, method, headers, body === undefined ? "" : JSON.stringify(body));
  } catch (error) {
    throw new RpcError("Unavailable", `no emulator answers at ${url}: ${(error as Error).message}`);
  }
  const result = parse(answer.text);
  if (answer.status >= 400) throw toError(answer.status, result);
  return result;
}

/** A text of the emulator's own API, which may demand the control token. @throws RpcError */
export async function fetchOwn({ url, controlToken }: Session, path: string): Promise<string> {
  const headers: Record<string, string> = controlToken === undefined ? {} : { "x-emulator-token": controlToken };
  const response = await fetch(`${url}/__emulator/${path}`, { headers });
  const text = await response.text();
  if (!response.ok) throw toError(response.status, parse(text));
  return text;
}

/** The account that is meant: as it was said, or the only one there is. @throws RpcError */
export async function accountOf(session: Session): Promise<string> {
  if (session.account !== undefined) return session.account;
  const { accounts } = (await call(session, { method: "GET", path: "accounts?pageSize=2" })) as { accounts: Json[] };
  if (accounts.length !== 1) throw new RpcError("FailedPrecondition", "no single account; name one with --account-id");
  return asText(accounts[0]!["name"]).split("/")[1]!;
}
