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
  PAYMENT_REQUIRED: { http: 402, grpc: 9, engine: false },
  FORBIDDEN: { http: 403, grpc: 7, engine: false },
  REQUEST_TIMEOUT: { http: 408, grpc: 4, engine: false },
  PRECONDITION_FAILED: { http: 412, grpc: 9, engine: false },
  RATE_LIMIT_EXCEEDED: { http: 429, grpc: 8, engine: false },
  INTERNAL_SERVER_ERROR: { http: 500, grpc: 13, engine: false },
  BAD_GATEWAY: { http: 502, grpc: 14, engine: false },
  DEPLOYMENT_SCALING_UP: { http: 503, grpc: 14, engine: false },
  SERVICE_UNAVAILABLE: { http: 503, grpc: 14, engine: false },
  GATEWAY_TIMEOUT: { http: 504, grpc: 4, engine: false },
  // model server
  invalid_request_error: { http: 400, grpc: 3, engine: true },
  too_many_requests: { http: 429, grpc: 8, engine: true },
  service_overloaded: { http: 503, grpc: 14, engine: true },
  model_not_ready: { http: 425, grpc: 9, engine: true },
  RESPONSE_NOT_FOUND: { http: 404, grpc: 5, engine: true },
  // the emulator's own
  SCRIPT_NOT_FOUND: { http: 503, grpc: 14, engine: false },
} as const;

export type ErrorCode = keyof typeof errorTable;

/** An error as data; the HTTP layer picks the envelope. Anything else that is thrown is an opaque 500. */
export class ApiError extends Error {
  readonly code: ErrorCode;
  /** The request field at fault, where the gateway names one. */
  readonly param: string | null;
  /** The status and the code to show, where they are not the table's: faults may be anything. */
  readonly shown: { status: number; code: string } | undefined;

  constructor(code: ErrorCode, message: string, param: string | null = null, shown?: ApiError["shown"]) {
    super(message);
    this.code = code;
    this.param = param;
    this.shown = shown;
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

/** What a suspended account is told, whatever it asks for. */
export const suspendedText = (account: string): string =>
  `Account ${account} is suspended, possibly due to reaching the monthly spending limit or failure to pay past invoices. Please go to https://fireworks.ai/account/billing for more information.`;

/** What an error says when nobody says otherwise; seen on the wire where inference §7.2 has a text, ours elsewhere. */
const usualTexts: Partial<Record<ErrorCode, string>> = {
  UNAUTHORIZED: texts.badKey,
  NOT_FOUND: texts.noModel,
  PRECONDITION_FAILED: suspendedText("local"),
  RATE_LIMIT_EXCEEDED:
    "You have exceeded your rate limit for this API. Please try again later. For more information, see https://docs.fireworks.ai/guides/quotas_usage/rate-limits.",
  DEPLOYMENT_SCALING_UP: texts.scalingUp,
  service_overloaded: "service overloaded, please try again later",
  too_many_requests: "Request didn't generate first token before the given deadline, the service is overloaded",
};

/** @returns a text for every code, such as `Bad gateway` */
export function usualText(code: ErrorCode): string {
  const words = code.toLowerCase().replaceAll("_", " ");
  return usualTexts[code] ?? words.charAt(0).toUpperCase() + words.slice(1);
}

export const invalid = (message: string): ApiError => new ApiError("INVALID_ARGUMENT", message);
export const notFound = (): ApiError => new ApiError("NOT_FOUND", texts.noResource);
