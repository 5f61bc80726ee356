import { loadCatalog } from "../../src/engine/catalog.ts";
import { defaultConfig } from "../../src/engine/config.ts";
import { Worlds } from "../../src/engine/worlds.ts";
import { allRoutes } from "../../src/http/app.ts";
import type { Route } from "../../src/http/route.ts";

/** The table of all routes, of a world of its own. */
export function routeTable(): Route[] {
  const worlds = new Worlds(defaultConfig, loadCatalog([]), () => undefined);
  worlds.close();
  return allRoutes({ worlds, url: () => "" });
}
