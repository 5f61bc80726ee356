/** Fields of vLLM and NIM that the service translates or drops before it checks a body (inference §3.3). */

type Body = Record<string, unknown>;

const dropped = [
  "guided_regex",
  "guided_decoding_backend",
  "stop_token_ids",
  "include_stop_str_in_output",
  "skip_special_tokens",
  "spaces_between_special_tokens",
  "best_of",
  "use_beam_search",
  "add_generation_prompt",
  "continue_final_message",
  "add_special_tokens",
  "detokenize",
  "allowed_token_ids",
  "bad_words",
  "include_reasoning",
  "nvext",
] as const;

/** What each field becomes; a field that the client set itself wins. */
const translations: Record<string, (value: unknown) => Body> = {
  chat_template_kwargs: (value) => {
    const { enable_thinking: one, thinking: other } = (value ?? {}) as Body;
    return one === false || other === false ? { reasoning_effort: "none" } : {};
  },
  reasoning_budget: (value) => (typeof value === "number" ? { reasoning_effort: value } : {}),
  low_effort: (value) => (value === true ? { reasoning_effort: "low" } : {}),
  truncate_prompt_tokens: (value) => ({ prompt_truncate_len: value }),
  // of several guides the first wins
  guided_json: (value) => ({
    response_format: { type: "json_schema", json_schema: { name: "response", schema: value } },
  }),
  guided_grammar: (value) => ({ response_format: { type: "grammar", grammar: value } }),
  guided_choice: (value) => ({
    response_format: { type: "json_schema", json_schema: { name: "choice", schema: { enum: value } } },
  }),
};

const isForeign = (key: string): boolean =>
  Object.hasOwn(translations, key) || (dropped as readonly string[]).includes(key);

/** The body in the service's own fields; the same object when there is nothing to do. */
export function translate(input: unknown): unknown {
  if (typeof input !== "object" || input === null || Array.isArray(input)) return input;
  if (!Object.keys(input).some(isForeign)) return input;
  const body: Body = { ...(input as Body) };
  for (const key of dropped) delete body[key];
  for (const [key, toOwn] of Object.entries(translations)) {
    if (!Object.hasOwn(body, key)) continue;
    const value = body[key];
    delete body[key];
    for (const [name, own] of Object.entries(toOwn(value))) body[name] ??= own;
  }
  return body;
}
