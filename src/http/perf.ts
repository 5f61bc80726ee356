import type { Served } from "../engine/inference.ts";
import { NO_LIMITS } from "../engine/rate-limit.ts";
import { accept } from "../core/generation/speculation.ts";
import { idOf } from "../core/name.ts";
import { SECOND } from "../core/time.ts";
import type { Usage } from "../schema/completion.ts";
import type { Model } from "../schema/model.ts";
import type { Ms } from "../core/time.ts";

const seconds = (span: Ms): string => (span / SECOND).toFixed(3);

const samplingTexts = new WeakMap<Model, string>();

function samplingText(model: Model): string {
  let text = samplingTexts.get(model);
  if (text === undefined) samplingTexts.set(model, (text = JSON.stringify(model.defaultSamplingParams)));
  return text;
}

/** As much of an answer as its headers tell of. */
type Timed = Omit<Served, "answer" | "offsets"> & {
  answer: { usage: Pick<Usage, "prompt_tokens" | "prompt_tokens_details"> } & Partial<
    Pick<Served["answer"], "predicted" | "completionTokens" | "request">
  >;
};

/** How speculation went: the client's prediction, and the deployment's draft model (inference §8.1). */
function speculationHeaders({ answer, target: { deployment } }: Timed): Record<string, string> {
  const headers: Record<string, string> = {};
  const { predicted, completionTokens = 0, request } = answer;
  if (predicted) {
    headers["fireworks-speculation-prompt-tokens"] = String(predicted.tokens);
    headers["fireworks-speculation-prompt-matched-tokens"] = String(predicted.matched);
  }
  const draftTokens = deployment?.spec.draftTokenCount ?? 0;
  if (draftTokens > 0 && request) {
    const { generated, hits, rounds } = accept(draftTokens, completionTokens, request.acceptance);
    headers["fireworks-speculation-generated-tokens"] = String(generated);
    headers["fireworks-speculation-acceptance"] = hits.map((hit, at) => `${at + 1}:${hit}/${rounds}`).join(",");
  }
  return headers;
}

/** Headers that say how a request went (inference §8.1): the whole set on bodies, the first three on streams. */
export function perfHeaders(timed: Timed, stream: boolean): Record<string, string> {
  const { answer, flight, target, limits } = timed;
  const { deployment, model } = target;
  const promptTokens = String(answer.usage.prompt_tokens);
  const cachedTokens = String(answer.usage.prompt_tokens_details.cached_tokens);
  const firstToken = seconds(flight.firstTokenAt - flight.admittedAt);
  const headers: Record<string, string> = stream
    ? {
        "fireworks-prompt-tokens": promptTokens,
        "fireworks-cached-prompt-tokens": cachedTokens,
        "fireworks-server-time-to-first-token": firstToken,
      }
    : {
        "fireworks-prompt-tokens": promptTokens,
        "fireworks-cached-prompt-tokens": cachedTokens,
        "fireworks-server-time-to-first-token": firstToken,
        "fireworks-server-processing-time": seconds(flight.endAt - flight.admittedAt),
        "fireworks-sampling-options": samplingText(model),
      };
  if (limits !== NO_LIMITS) Object.assign(headers, limits);
  if (!stream && (answer.predicted || deployment)) Object.assign(headers, speculationHeaders(timed));
  return deployment ? Object.assign(headers, dedicatedHeaders(timed, deployment.name, stream)) : headers;
}

/** What only a deployment of one's own tells. */
function dedicatedHeaders({ flight, concurrent }: Timed, name: string, stream: boolean): Record<string, string> {
  if (stream) return { "fireworks-deployment": name };
  return {
    "fireworks-deployment": name,
    "fireworks-backend-host": `${idOf(name)}-${flight.replica}`,
    "fireworks-num-concurrent-requests": String(concurrent),
    "fireworks-tokenizer-queue-duration": "0.000",
    "fireworks-tokenizer-duration": "0.000",
    "fireworks-prefill-queue-duration": seconds(flight.startAt - flight.admittedAt),
    "fireworks-prefill-duration": seconds(flight.firstTokenAt - flight.startAt),
    "fireworks-generation-queue-duration": "0.000",
    "fireworks-generation-duration": seconds(flight.endAt - flight.firstTokenAt),
  };
}

/** The whole set for a body, under the headers' names without `fireworks-`. */
export function perfMetrics(served: Timed): Record<string, string> {
  const headers = Object.entries(perfHeaders({ ...served, limits: {} }, false));
  return Object.fromEntries(headers.map(([name, value]) => [name.slice("fireworks-".length), value]));
}
