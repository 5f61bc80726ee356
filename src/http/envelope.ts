import type { ApiError, ErrorCode } from "../core/error.ts";
import { errorTable } from "../core/error.ts";
import type { ErrorStyle, Plane } from "./route.ts";

/** Codes that the gateway itself answers with, whatever lies behind it. */
const gatewayCodes = new Set([
  "UNAUTHORIZED",
  "FORBIDDEN_KEY",
  "METHOD_NOT_ALLOWED",
  "SCRIPT_NOT_FOUND",
  "PAYLOAD_TOO_LARGE",
  "INTERNAL_SERVER_ERROR",
  "DEPLOYMENT_SCALING_UP",
]);

/** Where the model server gives another code than the one that tells errors apart here (inference §7.2). */
const engineCodes: Partial<Record<ErrorCode, string>> = { service_overloaded: "invalid_request_error" };

/** Anthropic's names of what went wrong, by status (inference §5.7). */
const anthropicTypes: Record<number, string> = {
  400: "invalid_request_error",
  401: "authentication_error",
  402: "billing_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  503: "overloaded_error",
  504: "timeout_error",
};

const engineCode = ({ code }: ApiError): string => engineCodes[code] ?? code;

/** How the model server words an error, by route. */
const engineBodies: Record<ErrorStyle, (error: ApiError, status: number, requestId: string) => object> = {
  openai: (error) => ({
    error: { object: "error", type: "invalid_request_error", code: engineCode(error), message: error.message },
  }),
  anthropic: ({ message }, status, requestId) => ({
    type: "error",
    error: { type: anthropicTypes[status] ?? "api_error", message },
    request_id: requestId,
  }),
  // what is not there is told by the framework behind it, as seen (inference §5.1)
  responses: (error) =>
    error.code === "RESPONSE_NOT_FOUND"
      ? { detail: error.message }
      : {
          error: { type: "invalid_request_error", code: engineCode(error), message: error.message, param: error.param },
        },
};

/** The plane that a path belongs to when no route has answered yet. */
export const planeOf = (path: string): Plane =>
  path.startsWith("/v1/accounts")
    ? "control"
    : path.startsWith("/__emulator") || path.startsWith("/sandboxes")
      ? "emulator"
      : "inference";

/**
 * The body of an error. Four forms, by the layer that fails (inference §7.1, control-plane §10.1):
 * the gateway's, the model server's (in the words of each format, inference §5.1, §5.7), and gRPC's on the control
 * plane.
 */
export function toEnvelope(
  error: ApiError,
  plane: Plane,
  requestId: string,
  style: ErrorStyle = "openai",
): { status: number; body: object } {
  const { grpc, engine } = errorTable[error.code];
  const { status: http, code: shown } = error.shown ?? { status: errorTable[error.code].http, code: error.code };
  if (engine) return { status: http, body: engineBodies[style](error, http, requestId) };
  if (plane === "inference" || plane === "open" || gatewayCodes.has(error.code)) {
    const code = error.code === "FORBIDDEN_KEY" ? "UNAUTHORIZED" : shown;
    return {
      status: http,
      body: { error: { message: error.message, param: error.param, code, type: "error" }, request_id: requestId },
    };
  }
  return { status: http, body: { code: grpc, message: error.message, details: [] } };
}
