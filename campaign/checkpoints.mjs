import { statSync } from "node:fs";
import { join } from "node:path";
import { RefusedError, sleep } from "./server.mjs";

const WORKERS = 4;
/** A text so long that some hundred of them fill the log to its checkpoint (4,000 pages). */
const TEXT_LENGTH = 200_000;
const MODELS = "/v1/accounts/local/models";

const sizeOf = (path) => {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
};

/** Writes one long text after another to a model of its own. */
async function work(call, id, known, random, fail) {
  for (;;) {
    const text = random.word() + "x".repeat(TEXT_LENGTH);
    const state = known.get(id);
    try {
      known.set(id, { ...state, open: text });
      const model = { kind: "HF_BASE_MODEL", baseModelDetails: { worldSize: 1 }, description: text };
      const { status, raw } = await (state
        ? call("PATCH", `${MODELS}/${id}`, { description: text })
        : call("POST", MODELS, { modelId: id, model }));
      if (status !== 200) return fail("wrong", "a write of a long text", `${status} ${String(raw).slice(0, 300)}`);
      known.set(id, { text, open: undefined });
    } catch {
      return undefined;
    }
  }
}

async function verify(call, known, fail) {
  for (const [id, { text, open }] of known) {
    const { status, body } = await call("GET", `${MODELS}/${id}`);
    const found = status === 404 ? undefined : body.description;
    if (found !== text && found !== open)
      fail(
        "lost",
        `model ${id}: ${text?.slice(0, 6)} or ${open?.slice(0, 6)}`,
        `${status} ${found?.slice(0, 6)}, ${found?.length} letters`,
      );
    if (found === undefined) known.delete(id);
    else known.set(id, { text: found, open: undefined });
  }
}

/** kill -9 while the log goes into the database: after 4,000 pages, and when the process closes. */
export async function attack({ startServer, random, budgetMs, report, folder }) {
  const until = performance.now() + budgetMs;
  const path = join(folder, "world.db");
  const known = new Map();
  const fail = (how, expected, got) => report.fail(how, { expected, got, folder: path });
  let checkpoints = 0;
  let sizeBefore = 0;
  while (performance.now() < until) {
    try {
      const server = await startServer("--db", path, "--journal-max", "100");
      await verify(server.call, known, fail);
      const workers = Array.from({ length: WORKERS }, (_, worker) =>
        work(server.call, `m${worker}`, known, random, fail),
      );
      await sleep(random.between(50, 900));
      if (random.chance(0.5)) {
        server.signal("SIGTERM");
        await sleep(random.between(0, 50));
      }
      await server.stop("SIGKILL");
      await Promise.all(workers);
      report.tried();
      // a checkpoint shows in a database that was written to
      if (sizeOf(path) !== sizeBefore) checkpoints += 1;
      sizeBefore = sizeOf(path);
    } catch (error) {
      fail(error instanceof RefusedError ? "refused" : "wrong", "a server that starts and answers", error.message);
      return;
    }
  }
  const server = await startServer("--db", path);
  await verify(server.call, known, fail);
  await server.stop();
  report.note(`${checkpoints} changed the file's size`);
}
