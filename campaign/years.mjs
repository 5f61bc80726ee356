import { join } from "node:path";
import { difference, dump } from "./database.mjs";

const BASE = "accounts/fireworks/models/llama-v3p2-3b-instruct";
const ZONES = ["UTC", "Asia/Tokyo", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata"];
const CRONS = ["0 8 * * *", "30 2 * * *", "15 3 * * 1-5", "0 0 1 * *", "59 23 28-31 * *"];
const DAY = 86_400_000;
const YEARS_MAX = 10;
/** A budget that is short gets fewer years: one for so much of it. */
const YEAR_MS = 10_000;
/** All of them may take so long, however they are cut. */
const PLAY_MS = 300_000;
const RSS_MAX_MB = 1_500;

/** What a world is asked at its beginning, from the seed. */
function script(random) {
  const requests = [];
  const add = (path, body) => requests.push(["POST", path, body]);
  for (let n = 0; n < 3; n += 1) {
    const day = {
      minReplicaCount: 1 + random.below(3),
      schedule: random.pick(CRONS),
      duration: random.pick(["3600s", "28800s"]),
      timezone: random.pick(ZONES),
    };
    add(`/v1/accounts/local/deployments?deploymentId=d${n}`, {
      baseModel: BASE,
      minReplicaCount: random.below(2),
      maxReplicaCount: 4,
      autoscalingPolicy: { scalingSchedules: { day } },
    });
  }
  for (let n = 0; n < 2; n += 1)
    add("/__emulator/traffic", {
      deployment: `accounts/local/deployments/d${n}`,
      requestsPerSecond: random.pick([0.001, 0.05, 2]),
      shape: random.pick(["constant", "square", "ramp", "spike"]),
      period: "7d",
      startsIn: `${1 + random.below(100)}d`,
      duration: `${30 + random.below(365)}d`,
    });
  for (let n = 0; n < 10; n += 1)
    add("/__emulator/stockouts", {
      region: random.pick(["US_IOWA_1", "US_ILLINOIS_2", "EU_FRANKFURT_1"]),
      startsIn: `${random.below(3000)}d`,
      duration: `${1 + random.below(300)}h`,
      takesReplicas: random.chance(0.5),
    });
  return requests;
}

/** Plays the years into a database. @param slices spans in milliseconds @param restarts shares of slices after which it starts again */
async function play({ startServer, report, folder }, name, requests, slices, restart) {
  const path = join(folder, `${name}.db`);
  const flags = ["--db", path, "--clock", "manual", "--gpu-quota", "none", "--advance-max", "100000000"];
  const fail = (expected, got) => report.fail("wrong", { expected: `${name}: ${expected}`, got, folder });
  const started = performance.now();
  let server = await startServer(...flags);
  for (const request of requests) {
    const { status, raw } = await server.call(...request);
    if (status !== 200) fail(`${request[1]} to be answered`, `${status} ${raw}`);
  }
  let rss = 0;
  for (const slice of slices) {
    const { status, raw } = await server.call("POST", "/__emulator/clock:advance", { by: `${slice}ms` });
    if (status !== 200) fail(`an advance of ${slice} ms`, `${status} ${raw}`);
    report.tried();
    const signal = restart();
    if (!signal) continue;
    rss = Math.max(rss, server.rssPeak());
    await server.stop(signal);
    server = await startServer(...flags);
  }
  rss = Math.max(rss, server.rssPeak());
  await server.stop();
  const elapsed = performance.now() - started;
  if (elapsed > PLAY_MS) fail(`an end within ${PLAY_MS} ms`, `${Math.round(elapsed)} ms`);
  if (rss > RSS_MAX_MB) fail(`at most ${RSS_MAX_MB} MB`, `${rss} MB`);
  return { path, elapsed, rss };
}

/** A span in random pieces, most of them long and some very short. */
function cut(random, total, pieces) {
  const slices = [];
  let left = total;
  for (let n = 1; n < pieces && left > 1; n += 1) {
    const slice = Math.min(
      left - 1,
      random.chance(0.3) ? 1 + random.below(60_000) : 1 + random.below((2 * total) / pieces),
    );
    slices.push(slice);
    left -= slice;
  }
  return [...slices, left];
}

/** Years with schedules in one go, in slices, and with restarts: the same events and the same database. */
export async function attack(context) {
  const { random, budgetMs, report, folder } = context;
  const until = performance.now() + budgetMs;
  const years = Math.max(1, Math.min(YEARS_MAX, Math.round(budgetMs / YEAR_MS)));
  let number = 0;
  let [slowest, rss, events] = [0, 0, 0];
  do {
    const requests = script(random);
    const total = years * 365.25 * DAY;
    const slices = cut(random, total, 150);
    const plays = [
      await play(context, `${number}-whole`, requests, [total], () => undefined),
      await play(context, `${number}-sliced`, requests, slices, () => undefined),
      await play(context, `${number}-restarted`, requests, cut(random, total, 60), () =>
        random.chance(0.12) ? random.pick(["SIGTERM", "SIGKILL"]) : undefined,
      ),
    ];
    const [whole, ...others] = plays.map(({ path }) => dump(path));
    events = Math.max(events, whole.events.at(-1)?.id ?? 0);
    others.forEach((other, index) => {
      const found = difference(whole, other);
      if (found)
        report.fail("wrong", {
          expected: `the database of ${plays[0].path}, in ${plays[index + 1].path}`,
          got: found,
          folder,
        });
    });
    slowest = Math.max(slowest, ...plays.map(({ elapsed }) => elapsed));
    rss = Math.max(rss, ...plays.map((each) => each.rss));
    number += 1;
  } while (performance.now() < until);
  report.note(
    `${number} worlds of ${years} years, up to ${events} events, ${(slowest / 1000).toFixed(1)} s and ${rss} MB each`,
  );
}
