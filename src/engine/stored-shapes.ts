import { z } from "zod";
import { acceleratorType, region } from "../schema/hardware.ts";
import { deploymentStates } from "../schema/deployment.ts";

const text = z.string();
const number = z.number();
const time = z.number();
const timeOrNull = time.nullable();
const object = z.looseObject({});

const replica = z.looseObject({
  number,
  generation: number,
  phase: z.enum(["scheduling", "waiting", "downloading", "initializing", "ready"]),
  since: time,
  dueAt: timeOrNull,
  region: region.nullable(),
  gpus: number,
});

const spec = z.looseObject({
  baseModel: text,
  acceleratorType,
  acceleratorCount: number,
  minReplicaCount: number,
  maxReplicaCount: number,
});

const term = { id: text, sequence: number, startAt: time, endAt: timeOrNull };

/** Of every kind of document what a world cannot run without; there may be more in it. */
export const storedShapes = {
  account: z.looseObject({ name: text, state: text, suspendState: text }),
  deployment: z.looseObject({
    name: text,
    sequence: number,
    spec,
    state: z.enum(deploymentStates),
    createTime: time,
    updateTime: time,
    deleteTime: timeOrNull,
    purgeTime: timeOrNull,
    drainAt: timeOrNull,
    desired: number,
    generation: number,
    nextReplica: number,
    replicas: z.array(replica),
    idleSince: time,
    trafficSince: time,
    lookAt: timeOrNull,
    lookedAt: time,
    history: z.array(z.looseObject({ at: time, replicas: number })),
    traffic: z.array(z.looseObject({ id: text, kind: text, level: number, startAt: time, endAt: timeOrNull })),
    flows: z.array(z.looseObject({ from: time, until: timeOrNull, ready: number, streams: z.array(object) })),
    accruedAt: time,
  }),
  fault: z.looseObject({ fault: z.looseObject({ id: text }), sequence: number, looked: number }),
  fleet: z.looseObject({ total: z.record(text, z.record(text, number)), unlimited: z.boolean() }),
  "prompt-cache": z.array(z.tuple([number, z.array(number)])),
  quota: z.looseObject({ id: text, acceleratorType, region: region.nullable(), value: number, maxValue: number }),
  rate: z.looseObject({ minute: number, requests: number, promptTokens: number, generatedTokens: number }),
  reservation: z.looseObject({
    ...term,
    account: text,
    acceleratorType,
    reservedCount: number,
    holdings: z.array(object),
  }),
  resource: z.looseObject({ collection: text, name: text, sequence: number, value: object, hidden: object }),
  response: z.looseObject({
    id: text,
    account: text,
    sequence: number,
    body: object,
    messages: z.array(object),
    flight: object,
    doneAt: timeOrNull,
    cancelledAt: timeOrNull,
  }),
  scrapes: z.array(time),
  script: z.looseObject({
    script: z.looseObject({ id: text, match: object }),
    source: text,
    sequence: number,
    matched: number,
  }),
  stockout: z.looseObject({ ...term, takesReplicas: z.boolean() }),
} as const;

export type StoredKind = keyof typeof storedShapes;
