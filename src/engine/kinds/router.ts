import type { Json } from "../../core/list/field.ts";
import { createRouterQuery, router } from "../../schema/router.ts";
import { updateMaskQuery } from "../../schema/wire.ts";
import type { Kind } from "../registry.ts";
import { someOf } from "../resources.ts";
import { createRouter, deleteRouter, findRouter, listRouters, updateRouter } from "../routers.ts";

/** Entry points: one for each deployment, and those that spread over several (control-plane §3.8). */
export const routerKind: Kind = {
  collection: "routers",
  type: "Router",
  schema: router,
  defaultOrder: "name",
  shared: ({ public: isPublic }) => isPublic === true,
  all: (world, call) => someOf(call.name, listRouters(world)),
  find: (world, name) => findRouter(world, name) as Json | undefined,
  create: {
    summary: "Make a router over several deployments",
    http: "POST",
    query: createRouterQuery,
    body: router,
    result: router,
    run: (world, { name, query, body, caller }) =>
      createRouter(world, name, query["routerId"], caller.email, body) as Json,
  },
  update: {
    summary: "Change a router",
    http: "PATCH",
    query: updateMaskQuery,
    body: router,
    result: router,
    run: (world, { name, body, query }) => updateRouter(world, name, body, query["updateMask"]) as Json,
  },
  remove: {
    summary: "Delete a router",
    http: "DELETE",
    run: (world, { name }) => {
      deleteRouter(world, name);
      return {};
    },
  },
};
