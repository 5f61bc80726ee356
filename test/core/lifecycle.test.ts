import { describe, expect, test } from "vitest";
import { aSpec, timeline, table } from "../support/timeline.ts";

const DAY7 = 7 * 24;

describe("lifecycle (start 10 s, drain 10 s)", () => {
  test("a new deployment starts one replica, scales to zero after an hour, is deleted after a week, purged after two", () => {
    expect(timeline({ until: "16d" })).toBe(
      table(`
        0s CREATING 0/1
        10s READY 1/1
        1h0m10s READY 0/0
        ${DAY7}h0m0s DELETING 0/0
        ${DAY7}h0m10s DELETED 0/0
        ${DAY7 * 2}h0m0s purged
      `),
    );
  });

  test("READY waits for min replicas; min above 0 is never scaled to zero nor deleted", () => {
    expect(timeline({ body: { minReplicaCount: 3 }, until: "30d" })).toBe(
      table(`
        0s CREATING 0/3
        10s READY 3/3
      `),
    );
  });

  test("max 0 is READY at once, with nothing to start", () => {
    expect(timeline({ body: { minReplicaCount: 0, maxReplicaCount: 0 }, until: "1d" })).toBe("0s READY 0/0");
  });

  test("a request wakes a deployment that is scaled to zero, and puts the next zero off", () => {
    const cues = [{ at: "3h", event: { type: "request", until: 3 * 3_600_000 } as const }];
    expect(timeline({ cues, until: "6h" })).toBe(
      table(`
        0s CREATING 0/1
        10s READY 1/1
        1h0m10s READY 0/0
        3h0m0s READY 0/1
        3h0m10s READY 1/1
        4h0m10s READY 0/0
      `),
    );
  });

  test("the scale-to-zero window counts from the end of the last request", () => {
    const body = { autoscalingPolicy: { scaleToZeroWindow: "300s" } };
    const cues = [{ at: "4m", event: { type: "request", until: 4.5 * 60_000 } as const }];
    expect(timeline({ body, cues, until: "1h" })).toBe(
      table(`
        0s CREATING 0/1
        10s READY 1/1
        9m30s READY 0/0
      `),
    );
  });

  test("delete drains for ten seconds; undelete brings it back from CREATING", () => {
    const cues = [
      { at: "1m", event: { type: "delete" } as const },
      { at: "1h", event: { type: "undelete" } as const },
    ];
    expect(timeline({ body: { minReplicaCount: 1 }, cues, until: "30d" })).toBe(
      table(`
        0s CREATING 0/1
        10s READY 1/1
        1m0s DELETING 1/1
        1m10s DELETED 0/0
        1h0m0s CREATING 0/1
        1h0m10s READY 1/1
      `),
    );
  });

  test("new hardware: the new replica comes up beside the old one, which serves until then", () => {
    const spec = aSpec({ minReplicaCount: 1, acceleratorCount: 2 });
    const cues = [{ at: "1m", event: { type: "update", spec, restart: true } as const }];
    expect(timeline({ body: { minReplicaCount: 1 }, cues, until: "1h" })).toBe(
      table(`
        0s CREATING 0/1
        10s READY 1/1
        1m0s UPDATING 1/2
        1m10s READY 1/1
      `),
    );
  });

  test("new bounds, windows and names leave it READY", () => {
    const spec = aSpec({ minReplicaCount: 2, maxReplicaCount: 3 });
    const cues = [{ at: "1m", event: { type: "update", spec, restart: false } as const }];
    expect(timeline({ body: { minReplicaCount: 1 }, cues, until: "1h" })).toBe(
      table(`
        0s CREATING 0/1
        10s READY 1/1
        1m0s READY 1/2
        1m10s READY 2/2
      `),
    );
  });

  test("a stockout keeps it CREATING with RESOURCE_EXHAUSTED; scaling up in one keeps it READY and serving", () => {
    const cues = [{ at: "10m", event: { type: "scale", replicas: 2 } as const }];
    const out = (at: number): boolean => at < 60_000 || (at >= 600_000 && at < 900_000);
    const placeAgain = [60_000, 900_000].map((ms) => ({ at: `${ms / 1000}s`, event: { type: "wake" } as const }));
    expect(
      timeline({
        body: { minReplicaCount: 1, maxReplicaCount: 2 },
        cues: [placeAgain[0]!, ...cues, placeAgain[1]!],
        until: "16m",
        hasGpus: (at) => !out(at),
      }),
    ).toBe(
      table(`
        0s CREATING 0/1
        1s CREATING 0/1 RESOURCE_EXHAUSTED
        1m0s CREATING 0/1
        1m9s READY 1/1
        10m0s READY 1/2
        10m1s READY 1/2 RESOURCE_EXHAUSTED
        15m0s READY 1/2
        15m9s READY 2/2
      `),
    );
  });

  test("parking takes the replicas; requests do not wake it", () => {
    const spec = (max: number) => ({ minReplicaCount: 0, maxReplicaCount: max });
    const cues = [{ at: "1m", event: { type: "request", until: 60_000 } as const }];
    expect(timeline({ body: spec(0), cues, until: "2h" })).toBe("0s READY 0/0");
  });

  test("scale is clamped to the bounds and the autoscaler goes on from there", () => {
    const cues = [{ at: "1m", event: { type: "scale", replicas: 9 } as const }];
    expect(timeline({ body: { minReplicaCount: 1, maxReplicaCount: 3 }, cues, until: "1h" })).toBe(
      table(`
        0s CREATING 0/1
        10s READY 1/1
        1m0s READY 1/3
        1m10s READY 3/3
        11m5s READY 1/1
      `),
    );
  });
});

describe("autoscaler (10 requests a replica, target 0.8, looks every 5 s)", () => {
  const body = { minReplicaCount: 1, maxReplicaCount: 5 };

  test("up after load stood high for 30 s, down after it stood low for 10 m", () => {
    // 24 in flight from 1 m to 5 m: 24 / (10 x 0.8) = 3 replicas
    const inFlight = (at: number): number => (at >= 60_000 && at < 300_000 ? 24 : 0);
    expect(timeline({ body, inFlight, until: "20m" })).toBe(
      table(`
        0s CREATING 0/1
        10s READY 1/1
        1m35s READY 1/2
        1m40s READY 1/3
        1m45s READY 2/3
        1m50s READY 3/3
        15m5s READY 2/2
        15m10s READY 1/1
      `),
    );
  });

  test("a burst shorter than the window changes nothing", () => {
    const inFlight = (at: number): number => (at >= 60_000 && at < 80_000 ? 40 : 0);
    expect(timeline({ body, inFlight, until: "20m" })).toBe("0s CREATING 0/1\n10s READY 1/1");
  });

  test("never above max, however high the load", () => {
    const inFlight = (at: number): number => (at >= 60_000 ? 1000 : 0);
    expect(timeline({ body, inFlight, until: "20m" })).toBe(
      table(`
        0s CREATING 0/1
        10s READY 1/1
        1m35s READY 1/5
        1m45s READY 5/5
      `),
    );
  });

  test("a window of 0s acts at the next look", () => {
    const inFlight = (at: number): number => (at >= 60_000 && at < 120_000 ? 24 : 0);
    const autoscalingPolicy = { scaleUpWindow: "0s", scaleDownWindow: "0s" };
    expect(timeline({ body: { ...body, autoscalingPolicy }, inFlight, until: "5m" })).toBe(
      table(`
        0s CREATING 0/1
        10s READY 1/1
        1m5s READY 1/2
        1m10s READY 1/3
        1m15s READY 2/3
        1m20s READY 3/3
        2m5s READY 2/2
        2m10s READY 1/1
      `),
    );
  });

  test("load that dips within the scale-down window keeps the replicas", () => {
    const inFlight = (at: number): number => (at >= 60_000 && at % 300_000 < 240_000 ? 24 : 0);
    const text = timeline({ body, inFlight, until: "1h" });
    expect(text.split("\n").at(-1)).toBe("1m50s READY 3/3");
  });
});
