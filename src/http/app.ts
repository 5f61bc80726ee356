import { Hono } from "hono";
import type { Context } from "hono";
import { cors } from "hono/cors";
import type { ErrorCode } from "../core/error.ts";
import { ApiError, texts } from "../core/error.ts";
import type { World } from "../engine/world.ts";
import type { Worlds } from "../engine/worlds.ts";
import { PRODUCT } from "../engine/version.ts";
import { worldEnded } from "../engine/ending.ts";
import type { OnBug } from "../engine/parts.ts";
import type { Deed } from "../engine/permission.ts";
import { nobody } from "../engine/identity.ts";
import { authorize, meantAccount } from "../engine/permission.ts";
import { accountOf } from "../core/name.ts";
import { redactText } from "../core/redaction/redact.ts";
import { authenticate, authenticateDirect } from "./auth.ts";
import { decodeQuery, GoneError, readText } from "./body.ts";
import { controlRoutes } from "./control.ts";
import { afterAnswer, beforeRequest, FaultError, findFault } from "./faults.ts";
import { fileRoutes } from "./files.ts";
import { baseOf, headerOf, pathOf, sandboxOf, wireOf } from "./header.ts";
import { planeOf, toEnvelope } from "./envelope.ts";
import type { Gate } from "./gate.ts";
import { inferenceRoutes } from "./inference.ts";
import { toSend } from "./large.ts";
import { isJournaled, newRequestId, record } from "./journal.ts";
import { decisionRoutes } from "./decisions.ts";
import { embeddingRoutes } from "./embeddings.ts";
import { openApiRoute } from "./openapi.ts";
import { resourceRoutes } from "./resources.ts";
import { responseRoutes } from "./responses.ts";
import { sandboxRoutes } from "./sandboxes.ts";
import { Router } from "./router.ts";
import type { Call, ErrorStyle, Plane, Reply, Route } from "./route.ts";
import { isWaiting, isWriting } from "./route.ts";
import { allSecretsOf, placeOf, secretsOf } from "./secrets.ts";
import { toPattern, toRoutingPath } from "./verb-path.ts";

export interface AppOptions {
  worlds: Worlds;
  /** Largest request body, in bytes. */
  maxBodyBytes: number;
  /** Where the server can be reached, for links. */
  url: () => string;
  /** Who may call over a socket. */
  gate: Gate;
  /** Called for what should never happen. */
  onBug: OnBug;
}

/** Every route there is, in one table. */
export function allRoutes({ worlds, url }: Pick<AppOptions, "worlds" | "url">): Route[] {
  const routes = [
    ...resourceRoutes(),
    ...inferenceRoutes(),
    ...responseRoutes(),
    ...embeddingRoutes(),
    ...decisionRoutes(),
    ...fileRoutes(),
    ...controlRoutes(url),
    ...sandboxRoutes(worlds, url),
  ];
  routes.push(openApiRoute(routes));
  return routes;
}

function respond(call: Call, path: string, plane: Plane, { status = 200, body, headers }: Reply): Response {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const method = call.context.req.method;
  const requestId =
    headers?.["x-request-id"] ??
    headerOf(call.context, "x-request-id") ??
    newRequestId(call.world, plane, method, path, call.text);
  if (isJournaled(plane)) record(call, path, status, requestId, text);
  return new Response(toSend(text), {
    status,
    headers: { "content-type": "application/json", "x-emulator": PRODUCT, "x-request-id": requestId, ...headers },
  });
}

function fail(
  call: Call,
  path: string,
  plane: Plane,
  thrown: unknown,
  options: AppOptions,
  style?: ErrorStyle,
): Response {
  const id = newRequestId(call.world, plane, call.context.req.method, path, call.text);
  const error = thrown instanceof ApiError ? thrown : new ApiError("INTERNAL_SERVER_ERROR", texts.internal);
  if (error !== thrown) options.onBug(thrown, `request ${id}`, (text) => redactText(text, allSecretsOf(call)));
  const { status, body } = toEnvelope(error, plane, id, style);
  const fault = error instanceof FaultError ? error : undefined;
  return respond(call, path, plane, {
    status,
    body: fault?.body ?? body,
    headers: {
      ...fault?.headers,
      "x-request-id": headerOf(call.context, "x-request-id") ?? id,
    },
  });
}

/** What a request wants to do, for authorization. */
function deedOf({ plane, method, need, reach = "own" }: Route, { world, identity, params }: Call): Deed {
  const own = identity.account;
  if (plane === "inference") return { account: own, user: "", need: "infer", reach };
  const { account_id: named = own, user_id: user } = params;
  const account = method === "GET" ? meantAccount(world, identity, named, reach) : named;
  return {
    account,
    user: user === undefined ? "" : `accounts/${account}/users/${user}`,
    need: need ?? (method === "GET" ? "read" : "manage"),
    reach,
  };
}

/** @throws ApiError PERMISSION_DENIED, PRECONDITION_FAILED */
function demandMay(route: Route, call: Call): void {
  const deed = deedOf(route, call);
  authorize(call.world, call.identity, deed);
  if ("account_id" in call.params && route.plane === "control") call.params["account_id"] = deed.account;
}

/** Whether what it does must be saved before it is answered; inference is saved in groups. */
const isSaved = (route: Route): boolean =>
  isWriting(route) && !route.isWorldless && (route.plane === "control" || route.plane === "emulator");

/** What proxies count when a client goes before its answer; nobody receives it. */
const GONE = 499;

/** Runs one route: the same order for all, key first (inference §7.3). */
async function run(route: Route, call: Call, options: AppOptions, turn?: Promise<void>): Promise<Response> {
  const { context } = call;
  const path = pathOf(context.req.url);
  try {
    if (turn) await turn;
    call.direct = authenticateDirect(call.world, context);
    if (call.direct !== undefined) {
      // a deployment's own host serves /v1 of inference alone, and no Messages (inference §1.1)
      if (route.plane !== "inference" || !path.startsWith("/v1/") || route.errors === "anthropic")
        throw new ApiError("NOT_FOUND", texts.noPath);
      call.account = accountOf(call.direct);
    } else if (route.plane === "control" || route.plane === "inference") {
      call.identity = authenticate(call.world, context, route.plane);
      call.account = call.identity.account;
      demandMay(route, call);
    }
    if (route.method !== "GET" && !route.streams) call.text = await readText(context, options.maxBodyBytes);
    else await wireOf(context).backlog?.admit();
    // an advance may have begun while the body came
    if (call.world.underway && isWaiting(route)) await untilTurn(call.world, context, call.world.underway);
    if (call.world.isClosed) throw worldEnded();
    if (isSaved(route)) call.world.saver.demand();
    const fault = isJournaled(route.plane) ? findFault(call) : undefined;
    if (fault) await beforeRequest(call, fault);
    const response = await handle(route, call, path);
    return fault ? afterAnswer(call, response, fault) : response;
  } catch (error) {
    if (error instanceof GoneError) return new Response(null, { status: GONE });
    return fail(call, path, route.plane, call.world.isClosed ? worldEnded() : error, options, route.errors);
  }
}

/** Waits for the advances that came before. @throws GoneError, ApiError when there is nobody or nothing left to serve */
async function untilTurn(world: World, context: Context, wait: Promise<unknown>): Promise<void> {
  await wait;
  if (wireOf(context).outgoing?.destroyed) throw new GoneError("the client has gone");
  if (world.ending) throw world.ending;
}

async function handle(route: Route, call: Call, path: string): Promise<Response> {
  call.query = decodeQuery(route.query, call.context);
  const reply = await route.handle(call);
  if (!(reply instanceof Response)) return respond(call, path, route.plane, reply);
  if (!isJournaled(route.plane))
    reply.headers.set("x-request-id", newRequestId(call.world, route.plane, route.method, path, ""));
  return reply;
}

const newCall = (
  world: World,
  context: Context,
  params: Record<string, string>,
  counts: ReadonlyMap<string, number>,
  route?: Route,
): Call => ({
  world,
  context,
  base: baseOf(context.req.url),
  account: world.parts.config.account,
  direct: undefined,
  identity: nobody(world.parts.config.account),
  params,
  query: {},
  text: "",
  place: route ? placeOf(route) : "words",
  counts,
  note: { deployment: "", model: "" },
});

/**
 * The whole HTTP API as a `fetch`; no port is needed. World time is brought up to now before any handler runs.
 */
export function createApp(options: AppOptions): Hono {
  const counts = new Map<string, number>();
  const count = (plane: Plane, { status }: Response): void => {
    const key = `${plane} ${status}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  };
  const { worlds } = options;
  const worldOf = (base: string): World | undefined => (base === "" ? worlds.default : worlds.get(sandboxOf(base)));
  // where there is no world there is no route
  const getPath = ({ url }: Request): string => (worldOf(baseOf(url)) ? toRoutingPath(pathOf(url)) : "/!");
  const app = new Hono({ getPath, router: new Router() });
  const { cors: origin } = worlds.default.parts.config;
  if (origin !== undefined) app.use(cors({ origin, exposeHeaders: ["*"] }));
  const worldFor = (context: Context): World => worldOf(baseOf(context.req.url)) ?? worlds.default;
  const serve = async (route: Route, context: Context): Promise<Response> => {
    const world = worldFor(context);
    const call = newCall(world, context, context.req.param() as Record<string, string>, counts, route);
    const wait = isWaiting(route) ? world.enter() : undefined;
    return run(route, call, options, wait && untilTurn(world, context, wait));
  };
  // one handler for each request, which is what Hono calls at once; paths that other methods have are known besides
  const anyMethod = new Router<true>();
  for (const route of allRoutes(options)) {
    for (const path of [route.path, ...(route.aliases ?? [])]) {
      anyMethod.add("ALL", toPattern(path), true);
      app.on(route.method, toPattern(path), async (context) => {
        const response = options.gate.refuseCaller(route, context) ?? (await serve(route, context));
        count(route.plane, response);
        return response;
      });
    }
  }
  const refuse = (code: ErrorCode, text: string, plane?: Plane) => async (context: Context) => {
    const [path, world] = [pathOf(context.req.url), worldFor(context)];
    const asked = plane ?? planeOf(path);
    if (isJournaled(asked)) await world.enter();
    const call = newCall(world, context, {}, counts);
    const response = fail(call, path, asked, new ApiError(code, text), options);
    count(asked, response);
    return response;
  };
  // what fails beside the handlers' own handling of errors, such as writing one down
  app.onError((error, context) => {
    const hide = (text: string): string => redactText(text, secretsOf(context));
    options.onBug(error, hide(`${context.req.method} ${pathOf(context.req.url)}`), hide);
    const { status, body } = toEnvelope(new ApiError("INTERNAL_SERVER_ERROR", texts.internal), "open", "");
    return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
  });
  app.notFound((context) => {
    const base = baseOf(context.req.url);
    if (worldOf(base)) {
      const isPath = anyMethod.match("ALL", getPath(context.req.raw))[0].length > 0;
      return isPath
        ? refuse("METHOD_NOT_ALLOWED", "Method not allowed")(context)
        : refuse("NOT_FOUND", texts.noPath, "inference")(context);
    }
    const name = sandboxOf(base);
    const reason = worlds.brokenReason(name);
    if (reason !== undefined)
      return refuse("UNAVAILABLE", `sandbox "${name}" is broken: ${reason}`, "emulator")(context);
    const text = `sandbox "${name}" not found; POST /sandboxes {"name": "${name}"} makes it`;
    return refuse("NOT_FOUND", text, "emulator")(context);
  });
  return app;
}
