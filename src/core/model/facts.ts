import type { Precision } from "../../schema/hardware.ts";
import type { ModelFacts } from "../deployment/capacity.ts";
import type { Config } from "./upload.ts";

const CONTEXT_DEFAULT = 4096;

const numberOf = (config: Config, ...names: string[]): number | undefined => {
  for (const name of names) if (typeof config[name] === "number") return config[name];
  return undefined;
};

const precisions: Record<string, Precision> = { float16: "FP16", bfloat16: "BF16" };

/** What the simulation needs to know of an uploaded model: its own files say it. */
export function factsOfConfig(name: string, config: Config, parameterCount: number): ModelFacts {
  const text = (config["text_config"] ?? {}) as Config;
  const all = { ...text, ...config };
  const experts = numberOf(all, "num_local_experts", "num_experts", "n_routed_experts");
  const used = numberOf(all, "num_experts_per_tok");
  const parametersB = parameterCount / 1e9;
  return {
    name,
    modelType: typeof config["model_type"] === "string" ? config["model_type"] : "",
    parametersB,
    // a quarter of a mixture is shared by all tokens (ours)
    activeB: experts && used ? parametersB * (0.25 + (0.75 * used) / experts) : parametersB,
    moe: experts !== undefined,
    embedding: false,
    systemOne: false,
    reasoning: false,
    dimensions: numberOf(all, "hidden_size") ?? 1024,
    contextLength: numberOf(all, "max_position_embeddings", "n_positions") ?? CONTEXT_DEFAULT,
    bodyTokensMax: Infinity,
    precision: precisions[String(all["torch_dtype"] ?? all["dtype"])] ?? "BF16",
    supportsLora: true,
    accelerators: undefined,
  };
}
