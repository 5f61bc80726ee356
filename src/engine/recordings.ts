import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { redact } from "../core/redact.ts";
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

  /** @param secret the client's key, which is not written down wherever it stands */
  add(question: Question, answer: ScriptAnswer, secret: string | undefined): void {
    const match = toMatch(question);
    const id = `${question.endpoint}-${shortDigest("recording", JSON.stringify(match)).slice(0, 12)}`;
    const answers = [...(this.#answers.get(id) ?? []), answer];
    this.#answers.set(id, answers);
    const respond = answers.length === 1 ? answer : answers;
    const text = redact(JSON.stringify({ scripts: [{ id, match, respond }] }, undefined, 2), secret);
    mkdirSync(this.#folder, { recursive: true });
    const file = join(this.#folder, `${id}.json`);
    writeFileSync(`${file}.part`, `${text}\n`);
    renameSync(`${file}.part`, file);
  }
}
