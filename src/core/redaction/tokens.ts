/** Stands where a secret stood. */
export const REDACTED = "[redacted]";

/** A shorter secret is a word that may stand anywhere: it is hidden in its own place alone. */
const SECRET_MIN = 12;
/** So much of its beginning is known for a piece of it where a text was cut short; a longer piece than this is not. */
const [HEAD_LENGTH, CUT_MAX] = [8, 256];
/** So many of one request are looked for outside of their fields too: a body of thousands must not take seconds. */
const KNOWN_MAX = 100;

/**
 * Tokens that show by their form, wherever they stand: at the beginning of an answer with a capital. What may be long is
 * followed by nothing that may be missing.
 */
const tokenForms: Record<string, string> = {
  fireworks: String.raw`[fF](?:w|pk)_\w{6,}`,
  openaiOrAnthropic: String.raw`[sS]k-[\w-]{16,}`,
  github: String.raw`[gG](?:h[pousr]|ithub_pat)_\w{20,}`,
  huggingFace: "[hH]f_[A-Za-z0-9]{20,}",
  awsAccessKeyId: "A(?:KIA|SIA)[0-9A-Z]{12,}",
  google: String.raw`AIza[\w-]{30,}`,
  slack: String.raw`[xX]ox[a-z]-[\w-]{10,}`,
  jsonWebToken: String.raw`[eE]yJ[\w-]{8,}(?:\.[\w-]*){0,2}`,
  // its beginning, where a message or an answer was cut short
  cut: String.raw`(?:[fF](?:w|pk)_|[sS]k-|[gG](?:h[pousr]|ithub_pat)_|[hH]f_|A(?:KIA|SIA|Iza)|[xX]ox[a-z]-|[eE]yJ)[\w-]{4,60}(?=\.\.\.|$)`,
};
/** A token begins a word: it follows no letter or digit, but for one that is escaped, as of a new line. */
const TOKEN = new RegExp(String.raw`(?<!(?<!\\)[A-Za-z0-9])(?:${Object.values(tokenForms).join("|")})`, "g");

/** Secrets that show by what stands before them, which is their first group; and what texts without them lack. */
const placedSecrets: Record<string, { mark: string; form: RegExp }> = {
  parameterOfUrl: {
    mark: "=",
    form: /([?&](?:x-(?:amz|goog)-(?:signature|credential|security-token)|signature|sig|api[_-]?key|key|(?:access_|session_)?token)=)[^&\s"'<>\\#]+/gi,
  },
  passwordInUrl: { mark: "@", form: /(:\/\/[^\s/:@"]{0,64}:)[^\s/@"]+(?=@)/g },
  // what a syntax error quotes of a text may be a piece of a secret
  quotedBySyntaxError: { mark: " JSON", form: /(Unexpected token .{1,8}, ).{1,80}(?= is not valid JSON)/gs },
};

/** A secret access key has no form of its own; beside the ID of one, this is what it looks like. */
const AWS_SECRET = /(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=])/g;
const AWS_ID = /A(?:KIA|SIA)[0-9A-Z]{12}/;

/** Base64 of JSON begins like a web token: only one with a dot is one, or one that was cut before it. */
const isWhole = (found: string, end: number, text: string): boolean =>
  !/^[eE]yJ/.test(found) || found.includes(".") || end === text.length;

/** Whether a text names an AWS access key, so that its secret may stand anywhere in it. */
export const namesAwsKey = (text: string): boolean => AWS_ID.test(text);

/** What every piece of a secret begins with that is hidden. */
export const headOf = (secret: string): string => secret.slice(0, HEAD_LENGTH);

/** Where a text was cut short: at its end, or before three dots. */
function* cutsOf(text: string): Generator<number> {
  for (let at = text.indexOf("..."); at >= 0; at = text.indexOf("...", at + 3)) yield at;
  yield text.length;
}

/** Notes where a text has a secret: as a whole, or its beginning where the text was cut short. */
function addKnown(spans: [number, number][], text: string, secret: string): void {
  const head = headOf(secret);
  if (!text.includes(head)) return;
  for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + secret.length))
    spans.push([at, at + secret.length]);
  for (const end of cutsOf(text)) {
    const start = Math.max(end - CUT_MAX, 0);
    const last = text.slice(start, end);
    let at = last.indexOf(head);
    while (at >= 0 && !secret.startsWith(last.slice(at))) at = last.indexOf(head, at + 1);
    if (at >= 0) spans.push([start + at, end]);
  }
}

/** Where a text has secrets: tokens by their form, and those that are known. In order; they may overlap. */
function spansOf(text: string, known: readonly string[], besideAwsKey: boolean): [number, number][] {
  const spans: [number, number][] = [];
  const placed = Object.values(placedSecrets).filter(({ mark }) => text.includes(mark));
  for (const form of [TOKEN, ...placed.map((each) => each.form), ...(besideAwsKey ? [AWS_SECRET] : [])]) {
    for (const { 0: found, 1: before = "", index } of text.matchAll(form)) {
      const end = index + found.length;
      if (isWhole(found, end, text)) spans.push([index + before.length, end]);
    }
  }
  for (const secret of known) if (secret.length >= SECRET_MIN) addKnown(spans, text, secret);
  return spans.sort(([left], [right]) => left - right);
}

/**
 * Hides secrets in texts that are read one after the other: one that begins in one of them may end in another.
 * @returns the same texts where they have none
 */
export function hideAcross(
  texts: readonly string[],
  known: readonly string[],
  besideAwsKey = namesAwsKey(texts.join("")),
): readonly string[] {
  const spans = spansOf(texts.join(""), known, besideAwsKey);
  if (spans.length === 0) return texts;
  let [next, start, hiddenTo] = [0, 0, 0];
  return texts.map((text) => {
    const end = start + text.length;
    let [kept, at] = ["", Math.min(Math.max(start, hiddenTo), end)];
    for (; next < spans.length && spans[next]![0] < end; next += 1) {
      const [from, to] = spans[next]!;
      if (from >= hiddenTo) kept += text.slice(at - start, from - start) + REDACTED;
      hiddenTo = Math.max(hiddenTo, to);
      at = Math.min(hiddenTo, end);
    }
    kept += text.slice(at - start);
    start = end;
    return kept;
  });
}

/** Hides secrets in one text. */
export const hideTokens = (text: string, known: readonly string[], besideAwsKey?: boolean): string =>
  hideAcross([text], known, besideAwsKey)[0]!;

/** Adds a secret to those that are known: as it is, and as messages quote it. */
export function learn(known: string[], secret: string): void {
  if (secret.length < SECRET_MIN || known.length >= KNOWN_MAX || known.includes(secret)) return;
  known.push(secret);
  const quoted = JSON.stringify(secret).slice(1, -1);
  if (quoted !== secret) known.push(quoted);
}
