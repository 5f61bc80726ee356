import type { Registry } from "prom-client";
import { CONTENT_TYPE } from "./metrics.ts";
import type { Call, Reply, Route } from "./route.ts";

/** The process itself: its own numbers, once, because they watch the event loop. */
let processMetrics: Registry | undefined;

async function ownMetrics({ world, counts }: Call): Promise<Reply> {
  world.catchUp();
  const prom = await import("prom-client");
  if (!processMetrics) prom.collectDefaultMetrics({ register: (processMetrics = new prom.Registry()) });
  const registry = new prom.Registry();
  const gauge = (name: string, help: string, rows: [Record<string, string>, number][]): void => {
    const labelNames = Object.keys(rows[0]?.[0] ?? {});
    const made = new prom.Gauge({ name: `fireworks_emulator_${name}`, help, labelNames, registers: [registry] });
    for (const [labels, value] of rows) made.set(labels, value);
  };
  const { deployments, fleet, queue } = world.parts;
  const [states, phases] = [new Map<string, number>(), new Map<string, number>()];
  for (const { state, replicas } of deployments.values()) {
    states.set(state, (states.get(state) ?? 0) + 1);
    for (const { phase } of replicas) phases.set(phase, (phases.get(phase) ?? 0) + 1);
  }
  gauge("world_time_seconds", "World time, since the Unix epoch.", [[{}, world.now / 1000]]);
  gauge("events_total", "Events of the world so far.", [[{}, world.log.lastId]]);
  gauge("timers", "Wake-ups that are set.", [[{}, queue.size]]);
  gauge("waiting_deployments", "Deployments with a replica in line for GPUs.", [[{}, world.line.names.size]]);
  gauge("database_ok", "1 while the database can be written.", [[{}, world.saver.problem() ? 0 : 1]]);
  gauge(
    "deployments",
    "Deployments by state.",
    [...states].map(([state, count]) => [{ state }, count]),
  );
  gauge(
    "replicas",
    "Replicas by phase.",
    [...phases].map(([phase, count]) => [{ phase }, count]),
  );
  gauge(
    "requests_total",
    "Answers since the process started.",
    [...counts].map(([key, count]) => {
      const [plane, status] = key.split(" ");
      return [{ plane: plane!, status: status! }, count];
    }),
  );
  gauge(
    "gpus_in_use",
    "GPUs in use.",
    Object.entries(fleet.inUse).flatMap(([region, types]) =>
      Object.entries(types).map(([accelerator, count]): [Record<string, string>, number] => [
        { region, accelerator },
        count,
      ]),
    ),
  );
  const text = `${await registry.metrics()}${await processMetrics.metrics()}`;
  return { body: text, headers: { "content-type": CONTENT_TYPE } };
}

export const selfMetricsRoute: Route = {
  method: "GET",
  path: "/metrics",
  plane: "open",
  turn: "between",
  tag: "Emulator",
  summary: "The emulator itself, as Prometheus text",
  handle: ownMetrics,
};
