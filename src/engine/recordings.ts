import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { redactBody } from "../core/redaction/redact.ts";
import { shortDigest } from "../core/random.ts";
import type { ScriptAnswer, ScriptMatch } from "../schema/script.ts";
import type { Question } from "./canned.ts";

/** What such a request looks like, to be known again. */
const toMatch = ({ endpoint, model, messages, tools, output, turn }: Question): ScriptMatch => ({
  endpoint: endpoint as NonNullable<ScriptMatch["endpoint"]>,
  model,
  prompt: { equals: messages.join("\n") },
  turn,
  ...(tools.length > 0 ? { tools: [...tools] } : {}),
  ...(output === "text" ? {} : { responseFormat: output as "json" }),
});

/** Writes what an upstream answered as scripts, one file for each question; asked again, it is a sequence. */
export class Recordings {
  readonly #folder: string;
  readonly #answers = new Map<string, ScriptAnswer[]>();

  constructor(folder: string) {
    this.#folder = join(folder, "scripts");
  }

  /** @param known the client's secrets, which are not written down wherever they stand */
  add(question: Question, answer: ScriptAnswer, known: string[]): void {
    const match = toMatch(question);
    const id = `${question.endpoint}-${shortDigest("recording", JSON.stringify(match)).slice(0, 12)}`;
    const answers = [...(this.#answers.get(id) ?? []), answer];
    this.#answers.set(id, answers);
    const respond = answers.length === 1 ? answer : answers;
    const text = redactBody(JSON.stringify({ scripts: [{ id, match, respond }] }, undefined, 2), "words", known);
    mkdirSync(this.#folder, { recursive: true });
    const file = join(this.#folder, `${id}.json`);
    writeFileSync(`${file}.part`, `${text}\n`);
    renameSync(`${file}.part`, file);
  }
}
