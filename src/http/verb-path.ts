/**
 * Colon verbs. Hono's patterns mis-route `{id}:scale` (in one order of registration plain GETs fail, in the other
 * `d1:scale` is taken for an id), so the last segment's `:verb` becomes a segment of its own, `/!scale`, before
 * routing. This file is the only one that knows.
 */
const VERB = /:([A-Za-z]+)$/;

/**
 * `/v1/x/d1:scale` -> `/v1/x/d1/!scale`; a path that already has such a segment leads nowhere. Names that clients
 * escape whole (`models/accounts%2Ffireworks%2F...`) are told apart again.
 */
export function toRoutingPath(raw: string): string {
  const path = raw.includes("%2F") ? raw.replaceAll("%2F", "/") : raw;
  if (path.includes("/!")) return "/!";
  return VERB.test(path) ? path.replace(VERB, "/!$1") : path;
}

/** An OpenAPI path, `/v1/x/{id}:scale`, as a pattern for Hono: `/v1/x/:id/!scale`. */
export function toPattern(path: string): string {
  return path.replace(VERB, "/!$1").replace(/\{(\w+)\}/g, ":$1");
}
