import type { EmulatorEvent, UsageReport } from "../client/client.ts";
import type { Ms } from "../core/time.ts";
import { parseTimestamp, toTimestamp } from "../core/time.ts";
import type { Emulator, EmulatorOptions } from "../index.ts";
import { createEmulator } from "../index.ts";
import type { Scenario, ScenarioStep } from "../schema/scenario.ts";
import type { Verdict } from "./expect.ts";
import { judge } from "./expect.ts";
import type { Point } from "./series.ts";
import { toSeries } from "./series.ts";
import { ACCOUNT, nameOf, toMs } from "./units.ts";

/** Answers of one deployment with one status. */
interface AnswerCount {
  deployment: string;
  status: number;
  count: number;
}

/** What a scenario came to. */
export interface Outcome {
  scenario: Scenario;
  endMs: number;
  events: EmulatorEvent[];
  /** By full name. */
  series: Map<string, Point[]>;
  usage: UsageReport;
  answers: AnswerCount[];
  verdicts: Verdict[];
  passed: boolean;
}

interface Reply {
  status: number;
  message: string;
}

/** Plays the steps through the HTTP API, as any client would. */
class Stage {
  readonly #emulator: Emulator;
  readonly #requests: AnswerCount[];

  /** @param requests where answers to single requests are noted */
  constructor(emulator: Emulator, requests: AnswerCount[]) {
    this.#emulator = emulator;
    this.#requests = requests;
  }

  async #call(method: string, path: string, body?: unknown): Promise<Reply> {
    const headers = { authorization: `Bearer fw_${ACCOUNT}` };
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const response = await this.#emulator.fetch(`${this.#emulator.url}${path}`, init);
    const { message, error } = (await response.json()) as { message?: string; error?: { message: string } };
    return { status: response.status, message: message ?? error?.message ?? "" };
  }

  async #request(id: string, times: number): Promise<Reply> {
    let last: Reply = { status: 200, message: "" };
    for (let turn = 0; turn < times; turn += 1) {
      last = await this.#call("POST", "/inference/v1/completions", {
        model: nameOf(id),
        prompt: `Request ${turn}`,
        max_tokens: 100,
      });
      this.#requests.push({ deployment: nameOf(id), status: last.status, count: 1 });
    }
    return last;
  }

  /** Does what a step says; each action is one call. */
  act(step: ScenarioStep): Promise<Reply> {
    const deployments = `/v1/accounts/${ACCOUNT}/deployments`;
    const {
      create,
      update,
      scale,
      delete: gone,
      request,
      traffic,
      stopTraffic,
      stockout,
      endStockout,
      reservation,
    } = step;
    if (create) return this.#call("POST", `${deployments}?deploymentId=${create.id}`, create.body);
    if (update) return this.#call("PATCH", `${deployments}/${update.deployment}`, update.body);
    if (scale) return this.#call("PATCH", `${deployments}/${scale.deployment}:scale`, { replicaCount: scale.replicas });
    if (gone) return this.#call("DELETE", `${deployments}/${gone.deployment}?ignoreChecks=true`);
    if (request) return this.#request(request.deployment, request.times);
    if (traffic) return this.#call("POST", "/__emulator/traffic", traffic);
    if (stopTraffic) return this.#call("DELETE", `/__emulator/traffic/${stopTraffic}`);
    if (stockout) return this.#call("POST", "/__emulator/stockouts", stockout);
    if (endStockout) return this.#call("DELETE", `/__emulator/stockouts/${endStockout}`);
    if (reservation) return this.#call("POST", "/__emulator/reservations", reservation);
    return this.#call("PATCH", "/__emulator/fleet", step.fleet);
  }
}

/** A step that was answered otherwise than it says fails the scenario; one that went as written says nothing. */
function judgeStep(step: ScenarioStep, { status, message }: Reply): Verdict[] {
  const { at, status: wanted, message: words = "" } = step;
  // answers to requests are counted, not judged, unless the file says which it wants
  if (wanted === undefined && (status === 200 || step.request)) return [];
  const passed = status === (wanted ?? 200) && message.includes(words);
  const action = Object.keys(step).find((key) => !["at", "note", "status", "message"].includes(key))!;
  return [
    {
      text: `${action} at +${at} is answered ${wanted ?? 200}${words ? ` "${words}"` : ""}`,
      passed,
      got: `${status} ${message}`.trim(),
    },
  ];
}

async function countAnswers(emulator: Emulator, requests: AnswerCount[]): Promise<AnswerCount[]> {
  const synthetic = (await emulator.traffic.list()).flatMap(({ deployment, answers }) => [
    { deployment, status: 200, count: answers.ok },
    { deployment, status: 429, count: answers.tooMany },
    { deployment, status: 503, count: answers.scalingUp },
  ]);
  return [...synthetic, ...requests].filter(({ count }) => count > 0);
}

/** Moves time; a test may do it in slices, or with a restart on the way. */
export type Advance = (emulator: Emulator, to: string) => Promise<Emulator>;

const straight: Advance = async (emulator, to) => {
  await emulator.clock.advance({ to });
  return emulator;
};

/** The world that a scenario asks for. */
export const optionsOf = (
  { startTime, seed, profile, coldStart, gpuQuota }: Scenario,
  database: string,
): EmulatorOptions => ({
  clock: "manual",
  account: ACCOUNT,
  database,
  startTime,
  seed,
  profile,
  coldStart,
  gpuQuota,
});

/**
 * Plays a scenario in a world of its own, in memory or in a file.
 * @throws FixtureError for an offset that is none
 */
export async function runScenario(scenario: Scenario, database = ":memory:", advance = straight): Promise<Outcome> {
  const [startMs, endMs] = [parseTimestamp(scenario.startTime)!, toMs(scenario.until)];
  const steps = scenario.steps.map((step) => ({ step, ms: toMs(step.at) })).sort((a, b) => a.ms - b.ms);
  let emulator = await createEmulator(optionsOf(scenario, database));
  try {
    const [requests, verdicts]: [AnswerCount[], Verdict[]] = [[], []];
    const to = async (ms: Ms): Promise<void> => {
      emulator = await advance(emulator, toTimestamp(startMs + ms));
    };
    for (const { step, ms } of steps) {
      await to(ms);
      verdicts.push(...judgeStep(step, await new Stage(emulator, requests).act(step)));
    }
    await to(endMs);
    const events = await emulator.events.list();
    const answers = await countAnswers(emulator, requests);
    const happened = {
      scenario,
      endMs,
      events,
      series: toSeries(events, startMs),
      usage: await emulator.usage(),
      answers,
    };
    verdicts.push(...scenario.expect.map((expectation) => judge(expectation, happened)));
    return { ...happened, verdicts, passed: verdicts.every(({ passed }) => passed) };
  } finally {
    await emulator.close();
  }
}
