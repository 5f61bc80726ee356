import { ApiError } from "../core/error.ts";
import { embed, logits, relevance } from "../core/generation/embedding.ts";
import { countTokens } from "../core/generation/token.ts";
import { factsOf } from "../engine/models.ts";
import type { EmbeddingRequest, RerankRequest } from "../schema/embedding.ts";
import { embeddingRequest, embeddingResponse, rerankRequest, rerankResponse } from "../schema/embedding.ts";
import { decodeInferenceBody } from "./body.ts";
import type { Input } from "./wordless.ts";
import { instead, runOn } from "./wordless.ts";
import type { Call, Reply, Route } from "./route.ts";

const refuse = (message: string): ApiError => new ApiError("invalid_request_error", message);

/** An object is rendered by the template, `{{field}}` or `{field}`; without one it is its JSON. */
function render(input: Record<string, unknown>, template: string | null | undefined): string {
  if (!template) return JSON.stringify(input);
  return template.replace(/\{\{?\s*(\w+)\s*\}?\}/g, (_, name: string) => {
    const value = Object.hasOwn(input, name) ? input[name] : undefined;
    return typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);
  });
}

function toInputs({ input, prompt_template: template }: EmbeddingRequest): Input[] {
  const list = (Array.isArray(input) && typeof input[0] !== "number" ? input : [input]) as (
    | string
    | number[]
    | Record<string, unknown>
  )[];
  return list.map((each) => {
    if (Array.isArray(each)) return { text: each.map(String).join(" "), tokens: each.length };
    const text = typeof each === "string" ? each : render(each, template);
    return { text, tokens: countTokens(text) };
  });
}

const toBase64 = (vector: readonly number[]): string => {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [at, value] of vector.entries()) bytes.writeFloatLE(value, at * 4);
  return bytes.toString("base64");
};

async function embeddings(call: Call): Promise<Reply | Response> {
  const request = decodeInferenceBody(embeddingRequest, call.text);
  const inputs = toInputs(request);
  const texts = inputs.map(({ text }) => text);
  const canned = await instead(call, "embeddings", request.model, texts.at(-1)!, texts);
  if (canned) return canned;
  const { body, headers, metrics } = await runOn(call, request.model, inputs, (target, usage) => {
    const size = factsOf(call.world, target.model.name)!.dimensions;
    const dimensions = request.dimensions ?? size;
    if (dimensions > size) throw refuse(`dimensions must be between 1 and ${size}: ${dimensions}`);
    const { return_logits: ids, normalize } = request;
    const toVector = ({ text }: Input): number[] =>
      ids
        ? logits(target.model.name, text, ids.length > 0 ? ids : [...Array(dimensions).keys()], normalize ?? false)
        : embed(target.model.name, text, size, dimensions);
    const data = inputs.map((input, index) => {
      const vector = toVector(input);
      return {
        object: "embedding",
        index,
        embedding: request.encoding_format === "base64" ? toBase64(vector) : vector,
      };
    });
    return { object: "list", data, model: target.echo, usage };
  });
  return { body: request.perf_metrics_in_response ? { ...body, perf_metrics: metrics } : body, headers };
}

const RERANKER = "fireworks/qwen3-reranker-8b";

function rank({ query, documents, top_n: most, return_documents: shown }: RerankRequest, model: string): object[] {
  return documents
    .map((document, index) => ({ index, relevance_score: relevance(model, query, document), document }))
    .sort((left, right) => right.relevance_score - left.relevance_score || left.index - right.index)
    .slice(0, most ?? undefined)
    .map(({ document, ...rest }) => (shown === false ? rest : { ...rest, document }));
}

async function rerank(call: Call): Promise<Reply | Response> {
  const request = decodeInferenceBody(rerankRequest, call.text);
  const { query, task } = request;
  const canned = await instead(call, "rerank", request.model ?? RERANKER, query, [query, ...request.documents]);
  if (canned) return canned;
  const asked = countTokens(query) + countTokens(task ?? "");
  const inputs = request.documents.map((text) => ({ text, tokens: asked + countTokens(text) }));
  const { body, headers } = await runOn(call, request.model ?? RERANKER, inputs, ({ model, echo }, usage) => ({
    object: "list",
    model: request.model ?? echo,
    [call.world.parts.config.rerankKey]: rank(request, model.name),
    usage,
  }));
  return { body, headers };
}

/** Texts to vectors, and to an order (inference §6). */
export function embeddingRoutes(): Route[] {
  const own = { method: "POST", plane: "inference", tag: "Inference" } as const;
  return [
    {
      ...own,
      path: "/inference/v1/embeddings",
      aliases: ["/v1/embeddings"],
      summary: "Turn texts into vectors",
      body: embeddingRequest,
      result: embeddingResponse,
      handle: embeddings,
    },
    {
      ...own,
      path: "/inference/v1/rerank",
      aliases: ["/v1/rerank"],
      summary: "Order documents by how well they answer a query",
      body: rerankRequest,
      result: rerankResponse,
      handle: rerank,
    },
  ];
}
