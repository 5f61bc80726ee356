import { ApiError } from "../error.ts";
import type { GenerationRequest } from "./request.ts";

/**
 * Tokens of one answer, over all its choices; one with logprobs counts as four (ours). Its text is made at once, and more
 * would not fit into memory.
 */
const ANSWER_TOKENS_MAX = 524_288;
const LOGPROBS_WEIGHT = 4;

/** Counts what an answer will tell. @throws ApiError invalid_request_error when it is too much */
export function newBudget({ logprobs }: GenerationRequest): (tokens: number) => void {
  let told = 0;
  return (tokens) => {
    told += logprobs ? tokens * LOGPROBS_WEIGHT : tokens;
    if (told > ANSWER_TOKENS_MAX)
      throw new ApiError(
        "invalid_request_error",
        `The answer is too long: its choices have more than ${ANSWER_TOKENS_MAX} tokens together${logprobs ? ", and with logprobs each counts as four" : ""}`,
      );
  };
}

/** How many tokens of the prompt each choice repeats. */
export function toldAgain({ rawOutput, tokenIds, endpoint, echo }: GenerationRequest, promptTokens: number): number {
  const withIds = rawOutput || (tokenIds && endpoint === "completions");
  return Math.min(echo, promptTokens) + (withIds ? promptTokens : 0);
}

/** Tokens that the prompt leaves room for (inference §2.1, context_length_exceeded_behavior). */
export function fitTokens(request: GenerationRequest, promptTokens: number, contextLength: number): number {
  if (promptTokens > contextLength) {
    throw new ApiError(
      "invalid_request_error",
      `The prompt is too long: ${promptTokens}, model maximum context length: ${contextLength}`,
    );
  }
  const room = contextLength - promptTokens;
  if (request.maxTokens > room && request.onOverflow === "error") {
    throw new ApiError(
      "invalid_request_error",
      `The prompt and max_tokens are too long: ${promptTokens} + ${request.maxTokens}, model maximum context length: ${contextLength}`,
    );
  }
  return Math.min(request.maxTokens, room);
}
