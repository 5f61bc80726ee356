import { join } from "node:path";
import { Ledger, verify, write } from "./ledger.mjs";
import { HangError, RefusedError, sleep } from "./server.mjs";
import { NOBODYS, Upload } from "./uploads.mjs";
import { ACCOUNT, addonId, BASE, INNER, kinds, SMALL } from "./writes.mjs";

const WORKERS = 6;
/** Things of a kind that a worker goes on writing to. */
const SLOTS = 2;
/** Kills of one database before the next is begun. */
const ROUNDS_MAX = 8;

const addonModel = { kind: "HF_PEFT_ADDON", peftDetails: { baseModel: SMALL, r: 8, targetModules: ["q_proj"] } };

function safetensors() {
  const bytes = 2 * 8 * 64;
  const key = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight";
  const header = Buffer.from(JSON.stringify({ [key]: { dtype: "BF16", shape: [8, 64], data_offsets: [0, bytes] } }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.alloc(bytes)]);
}

async function demand(call, ...request) {
  const answer = await call(...request);
  if (answer.status !== 200) throw new Error(`${request.slice(0, 2).join(" ")}: ${answer.status} ${answer.raw}`);
  return answer.body;
}

/** What the writes stand on: hardware, a deployment, a sandbox, an addon for each worker. */
async function prepare(call) {
  await demand(call, "PATCH", "/__emulator/fleet", { unlimited: true });
  const { status } = await call("GET", `/sandboxes/${INNER}`);
  if (status === 404) await demand(call, "POST", "/sandboxes", { name: INNER, clock: "manual" });
  await demand(call, "POST", `${ACCOUNT}/deployments?deploymentId=${BASE}`, {
    baseModel: SMALL,
    enableAddons: true,
    minReplicaCount: 1,
  });
  const files = {
    "adapter_config.json": Buffer.from(JSON.stringify({ r: 8, target_modules: ["q_proj"] })),
    "adapter_model.safetensors": safetensors(),
  };
  const sizes = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, bytes.length]));
  for (let worker = 0; worker < WORKERS; worker += 1) {
    const model = `${ACCOUNT}/models/${addonId(worker)}`;
    await demand(call, "POST", `${ACCOUNT}/models`, { modelId: addonId(worker), model: addonModel });
    const { filenameToSignedUrls } = await demand(call, "POST", `${model}:getUploadEndpoint`, {
      filenameToSize: sizes,
    });
    for (const [name, url] of Object.entries(filenameToSignedUrls)) {
      const { pathname, search } = new URL(url);
      const size = files[name].length;
      await demand(call, "PUT", pathname + search, files[name], { "x-goog-content-length-range": `${size},${size}` });
    }
    await demand(call, "GET", `${model}:validateUpload`);
  }
  await demand(call, "POST", "/__emulator/clock:advance", { by: "10s" });
}

/** What a worker does beside writing to things, and how often. */
const deeds = [
  [0.07, advance],
  [0.08, infer],
  [0.05, upload],
  [0.04, look],
];

async function advance({ call, ledger, random }) {
  const by = `${1 + random.below(3000)}ms`;
  const { status, body } = await call("POST", "/__emulator/clock:advance", { by });
  if (status !== 200) return `advance by ${by}: ${status}`;
  ledger.note(body.now);
  return undefined;
}

async function infer({ call, random }) {
  const prompt = random.word(30);
  const { status, raw } = await call("POST", "/v1/completions", {
    model: SMALL,
    prompt,
    max_tokens: 30,
    stream: random.chance(0.3),
  });
  return status >= 500 && status !== 503 ? `completion: ${status} ${raw}` : undefined;
}

async function upload({ call, random, uploads, worker }) {
  let mine = uploads.get(worker);
  if (!mine || mine.isReady) uploads.set(worker, (mine = new Upload(`up${worker}-${random.word()}`, random)));
  return mine.run(call);
}

async function look({ call, random }) {
  const path = random.pick([
    "/__emulator/requests?pageSize=20",
    "/__emulator/usage",
    "/__emulator/events?pageSize=50",
    `${ACCOUNT}/deployments`,
  ]);
  const { status, raw } = await call("GET", path);
  return status === 200 ? undefined : `GET ${path}: ${status} ${raw}`;
}

async function writeSomething({ call, ledger, random, worker }) {
  const name = random.pick(Object.keys(kinds));
  const kind = kinds[name];
  // a thing that there is once belongs to one worker: two writes at a time have no order
  if (kind.shared && worker !== 0) return undefined;
  const id =
    kind.shared ?? (kind.isPerWorker ? addonId(worker) : `${name.toLowerCase()}-${worker}-${random.below(SLOTS)}`);
  const entry = ledger.entry(name, kind, id);
  const choices = kind.writes(id, entry.value, random.word(), entry.name);
  return choices.length > 0 ? write(call, ledger, entry, random.pick(choices)) : undefined;
}

/** The process went while it was asked. */
const isLost = ({ code, message }) => code !== undefined || /hang up|aborted|connection was lost/.test(message);

/** Works until the connection breaks. */
async function work(context, fail) {
  const { random } = context;
  for (;;) {
    let share = random.next();
    const [, deed] = deeds.find(([often]) => (share -= often) < 0) ?? [1, writeSomething];
    try {
      const wrong = await deed(context);
      if (wrong) fail("wrong", "an answer that fits what is there", wrong);
    } catch (error) {
      if (error instanceof HangError) fail("wrong", "an answer in time", error.message);
      else if (!isLost(error)) throw error;
      return;
    }
  }
}

/** Everything goes, perhaps half of it with the process; asked again, all of it. */
async function reset(server, ledger, uploads, random) {
  const isKilled = random.chance(0.5);
  const answered = server.call("POST", "/__emulator/reset", {}).catch(() => undefined);
  if (isKilled) {
    await sleep(random.between(0, 12));
    server.signal("SIGKILL");
  }
  const answer = await answered;
  ledger.reset();
  uploads.clear();
  return answer?.status === 200 || isKilled ? undefined : `reset: ${answer?.status} ${answer?.raw}`;
}

/** How a round ends: mostly at once, sometimes while the process closes. */
async function end(server, random) {
  await sleep(random.between(5, 350));
  if (random.chance(0.15)) {
    server.signal("SIGTERM");
    await sleep(random.between(0, 50));
  }
  await server.stop("SIGKILL");
}

/** Looks whether all is there that was answered, and goes on with the uploads that were broken off. */
async function checkAll({ call }, { ledger, uploads, endedAt, fail }) {
  await verify(call, ledger, endedAt, fail);
  for (const [worker, each] of uploads) {
    const wrong = await (each.isReady ? each.check(call) : each.run(call));
    if (!wrong) continue;
    fail(wrong.includes(NOBODYS) ? "wrong" : "lost", "an upload that goes on where it was", wrong);
    uploads.delete(worker);
  }
}

/** Writes from all sides until the process is killed, or a reset that may be. */
async function round(server, history, random, number) {
  const { ledger, uploads, fail } = history;
  if (!history.isPrepared) {
    await demand(server.call, "POST", "/__emulator/reset", {});
    await prepare(server.call);
    history.isPrepared = true;
  }
  if (random.chance(0.08)) {
    const wrong = await reset(server, ledger, uploads, random);
    if (wrong) fail("wrong", "a reset", wrong);
    history.isPrepared = false;
  } else {
    const workers = Array.from({ length: WORKERS }, (_, worker) =>
      work({ call: server.call, ledger, random: random.fork(`${number} ${worker}`), uploads, worker }, fail),
    );
    await end(server, random);
    await Promise.all(workers);
  }
  await server.stop("SIGKILL");
}

/** One database, killed again and again. */
async function play({ startServer, random, report, folder, until }, number) {
  const path = join(folder, `${number}.db`);
  const clock = random.pick(["manual", "manual", "real"]);
  const flags = ["--db", path, "--gpu-quota", "none", "--clock", clock, "--rate", "5", "--seed", String(number)];
  const fail = (how, expected, got) => report.fail(how, { expected, got, folder: path });
  const history = { ledger: new Ledger(), uploads: new Map(), isPrepared: false, endedAt: 0, fail };
  const rounds = 2 + random.below(ROUNDS_MAX);
  for (let done = 0, isLast = false; !isLast; done += 1) {
    isLast = done === rounds || performance.now() > until;
    const server = await startServer(...flags);
    try {
      await checkAll(server, history);
      if (!isLast) {
        await round(server, history, random, done);
        report.tried();
      }
    } finally {
      await server.stop();
      history.endedAt = performance.now();
      for (const text of server.bugs()) fail("wrong", "no internal error", text);
    }
  }
}

/** kill -9 at random instants over all kinds of writes; after each, what was answered must be there. */
export async function attack({ startServer, random, budgetMs, report, folder }) {
  const until = performance.now() + budgetMs;
  let number = 0;
  for (; performance.now() < until; number += 1) {
    try {
      await play({ startServer, random: random.fork(number), report, folder, until }, number);
    } catch (error) {
      const how = error instanceof RefusedError ? "refused" : "wrong";
      const got = how === "refused" ? error.message : error.stack;
      report.fail(how, { expected: "a server that starts and answers", got, folder: join(folder, `${number}.db`) });
    }
  }
  report.note(`${number} databases`);
}
