/**
 * Every error that a client can be sent. `grpc` is the control plane's number (control-plane §10.2);
 * `engine` marks errors that the model server itself reports, in its own envelope (inference §7.1).
 */
export const errorTable = {
  // control plane: gRPC names
  INVALID_ARGUMENT: { http: 400, grpc: 3, engine: false },
  OUT_OF_RANGE: { http: 400, grpc: 11, engine: false },
  FAILED_PRECONDITION: { http: 400, grpc: 9, engine: false },
  UNAUTHENTICATED: { http: 401, grpc: 16, engine: false },
  PERMISSION_DENIED: { http: 403, grpc: 7, engine: false },
  NOT_FOUND: { http: 404, grpc: 5, engine: false },
  ALREADY_EXISTS: { http: 409, grpc: 6, engine: false },
  RESOURCE_EXHAUSTED: { http: 429, grpc: 8, engine: false },
  INTERNAL: { http: 500, grpc: 13, engine: false },
  UNIMPLEMENTED: { http: 501, grpc: 12, engine: false },
  UNAVAILABLE: { http: 503, grpc: 14, engine: false },
  // gateway
  BAD_REQUEST: { http: 400, grpc: 3, engine: false },
  UNAUTHORIZED: { http: 401, grpc: 16, engine: false },
  FORBIDDEN_KEY: { http: 403, grpc: 7, engine: false },
  METHOD_NOT_ALLOWED: { http: 405, grpc: 12, engine: false },
  PAYLOAD_TOO_LARGE: { http: 413, grpc: 8, engine: false },
  INTERNAL_SERVER_ERROR: { http: 500, grpc: 13, engine: false },
  DEPLOYMENT_SCALING_UP: { http: 503, grpc: 14, engine: false },
  // model server
  invalid_request_error: { http: 400, grpc: 3, engine: true },
  too_many_requests: { http: 429, grpc: 8, engine: true },
} as const;

export type ErrorCode = keyof typeof errorTable;

/** An error as data; the HTTP layer picks the envelope. Anything else that is thrown is an opaque 500. */
export class ApiError extends Error {
  readonly code: ErrorCode;
  /** The request field at fault, where the gateway names one. */
  readonly param: string | null;

  constructor(code: ErrorCode, message: string, param: string | null = null) {
    super(message);
    this.code = code;
    this.param = param;
  }
}

/** Texts that were seen on the real wire (inference §7.2, control-plane §10.3). */
export const texts = {
  badKey: "The API key you provided is invalid.",
  noModel: "Model not found, inaccessible, and/or not deployed",
  noPath: "Path not found",
  noResource: "resource not found",
  scalingUp: "Deployment is currently scaled to zero and is scaling up. Please retry your request in a few minutes.",
  internal: "Internal server error",
  recentTraffic: "deployment has received inference requests in the last hour, pass ignore_checks to skip this check",
} as const;

export const invalid = (message: string): ApiError => new ApiError("INVALID_ARGUMENT", message);
export const notFound = (): ApiError => new ApiError("NOT_FOUND", texts.noResource);
