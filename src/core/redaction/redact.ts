import type { Place } from "./fields.ts";
import { fieldsOf, secrecyOf, wordsOf } from "./fields.ts";
import { hideInJson, unescapePlain } from "./json.ts";
import { hasPlainEscape, mayHaveTokens } from "./suspicion.ts";
import { headOf, hideTokens, learn, namesAwsKey, REDACTED } from "./tokens.ts";

/** A secret of such characters alone looks the same in JSON as in a header. */
const isPlain = (secret: string): boolean => /^[\w.~+=-]*$/.test(secret);

const mayHave = (text: string, secret: string): boolean =>
  text.includes(headOf(secret)) || (!isPlain(secret) && text.includes("\\"));

/** Whether secrets may stand in any text of a body, not only in fields that are made for them. */
function mayHaveSecrets(text: string, known: readonly string[]): boolean {
  if (mayHaveTokens(text)) return true;
  for (const secret of known) if (mayHave(text, secret)) return true;
  return false;
}

/** JSON that is a text in JSON, such as the arguments of a call. */
const looksLikeJson = (text: string): boolean => /^\s*[{[]/.test(text);

/** A text that is no JSON: after the name of a secret field nothing is kept, for nobody knows where its value ends. */
function hideInBroken(text: string, place: Place, known: readonly string[]): string {
  const plain = unescapePlain(text);
  const name = wordsOf[place]?.exec(plain);
  const end = name ? name.index + name[0].length : plain.length;
  const hidden = hideTokens(plain.slice(0, end), known) + (name ? ` ${REDACTED}` : "");
  return hidden === plain ? text : hidden;
}

/**
 * A body without its secrets: those that show by their form (`tokens.ts`), those of fields that are made for secrets
 * (`fields.ts`), and those that are known. What has none is the same text.
 * @param known secrets to hide wherever they stand; what secret fields hold is added
 * @param isOfAws whether an AWS key is named in what the text is a part of
 */
export function redactBody(text: string, place: Place, known: string[], isOfAws = false): string {
  const isAnywhere = isOfAws || mayHaveSecrets(text, known);
  // changes are rare and small, and a name of a field may be written in many ways: they are always gone through
  if (text === "" || (!isAnywhere && fieldsOf[place].size === 0)) return text;
  const knownBefore = known.length;
  const besideAwsKey = isOfAws || (isAnywhere && namesAwsKey(text));
  const hide = (word: string): string => {
    // an escape in a text that was read already is one of JSON in JSON
    if (hasPlainEscape(word) || (place !== "words" && looksLikeJson(word))) return redactBody(word, place, known);
    return besideAwsKey || (isAnywhere && mayHaveSecrets(word, known)) ? hideTokens(word, known, besideAwsKey) : word;
  };
  const hidden = hideInJson(text, {
    secrecyOf: (field) => secrecyOf(fieldsOf[place], field),
    hide,
    onSecret: (secret) => learn(known, secret),
  });
  if (hidden === undefined) return hideInBroken(text, place, known);
  // what a field held may stand before it too
  return known.length > knownBefore ? redactBody(hidden, place, known) : hidden;
}

/** A name, a header, or a line of a log without its secrets. */
export const redactText = (text: string, known: readonly string[]): string =>
  mayHaveSecrets(text, known) ? hideTokens(text, known) : text;

/** A path without its secrets, which may stand in it percent-encoded. */
export function redactPath(path: string, known: readonly string[]): string {
  if (!path.includes("%")) return redactText(path, known);
  let plain: string;
  try {
    plain = decodeURIComponent(path);
  } catch {
    // the good escapes of a path that has broken ones too
    plain = path.replaceAll(/%([2-7][0-9a-fA-F])/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
  const hidden = redactText(plain, known);
  return hidden === plain ? path : hidden;
}
