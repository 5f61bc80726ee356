/** What a client makes of a stream of completions or chat: the body that it would have been. */

interface Chunk {
  id: string;
  object: string;
  created: number;
  model: string;
  prompt_token_ids?: number[];
  perf_metrics?: object;
  choices: any[];
  usage: unknown;
}

/** The chunks of a stream. @throws when it does not end as one */
export function chunksOf(text: string): any[] {
  if (!text.endsWith("data: [DONE]\n\n")) throw new Error(`not the end of a stream: ${text.slice(-80)}`);
  return text
    .split("\n\n")
    .slice(0, -2)
    .map((frame) => JSON.parse(frame.replace(/^data: /, "")) as Chunk);
}

/** Lists grow, numbers and texts stay: both shapes of logprobs are joined alike. */
function joinLogprobs(known: any, piece: any): any {
  if (!piece) return known;
  if (!known) return structuredClone(piece);
  for (const [key, list] of Object.entries(piece)) known[key].push(...(list as unknown[]));
  return known;
}

function addDelta(message: any, { content, reasoning_content: reasoning, tool_calls: calls }: any): void {
  if (content) message.content = (message.content ?? "") + content;
  if (reasoning) message.reasoning_content = (message.reasoning_content ?? "") + reasoning;
  for (const { index, function: part, ...header } of calls ?? []) {
    message.tool_calls ??= [];
    message.tool_calls[index] ??= { index, ...header, function: { name: part.name, arguments: "" } };
    message.tool_calls[index].function.arguments += part.arguments;
  }
}

function addPiece(
  choice: any,
  { text, delta, logprobs, token_ids: ids, prompt_token_ids: promptIds, raw_output: raw, finish_reason: finish }: any,
): void {
  if (delta) addDelta(choice.message, delta);
  else choice.text += text;
  choice.logprobs = joinLogprobs(choice.logprobs, logprobs);
  if (ids) choice.token_ids = [...(choice.token_ids ?? []), ...ids];
  if (promptIds) choice.prompt_token_ids = promptIds;
  if (raw) choice.raw_output = raw;
  if (finish) choice.finish_reason = finish;
}

export function fold(text: string): any {
  const chunks = chunksOf(text) as Chunk[];
  const isChat = chunks[0]!.object.startsWith("chat");
  const choices: any[] = [];
  const body: any = {};
  for (const chunk of chunks) {
    if (chunk.usage) body.usage = chunk.usage;
    if (chunk.perf_metrics) body.perf_metrics = chunk.perf_metrics;
    if (chunk.prompt_token_ids) body.prompt_token_ids = chunk.prompt_token_ids;
    for (const piece of chunk.choices) {
      choices[piece.index] ??= isChat
        ? { index: piece.index, message: { role: "assistant", content: null } }
        : { index: piece.index, text: "", logprobs: null };
      addPiece(choices[piece.index], piece);
    }
  }
  for (const choice of choices) {
    // no token, no piece: what was asked for is there all the same, and empty
    if (isChat && choice.message.content === null && !choice.message.tool_calls) choice.message.content = "";
    if (choice.logprobs === undefined) delete choice.logprobs;
  }
  const { id, object, created, model } = chunks[0]!;
  return { id, object: object.replace(".chunk", ""), created, model, choices, ...body };
}
