import { pbkdf2 } from "node:crypto";
import { stat } from "node:fs/promises";
import { promisify } from "node:util";
import type { Emulator } from "../../src/index.ts";

/** A safetensors file with weights of 16 bits, all zero. */
export function safetensors(tensors: Record<string, number[]>): Buffer {
  let end = 0;
  const entries = Object.entries(tensors).map(([name, shape]) => {
    const start = end;
    end += 2 * shape.reduce((product, each) => product * each, 1);
    return [name, { dtype: "BF16", shape, data_offsets: [start, end] }];
  });
  const header = Buffer.from(JSON.stringify({ __metadata__: { format: "pt" }, ...Object.fromEntries(entries) }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.alloc(end)]);
}

export const config = {
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  max_position_embeddings: 2048,
  hidden_size: 64,
  torch_dtype: "bfloat16",
};

/** A small base model, as Hugging Face would have it. */
export const baseFiles = (): Record<string, Buffer> => ({
  "config.json": Buffer.from(JSON.stringify(config)),
  "model.safetensors": safetensors({ "model.embed_tokens.weight": [1000, 64], "lm_head.weight": [64, 1000] }),
  "tokenizer.json": Buffer.from("{}"),
  "tokenizer_config.json": Buffer.from(JSON.stringify({ chat_template: "{{ messages }}" })),
});

export const addonFiles = (key = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight") => ({
  "adapter_config.json": Buffer.from(JSON.stringify({ r: 8, target_modules: ["q_proj"] })),
  "adapter_model.safetensors": safetensors({ [key]: [8, 64] }),
});

export const sizesOf = (files: Record<string, Buffer>): Record<string, number> =>
  Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, bytes.length]));

/** Sends one file by its signed URL. */
export const send = (emulator: Emulator, url: string, bytes: Buffer, size = bytes.length): Promise<Response> =>
  emulator.fetch(url, {
    method: "PUT",
    headers: { "content-type": "application/octet-stream", "x-goog-content-length-range": `${size},${size}` },
    body: new Uint8Array(bytes),
  });

type Call = (method: string, path: string, body?: unknown) => Promise<{ status: number; body: any }>;

/** Asks where to send files, and sends them. */
export async function upload(
  emulator: Emulator,
  call: Call,
  model: string,
  files: Record<string, Buffer>,
): Promise<void> {
  const { body } = await call("POST", `/v1/${model}:getUploadEndpoint`, { filenameToSize: sizesOf(files) });
  for (const [name, url] of Object.entries<string>(body.filenameToSignedUrls)) {
    const { status } = await send(emulator, url, files[name]!);
    if (status !== 200) throw new Error(`${name}: HTTP ${status}`);
  }
}

export const baseModel = {
  kind: "HF_BASE_MODEL",
  baseModelDetails: { checkpointFormat: "HUGGINGFACE", worldSize: 1, huggingfaceFiles: ["config.json"] },
};

export const addonOf = (base: string) => ({
  kind: "HF_PEFT_ADDON",
  peftDetails: { baseModel: base, r: 8, targetModules: ["q_proj"] },
});

/** A model that was uploaded and is READY. */
export async function readyModel(
  emulator: Emulator,
  call: Call,
  id: string,
  model: object,
  files: Record<string, Buffer>,
): Promise<string> {
  await call("POST", "/v1/accounts/local/models", { modelId: id, model });
  const name = `accounts/local/models/${id}`;
  await upload(emulator, call, name, files);
  const { status, body } = await call("GET", `/v1/${name}:validateUpload`);
  if (status !== 200) throw new Error(JSON.stringify(body));
  return name;
}

/** Keeps Node's file threads busy for a moment, then lets what has queued up behind run. */
export async function occupyThreads(): Promise<void> {
  const [hash, many] = [promisify(pbkdf2), Array.from({ length: 16 })];
  await Promise.all(many.map(() => hash("", "", 50_000, 64, "sha512")));
  await Promise.all(many.map(() => stat(".")));
}
