import { ACCOUNT } from "./writes.mjs";

const CONFIG = Buffer.from(
  JSON.stringify({
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    max_position_embeddings: 2048,
    hidden_size: 64,
    torch_dtype: "bfloat16",
  }),
);
const FILE = "model.bin";
/** What a base model needs beside its weights. */
const SMALL_FILES = {
  "config.json": CONFIG,
  "tokenizer.json": Buffer.from("{}"),
  "tokenizer_config.json": Buffer.from(JSON.stringify({ chat_template: "{{ messages }}" })),
};
const PIECES = 4;
/** What is said of a file that is none of those that were sent. */
export const NOBODYS = "bytes that nobody sent";

const modelOf = (id) => `${ACCOUNT}/models/${id}`;
const local = (url) => {
  const { pathname, search } = new URL(url);
  return pathname + search;
};

/** Statuses of a PUT that lost against another, or has to be asked again; anything else is wrong. */
const REFUSALS = new Set([0, 308, 400, 403, 404, 409, 412, 503]);

/** One upload of a model, kept so that it can be gone on with after a kill. */
export class Upload {
  constructor(id, random) {
    this.id = id;
    this.size = 4 * (20_000 + random.below(300_000));
    this.isResumable = random.chance(0.4);
    // two clients may send the same file at the same time: one of them wins, and never a mixture
    const clients = this.isResumable ? 1 : 1 + random.below(3);
    this.contents = Array.from({ length: clients }, () => random.bytes(this.size));
    this.url = undefined;
    this.sent = 0;
    this.isSent = false;
    this.isReady = false;
    this.isMade = false;
  }

  /** Does all that is left. @returns what was wrong, or undefined */
  async run(call) {
    if (!this.isMade) {
      const model = { kind: "HF_BASE_MODEL", baseModelDetails: { checkpointFormat: "HUGGINGFACE", worldSize: 1 } };
      const { status, raw } = await call("POST", `${ACCOUNT}/models`, { modelId: this.id, model });
      // the one that was not answered may have been made
      if (status !== 200 && status !== 409) return `making ${this.id}: ${status} ${raw}`;
      this.isMade = true;
    }
    if (this.isReady) return undefined;
    if (!this.isSent) {
      const wrong = await this.#send(call);
      if (wrong) return wrong;
    }
    const { status, raw } = await call("GET", `${modelOf(this.id)}:validateUpload`);
    if (status !== 200) return `${this.id} was sent whole; validateUpload: ${status} ${raw}`;
    this.isReady = true;
    return this.check(call);
  }

  async #send(call) {
    const { status, body, raw } = await call("POST", `${modelOf(this.id)}:getUploadEndpoint`, {
      filenameToSize: {
        ...Object.fromEntries(Object.entries(SMALL_FILES).map(([name, bytes]) => [name, bytes.length])),
        [FILE]: this.size,
      },
      enableResumableUpload: this.isResumable,
    });
    if (status === 400 && String(raw).includes("uploaded already")) return undefined;
    if (status !== 200) return `getUploadEndpoint of ${this.id}: ${status} ${raw}`;
    const urls = body.filenameToSignedUrls;
    for (const [name, bytes] of Object.entries(SMALL_FILES)) {
      const answer = await put(call, local(urls[name]), bytes, bytes.length);
      if (answer.status !== 200) return `${name} of ${this.id}: ${answer.status} ${answer.raw}`;
    }
    return this.isResumable ? this.#sendPieces(call, local(urls[FILE])) : this.#sendWhole(call, local(urls[FILE]));
  }

  async #sendWhole(call, path) {
    // one that is refused before its body is read sees its connection reset
    const answers = await Promise.all(
      this.contents.map((bytes) =>
        put(call, path, bytes, this.size).catch(({ code }) => ({
          status: code === "ECONNRESET" || code === "EPIPE" ? 0 : -1,
        })),
      ),
    );
    if (answers.some(({ status }) => status === -1)) throw new Error("the connection was lost");
    const bad = answers.find(({ status }) => status !== 200 && !REFUSALS.has(status));
    if (bad) return `PUT of ${this.id}: ${bad.status} ${bad.raw}`;
    if (!answers.some(({ status }) => status === 200)) {
      const again = await put(call, path, this.contents[0], this.size);
      if (again.status !== 200) return `PUT of ${this.id}, alone: ${again.status} ${again.raw}`;
    }
    this.isSent = true;
    return undefined;
  }

  async #sendPieces(call, path) {
    const bytes = this.contents[0];
    const asked = await call("PUT", path, undefined, { "content-range": `bytes */${this.size}`, "content-length": 0 });
    if (asked.status !== 200) {
      if (asked.status !== 308) return `asking how far ${this.id} is: ${asked.status} ${asked.raw}`;
      let at = Number(/-(\d+)$/.exec(asked.headers.range ?? "")?.[1] ?? -1) + 1;
      if (at < this.sent) return `${this.id}: ${this.sent} bytes were answered, ${at} are there`;
      const step = Math.ceil(this.size / PIECES);
      while (at < this.size) {
        const end = Math.min(at + step, this.size);
        const headers = { "content-range": `bytes ${at}-${end - 1}/${this.size}` };
        const { status, raw } = await call("PUT", path, bytes.subarray(at, end), headers);
        if (status !== (end === this.size ? 200 : 308)) return `piece ${at}-${end} of ${this.id}: ${status} ${raw}`;
        this.sent = at = end;
      }
    }
    this.isSent = true;
    return undefined;
  }

  /** Whether a model that is READY has the bytes of one of those that sent it. */
  async check(call) {
    if (!this.isReady) return undefined;
    const { status, body, raw } = await call("GET", `${modelOf(this.id)}:getDownloadEndpoint`);
    if (status !== 200) return `${this.id} was READY; getDownloadEndpoint: ${status} ${raw}`;
    const file = await call("GET", local(body.filenameToSignedUrls[FILE]));
    if (file.status !== 200) return `${this.id} was READY; ${FILE}: ${file.status}`;
    if (this.contents.some((bytes) => bytes.equals(file.raw))) return undefined;
    return `${this.id}: ${file.raw.length} ${NOBODYS}; ${this.#mixture(file.raw)}`;
  }

  #mixture(raw) {
    const parts = [];
    for (let at = 0; at + 4 <= raw.length; at += 4) {
      const client = this.contents.findIndex((bytes) => bytes.compare(raw, at, at + 4, at, at + 4) === 0);
      if (parts.at(-1)?.client === client) parts.at(-1).bytes += 4;
      else parts.push({ client, bytes: 4 });
    }
    return `mixed of ${parts
      .slice(0, 6)
      .map(({ client, bytes }) => `${bytes} of client ${client}`)
      .join(", ")}`;
  }
}

const put = (call, path, bytes, size) =>
  call("PUT", path, bytes, {
    "content-type": "application/octet-stream",
    "x-goog-content-length-range": `${size},${size}`,
  });
