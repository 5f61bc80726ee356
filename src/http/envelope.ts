import type { ApiError } from "../core/error.ts";
import { errorTable } from "../core/error.ts";
import type { Plane } from "./route.ts";

/** Codes that the gateway itself answers with, whatever lies behind it. */
const gatewayCodes = new Set([
  "UNAUTHORIZED",
  "FORBIDDEN_KEY",
  "METHOD_NOT_ALLOWED",
  "PAYLOAD_TOO_LARGE",
  "INTERNAL_SERVER_ERROR",
  "DEPLOYMENT_SCALING_UP",
]);

/**
 * The body of an error. Three forms, by the layer that fails (inference §7.1, control-plane §10.1):
 * the gateway's, the model server's, and gRPC's on the control plane.
 */
export function toEnvelope(error: ApiError, plane: Plane, requestId: string): { status: number; body: object } {
  const { http, grpc, engine } = errorTable[error.code];
  if (engine)
    return {
      status: http,
      body: { error: { object: "error", type: "invalid_request_error", code: error.code, message: error.message } },
    };
  if (plane === "inference" || plane === "open" || gatewayCodes.has(error.code)) {
    const code = error.code === "FORBIDDEN_KEY" ? "UNAUTHORIZED" : error.code;
    return {
      status: http,
      body: { error: { message: error.message, param: error.param, code, type: "error" }, request_id: requestId },
    };
  }
  return { status: http, body: { code: grpc, message: error.message, details: [] } };
}
