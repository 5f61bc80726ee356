import type { TokenInfo } from "../generation/logprob.ts";
import type { Logprobs } from "./request.ts";

const bytesOf = (text: string): number[] => [...Buffer.from(text)];

function toLegacy(infos: readonly TokenInfo[], offset: number): object {
  let at = offset;
  return {
    tokens: infos.map(({ token }) => token),
    token_logprobs: infos.map(({ logprob }) => logprob),
    top_logprobs: infos.map(({ top }) => Object.fromEntries(top.map(({ token, logprob }) => [token, logprob]))),
    text_offset: infos.map(({ token }) => (at += token.length) - token.length),
    token_ids: infos.map(({ id }) => id),
  };
}

function toContent(infos: readonly TokenInfo[], offset: number): object {
  let at = offset;
  return {
    content: infos.map(({ token, id, logprob, samplingLogprob, top, routing }) => ({
      token,
      logprob,
      sampling_logprob: samplingLogprob,
      bytes: bytesOf(token),
      top_logprobs: top.map((each) => ({
        token: each.token,
        logprob: each.logprob,
        token_id: each.id,
        bytes: bytesOf(each.token),
      })),
      token_id: id,
      text_offset: (at += token.length) - token.length,
      ...(routing === undefined ? {} : { routing_matrix: routing }),
    })),
  };
}

/**
 * The logprobs of a choice, or of a piece of it, in the shape that was asked for (inference §2.4).
 * @param offset characters of the choice that stand before
 */
export const toLogprobs = ({ shape }: Logprobs, infos: readonly TokenInfo[], offset: number): object =>
  shape === "legacy" ? toLegacy(infos, offset) : toContent(infos, offset);
