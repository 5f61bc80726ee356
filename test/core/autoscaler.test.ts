import { describe, expect, test } from "vitest";
import type { Cue, Stage } from "../support/timeline.ts";
import { someTraffic, table, timeline } from "../support/timeline.ts";

/**
 * The rules of simulation §3, each as offsets and ready/all replicas. A replica takes 10 s to start and serves 10
 * requests at a time; a request of 100 + 100 tokens takes 1 s alone and 2 s on a full replica. Looks every 5 s at the
 * last 10 s, so that a load is seen whole 10 s after it began.
 */
const play = (stage: Partial<Stage>): string => timeline({ until: "30m", ...stage });
const on = (at: string, traffic: Parameters<typeof someTraffic>[0]): Cue => ({
  at,
  event: { type: "traffic", add: someTraffic({ ...traffic, at }) },
});
const bounds = { minReplicaCount: 1, maxReplicaCount: 5 };
const target = (loadTargets: Record<string, number>) => ({ ...bounds, autoscalingPolicy: { loadTargets } });

describe("load targets (traffic from 1 m to 6 m)", () => {
  test("concurrent_requests: 12 clients / 4 = 3", () => {
    const cues = [on("1m", { concurrentRequests: 12, duration: "5m" })];
    expect(play({ body: target({ concurrent_requests: 4 }), cues })).toBe(
      table(`
        0s CREATING 0/1
        10s READY 1/1
        1m35s READY 1/2
        1m40s READY 1/3
        1m45s READY 2/3
        1m50s READY 3/3
        16m5s READY 2/2
        16m10s READY 1/1
      `),
    );
  });

  test("requests_per_second: 4 / 1 = 4, whatever they cost", () => {
    const cues = [on("1m", { requestsPerSecond: 4, completionTokens: 1, duration: "5m" })];
    expect(play({ body: target({ requests_per_second: 1 }), cues })).toBe(
      table(`
        0s CREATING 0/1
        10s READY 1/1
        1m35s READY 1/2
        1m40s READY 1/4
        1m45s READY 2/4
        1m50s READY 4/4
        16m5s READY 2/2
        16m10s READY 1/1
      `),
    );
  });

  test("tokens_generated_per_second: 3 requests of 100 tokens a second / 150 = 2", () => {
    const cues = [on("1m", { requestsPerSecond: 3, duration: "5m" })];
    expect(play({ body: target({ tokens_generated_per_second: 150 }), cues })).toBe(
      table(`
        0s CREATING 0/1
        10s READY 1/1
        1m40s READY 1/2
        1m50s READY 2/2
        16m5s READY 1/1
      `),
    );
  });

  test("prompt_tokens_per_second: 3 requests of 100 tokens a second / 100 = 3", () => {
    const cues = [on("1m", { requestsPerSecond: 3, duration: "5m" })];
    expect(play({ body: target({ prompt_tokens_per_second: 100 }), cues })).toBe(
      table(`
        0s CREATING 0/1
        10s READY 1/1
        1m35s READY 1/2
        1m40s READY 1/3
        1m45s READY 2/3
        1m50s READY 3/3
        16m5s READY 2/2
        16m10s READY 1/1
      `),
    );
  });

  test("several targets: the one that asks for most", () => {
    const cues = [on("1m", { concurrentRequests: 4, duration: "5m" })];
    const body = target({ default: 0.8, concurrent_requests: 2, requests_per_second: 100 });
    expect(play({ body, cues, until: "3m" }).split("\n").at(-1)).toBe("1m50s READY 2/2");
  });

  test("default: 8 clients on a replica of 10 are its 0.8; a ninth asks for a second", () => {
    const lastLine = (concurrentRequests: number): string | undefined =>
      play({ body: bounds, cues: [on("1m", { concurrentRequests })], until: "5m" })
        .split("\n")
        .at(-1);
    expect(lastLine(8)).toBe("10s READY 1/1");
    expect(lastLine(9)).toBe("1m50s READY 2/2");
  });
});

describe("windows", () => {
  test("a burst that ends within the scale-up window changes nothing", () => {
    const cues = [on("1m", { concurrentRequests: 40, duration: "20s" })];
    expect(play({ body: bounds, cues })).toBe("0s CREATING 0/1\n10s READY 1/1");
  });

  test("a pause within the scale-down window keeps the replicas; a longer one does not", () => {
    const cues = [
      on("1m", { concurrentRequests: 16, duration: "2m" }),
      on("12m", { concurrentRequests: 16, duration: "1m" }),
    ];
    expect(play({ body: bounds, cues })).toBe(
      table(`
        0s CREATING 0/1
        10s READY 1/1
        1m40s READY 1/2
        1m50s READY 2/2
        23m5s READY 1/1
      `),
    );
  });
});

describe("zero", () => {
  const toZero = { autoscalingPolicy: { scaleToZeroWindow: "300s" } };

  test("traffic that comes more often than the window keeps it up; it goes down a window after the last request", () => {
    const cues = [on("1m", { requestsPerSecond: 1, duration: "10m" })];
    // the last request comes at 10m59s, and takes 1.113 s
    expect(play({ body: toZero, cues })).toBe(
      table(`
        0s CREATING 0/1
        10s READY 1/1
        16m0.113s READY 0/0
      `),
    );
  });

  test("traffic that is taken away counts up to its last request", () => {
    const cues = [
      on("1m", { requestsPerSecond: 1 }),
      { at: "20m", event: { type: "traffic", remove: ["traffic at 60000"] } as const },
    ];
    expect(play({ body: toZero, cues }).split("\n").at(-1)).toBe("25m0.113s READY 0/0");
  });

  test("traffic that comes more seldom finds it asleep each time, and wakes it", () => {
    const cues = [on("20m", { requestsPerSecond: 1 / 600 })];
    expect(play({ body: toZero, cues, until: "45m" })).toBe(
      table(`
        0s CREATING 0/1
        10s READY 1/1
        5m10s READY 0/0
        20m0s READY 0/1
        20m10s READY 1/1
        25m10s READY 0/0
        30m0s READY 0/1
        30m10s READY 1/1
        35m10s READY 0/0
        40m0s READY 0/1
        40m10s READY 1/1
      `),
    );
  });

  test("the scale-to-zero window may end before the scale-down window", () => {
    const cues = [on("1m", { concurrentRequests: 16, duration: "1m" })];
    expect(play({ body: { ...toZero, maxReplicaCount: 5 }, cues })).toBe(
      table(`
        0s CREATING 0/1
        10s READY 1/1
        1m40s READY 1/2
        1m50s READY 2/2
        7m1.721s READY 0/0
      `),
    );
  });

  test("never with min above 0", () => {
    expect(play({ body: { ...toZero, minReplicaCount: 1 }, until: "9d" })).toBe("0s CREATING 0/1\n10s READY 1/1");
  });

  test("one request a week keeps the service from deleting it", () => {
    const cues = [on("1h", { requestsPerSecond: 1 / (6 * 86_400) })];
    expect(play({ cues, until: "30d" })).not.toContain("DELET");
  });
});

describe("schedules (the world begins on Thursday 1970-01-01)", () => {
  const schedule = { minReplicaCount: 2, schedule: "0 1 * * *", duration: "1800s", timezone: "UTC" };
  const body = {
    maxReplicaCount: 4,
    autoscalingPolicy: { scaleToZeroWindow: "600s", scalingSchedules: { one: schedule } },
  };

  test("raise the minimum at once while they are open; then the windows run", () => {
    expect(play({ body, until: "3h" })).toBe(
      table(`
        0s CREATING 0/1
        10s READY 1/1
        10m10s READY 0/0
        1h0m0s READY 0/2
        1h0m10s READY 2/2
        1h40m0s READY 0/0
      `),
    );
  });

  test("speak the local time of their zone, and of the highest of those that overlap", () => {
    const tokyo = {
      ...schedule,
      minReplicaCount: 3,
      schedule: "10 10 * * *",
      duration: "600s",
      timezone: "Asia/Tokyo",
    };
    const policy = { ...body.autoscalingPolicy, scalingSchedules: { one: schedule, two: tokyo } };
    const lines = play({ body: { ...body, autoscalingPolicy: policy }, until: "1h29m" }).split("\n");
    expect(lines.slice(3)).toEqual([
      "1h0m0s READY 0/2",
      "1h0m10s READY 2/2",
      "1h10m0s READY 2/3",
      "1h10m10s READY 3/3",
    ]);
  });

  test("do nothing when disabled", () => {
    const policy = { ...body.autoscalingPolicy, scalingSchedules: { one: { ...schedule, disabled: true } } };
    expect(
      play({ body: { ...body, autoscalingPolicy: policy }, until: "3h" })
        .split("\n")
        .at(-1),
    ).toBe("10m10s READY 0/0");
  });
});

describe("shapes (target 1 request a second)", () => {
  const body = { ...bounds, autoscalingPolicy: { loadTargets: { requests_per_second: 1 }, scaleDownWindow: "60s" } };
  const last = (text: string): string[] => text.split("\n").slice(2);

  test("a ramp of 10 m to 5 requests a second asks for one more every two minutes", () => {
    const cues = [on("1m", { requestsPerSecond: 5, completionTokens: 1, shape: "ramp", duration: "10m" })];
    const times = last(play({ body, cues, until: "11m" })).filter((line) => / (\d)\/(?!\1)/.test(line));
    expect(times).toEqual(["3m40s READY 1/2", "5m40s READY 2/3", "7m40s READY 3/4", "9m40s READY 4/5"]);
  });

  test("a square wave is on, then off", () => {
    const cues = [
      on("1m", { requestsPerSecond: 2, completionTokens: 1, shape: "square", period: "10m", duration: "20m" }),
    ];
    expect(last(play({ body, cues, until: "22m" }))).toEqual([
      "1m40s READY 1/2",
      "1m50s READY 2/2",
      "7m5s READY 1/1",
      "11m40s READY 1/2",
      "11m50s READY 2/2",
      "17m5s READY 1/1",
    ]);
  });
});

describe("revocable capacity", () => {
  test("replicas beyond max are revocable, and are replaced when they are taken", () => {
    const body = {
      minReplicaCount: 1,
      maxReplicaCount: 1,
      maxWithRevocableReplicaCount: 3,
      autoscalingPolicy: { loadTargets: { concurrent_requests: 4 } },
    };
    const cues = [
      on("1m", { concurrentRequests: 12 }),
      { at: "5m", event: { type: "revoked", replicas: [1, 2], reason: "taken" } as const },
    ];
    expect(play({ body, cues, until: "6m" })).toBe(
      table(`
        0s CREATING 0/1
        10s READY 1/1
        1m35s READY 1/2
        1m40s READY 1/3
        1m45s READY 2/3
        1m50s READY 3/3
        5m0s READY 1/3
        5m10s READY 3/3
      `),
    );
  });
});
