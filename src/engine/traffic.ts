import type { z } from "zod";
import { accruedTraffic } from "../core/deployment/accrual.ts";
import type { DeploymentRecord } from "../core/deployment/record.ts";
import type { Traffic } from "../core/deployment/traffic.ts";
import { pieceAt, wholeRequests } from "../core/deployment/traffic.ts";
import { ApiError, notFound } from "../core/error.ts";
import type { Ms } from "../core/time.ts";
import { MINUTE, toSpan, toTimestamp } from "../core/time.ts";
import type { traffic as trafficSchema, trafficBody } from "../schema/traffic.ts";
import { limits } from "./config.ts";
import { toDeploymentName } from "./routing.ts";
import { surroundingsOf } from "./surroundings.ts";
import type { World } from "./world.ts";

const PERIOD_DEFAULT_MS = 10 * MINUTE;

/** What a client asks for, with its spans parsed. */
export interface TrafficSpans {
  startsIn: Ms | undefined;
  duration: Ms | undefined;
  period: Ms | undefined;
}

/** One traffic with its deployment, everything counted up to now. */
export interface Sent {
  record: DeploymentRecord;
  traffic: Traffic;
}

/** All traffic of a world, in the order of its making. */
export function allTraffic(world: World): Sent[] {
  const all: Sent[] = [];
  for (const record of world.parts.deployments.values()) {
    if (record.traffic.length === 0) continue;
    const { coldStart } = surroundingsOf(world, record);
    for (const traffic of accruedTraffic(record, coldStart, world.now)) all.push({ record, traffic });
  }
  return all.sort((a, b) => a.traffic.sequence - b.traffic.sequence);
}

/** The deployment that a traffic goes to; undefined when there is no such traffic. */
function ownerOf(world: World, id: string): DeploymentRecord | undefined {
  const record = world.parts.deployments.get(world.parts.trafficOwners.get(id) ?? "");
  return record?.traffic.some((each) => each.id === id) ? record : undefined;
}

/** @throws ApiError NOT_FOUND (deployment), FAILED_PRECONDITION (deleted, or too many), ALREADY_EXISTS */
export function addTraffic(world: World, body: z.infer<typeof trafficBody>, spans: TrafficSpans): Sent {
  return world.change((now) => {
    const name = toDeploymentName(body.deployment, world.parts.config.account);
    const record = world.deployment(name);
    if (record.state === "DELETING" || record.state === "DELETED" || record.state === "FAILED")
      throw new ApiError("FAILED_PRECONDITION", `deployment is ${record.state}`);
    if (record.traffic.length >= limits.trafficMax)
      throw new ApiError("FAILED_PRECONDITION", `a deployment has at most ${limits.trafficMax} kinds of traffic`);
    const sequence = world.nextSequence();
    const id = body.id ?? `traffic-${sequence}`;
    if (ownerOf(world, id)) throw new ApiError("ALREADY_EXISTS", `traffic ${id} already exists`);
    const startAt = now + (spans.startsIn ?? 0);
    const { requestsPerSecond, concurrentRequests, promptTokens, completionTokens, shape, duty } = body;
    const add: Traffic = {
      id,
      sequence,
      kind: requestsPerSecond === undefined ? "concurrentRequests" : "requestsPerSecond",
      level: requestsPerSecond ?? concurrentRequests!,
      promptTokens,
      completionTokens,
      shape,
      startAt,
      endAt: spans.duration === undefined ? null : startAt + spans.duration,
      periodMs: spans.period ?? PERIOD_DEFAULT_MS,
      duty,
      sent: 0,
      refused: 0,
      unready: 0,
      held: 0,
    };
    world.parts.trafficOwners.set(id, name);
    world.apply(name, { type: "traffic", add });
    return { record: world.deployment(name), traffic: add };
  });
}

/** @throws ApiError NOT_FOUND */
export function removeTraffic(world: World, ids: readonly string[]): void {
  world.change(() => {
    for (const id of ids) {
      const record = ownerOf(world, id);
      if (!record) throw notFound();
      world.parts.trafficOwners.delete(id);
      world.apply(record.name, { type: "traffic", remove: [id] });
    }
  });
}

export function toTraffic({ record, traffic }: Sent, now: Ms): z.infer<typeof trafficSchema> {
  const { kind, level, startAt, endAt, shape, duty, promptTokens, completionTokens } = traffic;
  const sent = wholeRequests(traffic.sent);
  const [tooMany, { unready, held }] = [Math.round(traffic.refused), traffic];
  return {
    id: traffic.id,
    deployment: record.name,
    requestsPerSecond: kind === "requestsPerSecond" ? level : null,
    concurrentRequests: kind === "concurrentRequests" ? level : null,
    promptTokens,
    completionTokens,
    shape,
    period: toSpan(traffic.periodMs),
    duty,
    startTime: toTimestamp(startAt),
    endTime: endAt === null ? null : toTimestamp(endAt),
    active: startAt <= now && (endAt === null || endAt > now),
    level: pieceAt(traffic, now).level,
    answers: { sent, ok: sent - tooMany - unready - held, tooMany, scalingUp: unready, held },
  };
}
