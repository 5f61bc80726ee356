import type { CompletionRequest } from "../../schema/completion.ts";
import { ApiError } from "../error.ts";
import type { ToolUse } from "../generation/tools.ts";
import type { Piece, Prompt } from "./prompt.ts";
import { BEGIN, image } from "./prompt.ts";
import type { GenerationRequest } from "./request.ts";
import { decodeSampling } from "./sampling-request.ts";

/** Most choices of one request, prompts x n. */
const ALL_CHOICES_MAX = 1024;
const PLACEHOLDER = "<image>";

const begin: readonly number[] = [BEGIN];

function toPrompt(prompt: string | number[]): Prompt {
  // token ids have no text here: their numbers stand for it
  if (typeof prompt !== "string") return { last: "", said: [prompt.join(" ")], pieces: [prompt] };
  if (!prompt.includes(PLACEHOLDER)) return { last: prompt, said: [prompt], pieces: [begin, prompt] };
  const pieces: Piece[] = prompt.split(PLACEHOLDER).flatMap((text, at) => (at === 0 ? [begin, text] : [image, text]));
  return { last: prompt.replaceAll(PLACEHOLDER, ""), said: [prompt], pieces };
}

function toPrompts(prompt: CompletionRequest["prompt"]): Prompt[] {
  if (typeof prompt === "string") return [toPrompt(prompt)];
  return typeof prompt[0] === "number"
    ? [toPrompt(prompt as number[])]
    : (prompt as (string | number[])[]).map(toPrompt);
}

/** As many images as placeholders, for every prompt (inference §2.1). */
function checkImages(images: string[][], prompt: CompletionRequest["prompt"]): void {
  const prompts = typeof prompt === "string" ? [prompt] : prompt;
  for (const [at, text] of prompts.entries()) {
    const places = typeof text === "string" ? text.split(PLACEHOLDER).length - 1 : 0;
    const given = images[at]?.length ?? 0;
    if (places !== given)
      throw new ApiError(
        "invalid_request_error",
        `The number of images (${given}) must equal the number of ${PLACEHOLDER} placeholders in the prompt (${places})`,
      );
  }
}

const NO_TOOLS: ToolUse = { tools: [], choice: { mode: "none" }, parallel: false, afterTool: false };

/** POST /v1/completions -> canonical request. @throws ApiError */
export function decodeCompletion(body: CompletionRequest): GenerationRequest {
  const given = body.images ?? [];
  const images = typeof given[0] === "string" ? [given as string[]] : (given as string[][]);
  if (images.length > 0) checkImages(images, body.prompt);
  // no spread: an object of so many fields would be a slow one
  const request = Object.assign(decodeSampling(body), {
    endpoint: "completions" as const,
    turn: 1,
    prompts: toPrompts(body.prompt),
    continues: true,
    images: images.flat(),
    toolUse: NO_TOOLS,
    content: typeof body.prompt === "string" ? body.prompt : JSON.stringify(body.prompt),
  });
  if (request.prompts.length * request.choices > ALL_CHOICES_MAX) {
    throw new ApiError(
      "invalid_request_error",
      `prompts x n must be between 1 and ${ALL_CHOICES_MAX}: ${request.prompts.length * request.choices}`,
    );
  }
  return request;
}
