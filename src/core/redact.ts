/** Keys that people put into bodies: those of direct routes, and anything that looks like a key of some service. */
const KEYS =
  /("direct_?[rR]oute_?[aA]pi_?[kK]eys"\s*:\s*)\[[^\]]*(?:\]|$)|\b(?:fw|fpk)_\w{6,}|\bsk-[A-Za-z0-9_-]{16,}/g;
/** Credentials of the buckets that models are imported from. */
const CREDENTIALS =
  /("(?:access_?[sS]ecret|access_?[kK]ey_?[iI]d|sas_?[tT]oken_?[sS]ecret)"\s*:\s*)"(?:[^"\\]|\\.)*(?:"|$)/g;
const REDACTED = "[redacted]";

/** A shorter key is a word that may stand anywhere. */
const SECRET_MIN = 12;

/** Quick, for the texts without any key that most are. */
const MAY_HAVE_KEY = /fw_|fpk_|sk-|irect|ecret|ccess_?[kK]ey/;

/** @param secret the client's own key, which is taken out wherever it stands */
export function redact(text: string, secret: string | undefined): string {
  const found = MAY_HAVE_KEY.test(text)
    ? text
        .replace(CREDENTIALS, `$1"${REDACTED}"`)
        .replace(KEYS, (_, field?: string) => (field ? `${field}["${REDACTED}"]` : REDACTED))
    : text;
  return secret !== undefined && secret.length >= SECRET_MIN ? found.replaceAll(secret, REDACTED) : found;
}
