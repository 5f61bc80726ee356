import { tokenId } from "../generation/token.ts";
import type { Answer, FinishPart, TokenPart } from "./answer.ts";
import { extrasOf, toChoices } from "./choice.ts";
import type { StreamOptions, Style, Write } from "./format.ts";
import { toLogprobs } from "./logprobs.ts";

/** JSON of what a piece tells besides its text; it begins with a comma, or is nothing. */
function pieceExtras({ request }: Answer, part: TokenPart, from: number, to: number, offset: number): string {
  let text = "";
  if (request.logprobs && part.infos)
    text += `,"logprobs":${JSON.stringify(toLogprobs(request.logprobs, part.infos.slice(from, to), offset))}`;
  if (request.tokenIds) text += `,"token_ids":${JSON.stringify(part.tokens.slice(from, to).map(tokenId))}`;
  return text;
}

/** What one choice says, and how it ends. */
interface Lane {
  choice: number;
  parts: TokenPart[];
  finish: FinishPart;
}

function toLanes(parts: Answer["parts"]): Lane[] {
  const lanes: Lane[] = [];
  let said: TokenPart[] = [];
  for (const part of parts) {
    if (part.type !== "finish") said.push(part);
    else {
      lanes.push({ choice: part.choice, parts: said, finish: part });
      said = [];
    }
  }
  return lanes;
}

/** Writes the chunks of an answer: framing of inference §4.1, order of §4.2. */
export class Chunks {
  readonly #answer: Answer;
  readonly #style: Style;
  readonly #options: StreamOptions;
  readonly #head: string;
  readonly #tail: string;
  #write: Write;

  constructor(answer: Answer, style: Style, options: StreamOptions, write: Write) {
    this.#answer = answer;
    this.#style = style;
    this.#options = options;
    this.#write = write;
    this.#head = `data: {"id":"${answer.id}","object":"${style.chunkObject}","created":${answer.created},"model":${JSON.stringify(answer.model)},"choices":[`;
    this.#tail = `],"usage":null}\n\n`;
  }

  all(): void {
    const lanes = toLanes(this.#answer.parts);
    if (lanes.length === 1) {
      this.#tell(lanes[0]!);
      this.#finish(lanes[0]!.finish, true);
    } else this.#interleave(lanes);
    const { request, usage } = this.#answer;
    if (request.includeUsage) this.#write(`${this.#head}],"usage":${JSON.stringify(usage)}${this.#perf()}}\n\n`, 0);
    this.#write("data: [DONE]\n\n", 0);
  }

  /** Several choices are made side by side: a chunk of each in turn, and each ends when it is done. */
  #interleave(lanes: readonly Lane[]): void {
    const write = this.#write;
    const told = lanes.map((lane) => {
      const frames: Parameters<Write>[] = [];
      this.#write = (frame, tokens) => void frames.push([frame, tokens]);
      this.#tell(lane);
      return frames;
    });
    this.#write = write;
    const longest = Math.max(...told.map(({ length }) => length));
    const last = told.findLastIndex(({ length }) => length === longest);
    for (let at = 0; at <= longest; at += 1)
      for (const [lane, frames] of told.entries()) {
        if (at < frames.length) write(...frames[at]!);
        else if (at === frames.length) this.#finish(lanes[lane]!.finish, lane === last);
      }
  }

  #tell({ choice, parts }: Lane): void {
    this.#open(choice);
    let offset = 0;
    for (const part of parts) offset = this.#tokens(part, offset);
  }

  #perf(): string {
    const { perfMetrics } = this.#answer;
    return perfMetrics ? `,"perf_metrics":${JSON.stringify(perfMetrics)}` : "";
  }

  #open(choice: number): void {
    const { request, promptIds } = this.#answer;
    const ids = request.tokenIds ? promptIds[Math.floor(choice / request.choices)] : undefined;
    const { open, isChat } = this.#style;
    if (open !== undefined) {
      const tail = ids && choice === 0 ? `],"usage":null,"prompt_token_ids":${JSON.stringify(ids)}}\n\n` : this.#tail;
      this.#write(`${this.#head}{"index":${choice},${open},"finish_reason":null}${tail}`, 0);
    } else if (ids && !isChat)
      this.#write(
        `${this.#head}{"index":${choice},"text":"","logprobs":null,"finish_reason":null,"prompt_token_ids":${JSON.stringify(ids)}}${this.#tail}`,
        0,
      );
  }

  /** @param offset characters that the choice has said before @returns those with the part */
  #tokens(part: TokenPart, offset: number): number {
    const { chunkTokens } = this.#options;
    const isPlain = !part.infos && !this.#answer.request.tokenIds;
    const before = `${this.#head}{"index":${part.choice},`;
    const after = `,"finish_reason":null}${this.#tail}`;
    if (part.type === "call") this.#write(before + this.#style.header(part) + after, 0);
    if (isPlain && chunkTokens === 1) {
      for (const token of part.tokens) this.#write(before + this.#style.delta(part, token) + after, 1);
      return offset;
    }
    let said = offset;
    for (let from = 0; from < part.tokens.length; from += chunkTokens) {
      const to = Math.min(from + chunkTokens, part.tokens.length);
      const text = part.tokens.slice(from, to).join("");
      const extras = pieceExtras(this.#answer, part, from, to, said);
      // the key is there already where nothing is asked for
      const fields = this.#style
        .delta(part, text)
        .replace(extras.startsWith(',"logprobs"') ? /,"logprobs":null$/ : /$^/, "");
      said += text.length;
      this.#write(`${before}${fields},"finish_reason":null${extras}}${this.#tail}`, to - from);
    }
    return said;
  }

  #finish({ choice: index, reason }: FinishPart, isLast: boolean): void {
    const answer = this.#answer;
    const { includeUsage, rawOutput } = answer.request;
    const raw = rawOutput
      ? `,"raw_output":${JSON.stringify(
          extrasOf(
            answer,
            toChoices(answer).find((choice) => choice.index === index)!,
            true,
          )["raw_output"],
        )}`
      : "";
    // the last chunk of all tells what is to be told: usage, where it belongs there, and how it went
    const isTelling = isLast && !includeUsage;
    const usage =
      isTelling && includeUsage === undefined && this.#options.usage === "last-chunk"
        ? JSON.stringify(answer.usage)
        : "null";
    const tail = `],"usage":${usage}${isTelling ? this.#perf() : ""}}\n\n`;
    this.#write(`${this.#head}{"index":${index},${this.#style.finish},"finish_reason":"${reason}"${raw}}${tail}`, 0);
  }
}
