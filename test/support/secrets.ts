import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";

const ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const texts = (characters: string, minLength: number, maxLength = minLength + 12) =>
  fc.string({ unit: fc.constantFrom(...characters.split("")), minLength, maxLength });

/** Secrets that no form gives away. */
export const secrets = texts(`${ALPHANUMERIC}-_.~+/=!$%*"\\`, 16).filter((text) => !/[?&#]/.test(text));

/** Tokens that show by their form. */
export const tokens = fc.oneof(
  ...["fw_", "fpk_", "sk-", "sk-ant-api03-", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "hf_"].map(
    (start) => texts(ALPHANUMERIC, 32).map((rest) => start + rest),
  ),
  ...["AKIA", "ASIA"].map((start) => texts(ALPHANUMERIC.slice(0, 26), 16, 16).map((rest) => start + rest)),
  texts(ALPHANUMERIC, 35, 35).map((rest) => `AIza${rest}`),
  texts(ALPHANUMERIC, 24).map((rest) => `xoxb-123456789012-${rest}`),
  fc
    .tuple(texts(ALPHANUMERIC, 16), texts(ALPHANUMERIC, 16), texts(ALPHANUMERIC, 16))
    .map((parts) => `eyJ${parts.join(".")}`),
);

/** Every character as an escape of JSON. */
export const escaped = (text: string): string =>
  text.replaceAll(/[^]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);

const base64 = (text: string): string[] =>
  // in the middle of other bytes there are three ways to say it
  [0, 1, 2].map((before) =>
    Buffer.from(`${" ".repeat(before)}${text}`)
      .toString("base64")
      .slice(before === 0 ? 0 : before + 1)
      .replace(/.?.?=*$/, ""),
  );

/** The ways in which a text may stand in bytes. */
const formsOf = (text: string): Buffer[] => [
  Buffer.from(text),
  Buffer.from(text, "utf16le"),
  Buffer.from(JSON.stringify(text).slice(1, -1)),
  Buffer.from(escaped(text)),
  Buffer.from(encodeURIComponent(text)),
  Buffer.from(Buffer.from(text).toString("hex")),
  ...base64(text).map((each) => Buffer.from(each)),
];

/** The names of the secrets that bytes have, in whatever form: half of one is too much. */
export const leaksIn = (bytes: Buffer | string, all: ReadonlyMap<string, string>): string[] => {
  const searched = Buffer.from(bytes as string);
  const isThere = (secret: string): boolean =>
    formsOf(secret.slice(0, Math.max(12, secret.length / 2))).some((form) => searched.includes(form));
  return [...all].filter(([, secret]) => isThere(secret)).map(([name]) => name);
};

/** Those that any file of a folder has. */
export const leaksInFolder = (folder: string, all: ReadonlyMap<string, string>): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .flatMap((path) => leaksIn(readFileSync(path), all).map((name) => `${path}: ${name}`));
