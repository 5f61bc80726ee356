import { accountRoutes } from "./accounts.ts";
import { capacityRoute } from "./capacity.ts";
import { clockRoutes } from "./clock.ts";
import { eventRoutes } from "./events.ts";
import { explainRoute } from "./explain.ts";
import { faultRoutes } from "./faults.ts";
import { fleetRoutes } from "./fleet.ts";
import { metricsRoutes } from "./metrics.ts";
import { requestRoutes } from "./requests.ts";
import { reservationRoutes } from "./reservations.ts";
import { resetRoutes } from "./reset.ts";
import type { Route } from "./route.ts";
import { scriptRoutes } from "./scripts.ts";
import { selfMetricsRoute } from "./self-metrics.ts";
import { shardsRoute, terminationRoute } from "./shards.ts";
import { statusRoutes } from "./status.ts";
import { stockoutRoutes } from "./stockouts.ts";
import { trafficRoutes } from "./traffic.ts";
import { usageRoutes } from "./usage.ts";

/** Routes that show and steer the emulator itself; they need no key. */
export function controlRoutes(url: () => string): Route[] {
  return [
    ...statusRoutes(url),
    ...clockRoutes(),
    ...eventRoutes(),
    ...requestRoutes(),
    ...accountRoutes(),
    ...fleetRoutes(),
    ...scriptRoutes(),
    ...faultRoutes(),
    ...stockoutRoutes(),
    ...reservationRoutes(),
    ...trafficRoutes(),
    ...usageRoutes(),
    explainRoute,
    capacityRoute,
    shardsRoute,
    terminationRoute,
    selfMetricsRoute,
    ...metricsRoutes(),
    ...resetRoutes(),
  ];
}
