import { z } from "zod";
import { VERSION } from "../engine/version.ts";
import { isGuarded, TOKEN_HEADER } from "./gate.ts";
import type { Route } from "./route.ts";

type Schema = Record<string, unknown>;

function toSchema(schema: z.ZodType, io: "input" | "output"): Schema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" }) as Schema;
  return rest;
}

function parameters(route: Route, path: string): Schema[] {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const inQuery = Object.entries((route.query?.shape ?? {}) as Record<string, z.ZodType>).map(([name, schema]) => {
    const { description, ...rest } = toSchema(schema, "input");
    return { name, in: "query", required: false, schema: rest, description };
  });
  return [...inPath, ...inQuery];
}

const content = (schema: z.ZodType, io: "input" | "output"): Schema => ({
  "application/json": { schema: toSchema(schema, io) },
});

/** The emulator's own API needs no key; the control token where the server has one. */
const securityOf = (route: Route): Schema[] => (isGuarded(route) ? [{}, { controlToken: [] }] : []);

function toOperation(route: Route, path: string): Schema {
  // a resource may be sent in part: nothing in it is required but what the method checks
  const body = route.body && route.plane === "control" ? route.body.partial() : route.body;
  return {
    operationId: `${route.method.toLowerCase()} ${path}`.replace(/[^A-Za-z]+(\w?)/g, (_, letter: string) =>
      letter.toUpperCase(),
    ),
    tags: [route.tag],
    summary: route.summary,
    ...(route.plane === "control" || route.plane === "inference" ? {} : { security: securityOf(route) }),
    parameters: parameters(route, path),
    ...(body ? { requestBody: { content: content(body, "input") } } : {}),
    responses: {
      "200": {
        description: "OK",
        content: route.result ? content(route.result, "output") : { "application/json": {} },
      },
      default: { description: "Error", content: { "application/json": { schema: { type: "object" } } } },
    },
  };
}

/** The document of all routes: OpenAPI 3.1, made from the schemas that check requests. */
function toOpenApi(routes: readonly Route[]): Schema {
  const paths: Record<string, Schema> = {};
  for (const route of routes) {
    for (const path of [route.path, ...(route.aliases ?? [])])
      (paths[path] ??= {})[route.method.toLowerCase()] = toOperation(route, path);
  }
  return {
    openapi: "3.1.0",
    info: { title: "fireworks-emulator", version: VERSION, license: { name: "MIT", identifier: "MIT" } },
    components: {
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer" },
        controlToken: { type: "apiKey", in: "header", name: TOKEN_HEADER },
      },
    },
    security: [{ bearer: [] }],
    paths,
  };
}

export function openApiRoute(routes: readonly Route[]): Route {
  let text: string | undefined;
  return {
    method: "GET",
    path: "/__emulator/openapi.json",
    plane: "emulator",
    tag: "Emulator",
    summary: "This document",
    result: z.record(z.string(), z.unknown()),
    handle: () => ({ body: (text ??= JSON.stringify(toOpenApi(routes))) }),
  };
}
