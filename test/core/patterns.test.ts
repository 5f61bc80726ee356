import { describe, expect, test } from "vitest";
import { countParts, EXPRESSION_PARTS_MAX, toExpression } from "../../src/core/expression.ts";
import { toGlob } from "../../src/core/glob.ts";
import { listPage } from "../../src/core/list/page.ts";
import { Table } from "../../src/core/list/table.ts";
import { findPatternFault, fits } from "../../src/core/pattern.ts";
import { find } from "../../src/core/search.ts";
import type { ListQuery } from "../../src/schema/wire.ts";

/** Far above what any of these takes, and far below what the least of them took. */
const LIMIT_MS = 5000;

function elapsed(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

/** What a user who sets an expression and sends a text may see: an answer, or a refusal with a clear text. */
function attempt(regex: string, text: string): string {
  const fault = findPatternFault([["match", { regex }]]);
  if (fault !== undefined) return fault;
  try {
    return String(fits({ regex }, text, {}));
  } catch (error) {
    return (error as Error).message;
  }
}

describe("an expression takes linear time or is refused", () => {
  const long = `${"a".repeat(100_000)}!`;
  test.each<[string, string, string, RegExp]>([
    ["nested repeats", "^(a+)+$", long, /^false$/],
    ["a star of dots", "(.*)*x", long, /^false$/],
    ["alternatives that are alike", "(a|a)*b", long, /^false$/],
    ["overlapping alternatives", "(a|aa)+$", long, /^false$/],
    ["optional letters", `^${"a?".repeat(40)}${"a".repeat(40)}b`, long, /^false$/],
    ["stars side by side", `^${"(a*)".repeat(50)}$`, long.slice(0, -1), /tried on texts of at most \d+ characters/],
    ["repeats counted twice", "(a{1000}){1000}", long, /parts with its repeats written out/],
    ["repeats side by side", "a{1000}".repeat(100), long, /parts with its repeats written out/],
    ["a great repeat", "(?:x.{0,900}y)", "x".repeat(20_000), /^false$/],
    ["ten thousand alternatives", Array.from({ length: 10_000 }, (_, at) => `w${at}`).join("|"), long, /4096 char/],
    ["a megabyte", "a".repeat(1_000_000), long, /4096 characters/],
    ["groups by the hundred", "(a)".repeat(200), long, /expected at most 100 groups/],
    ["groups in groups", `${"(".repeat(90)}a${")*".repeat(90)}b`, long, /at most|^false$/],
    ["an automaton that explodes and then finds", "(a|b)*(a|b){20}$", "aab".repeat(30_000), /^true$/],
    ["an automaton that explodes", "(a|b)*a(a|b){30}c", "ab".repeat(50_000), /^false$/],
    ["classes of Unicode", "[\\p{L}\\P{L}]".repeat(150), long, /at most|^true$/],
    ["any case", "(?i)[^\\p{Lu}]".repeat(250), long, /at most|^false$/],
  ])("%s", (_, regex, text, outcome) => {
    let result = "";
    expect(elapsed(() => (result = attempt(regex, text)))).toBeLessThan(LIMIT_MS);
    expect(result).toMatch(outcome);
  });
});

describe("what an expression means", () => {
  test.each<[string, string, object | undefined]>([
    ["order (\\d+)", "my order 42!", { 0: "order 42", 1: "42" }],
    ["(?<city>\\p{Lu}\\w+) in (\\d)?", "Rome in June", { 0: "Rome in ", 1: "Rome", 2: "", city: "Rome" }],
    ["^a.b$", "a\nb", { 0: "a\nb" }],
    ["^.$", "😀", { 0: "😀" }],
    ["\\u{1F600}|\\u00e9", "café", { 0: "é" }],
    ["a|ab", "ab", { 0: "a" }],
    ["a+?b*?", "aab", { 0: "a" }],
    ["\\bfoo\\/bar\\b", "a foo/bar b", { 0: "foo/bar" }],
    ["[^]{2}", "a\n", { 0: "a\n" }],
    ["(?<constructor>x)", "x", { 0: "x", 1: "x", constructor: "x" }],
    ["A", "a", undefined],
    ["^$", "a", undefined],
  ])("%s on %j", (regex, text, found) => {
    expect(toExpression(regex).exec(text)).toEqual(found);
    expect(toExpression(regex).test(text)).toBe(found !== undefined);
    expect(new RegExp(regex, "su").test(text)).toBe(found !== undefined);
  });

  test.each([
    ["a{3}", 3],
    ["(ab){2,5}", 40],
    ["a{2,}", 6],
    ["(?<word>a)(?:b)", 6],
    ["((a{10}){10}){10}", 1220],
    ["[a{9}]{2}", 2],
    ["\\{9}", 3],
    ["\\x{10FFFF}", 1],
    ["\\Q(a\\E", 6],
    ["(\\Q)\\Ea", 6],
  ])("%s has %i parts at most", (regex, parts) => expect(countParts(regex)).toBe(parts));

  test("an ordinary expression may be tried on a megabyte", () => {
    expect(fits({ regex: "city: (?<city>[A-Z][a-z]+), (\\d{4})" }, `${"x ".repeat(500_000)}city: Rome, 2026`, {})).toBe(
      true,
    );
    expect(countParts("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")).toBeLessThan(EXPRESSION_PARTS_MAX);
  });
});

/** Where a text stands in another, found as simply as can be. */
const naive = (text: string, part: string, from: number): number => {
  for (let at = from; at + part.length <= text.length; at += 1)
    if (text.slice(at, at + part.length) === part) return at;
  return -1;
};

test("a long text is found where it stands", () => {
  let state = 7;
  const next = (below: number) => (state = (state * 48_271) % 2_147_483_647) % below;
  const word = (length: number) => Array.from({ length }, () => "ab"[next(2)]).join("");
  for (let round = 0; round < 300; round += 1) {
    const [text, piece] = [word(400), word(1 + next(5))];
    const part = next(2) ? piece.repeat(40).slice(0, 33 + next(10)) : text.slice(next(300)).slice(0, 33 + next(40));
    const whole = next(2) ? text : text + piece.repeat(60);
    const from = next(50);
    expect(find(whole, part, from)).toBe(naive(whole, part, from));
  }
});

describe("a glob", () => {
  const full = "accounts/fireworks/models/llama-v3p1-8b-instruct";
  test.each<[string, string, boolean, boolean]>([
    [full, full, true, true],
    ["llama-v3p1-8b-instruct", full, true, false],
    ["models/llama-*", full, true, false],
    ["llama-*", full, true, false],
    ["*", full, true, true],
    ["*", "", true, true],
    ["", "", true, true],
    ["", "a/", true, false],
    ["accounts/*/models/*", full, true, true],
    ["lama-*", full, false, false],
    ["*8b*", full, true, true],
    ["a*a", "a", false, false],
    ["a*a", "aa", true, true],
    ["ab*bc", "abc", false, false],
    ["x*b*c", "y/x/a/b/x.c", true, false],
    ["a.c", "abc", false, false],
    ["a\n*", "a\nb", true, true],
    ["b*", "a/b/c", true, false],
    ["b*d", "a/b/c", false, false],
  ])("%j on %j: %s as a name, %s as a whole", (glob, text, asName, asWhole) => {
    expect([toGlob(glob, true)(text), toGlob(glob, false)(text)]).toEqual([asName, asWhole]);
  });

  test.each<[string, string, string]>([
    ["many stars", `${"*a".repeat(5000)}*b`, "a".repeat(100_000)],
    ["many slashes", "/*x", "/".repeat(200_000)],
    ["a part that nearly stands everywhere", `*${"a".repeat(50_000)}b${"a".repeat(50_000)}*`, "a".repeat(1_000_000)],
    ["a megabyte of stars", "*".repeat(1_000_000), "a".repeat(1_000_000)],
  ])("takes linear time with %s", (_, glob, text) => {
    expect(elapsed(() => toGlob(glob, true)(text))).toBeLessThan(LIMIT_MS);
  });
});

test("a text that nearly stands everywhere is looked for in linear time", () => {
  const part = `${"a".repeat(50_000)}b${"a".repeat(50_000)}`;
  expect(elapsed(() => fits(part, "a".repeat(1_000_000)))).toBeLessThan(LIMIT_MS);
  expect(elapsed(() => fits({ contains: part }, "a".repeat(1_000_000)))).toBeLessThan(LIMIT_MS);
});

describe("a list's query of a megabyte", () => {
  const table = new Table([{ name: "a" }, { name: "b" }]);
  test.each<[string, ListQuery, number]>([
    ["with many terms", { filter: 'name="a" '.repeat(110_000) }, 1],
    ["with many alternatives", { filter: `${'name="c" OR '.repeat(80_000)}name="b"` }, 1],
    ["with much space between", { filter: `name="a"${" ".repeat(1_000_000)}name="a"` }, 1],
    ["with a long string", { filter: `name="${"\\x".repeat(500_000)}"` }, 0],
    ["with a long path", { filter: `${"a.".repeat(500_000)}a=1` }, 0],
    ["ordered by a long path", { orderBy: `${"a.".repeat(500_000)}a desc` }, 2],
    ["ordered by many fields", { orderBy: "a desc,".repeat(130_000) }, 2],
    ["with space in its order", { orderBy: `a,${" ".repeat(1_000_000)}b desc` }, 2],
  ])("%s takes linear time and no stack", (_, query, count) => {
    let found = -1;
    expect(elapsed(() => (found = listPage([table], query, "name").totalSize))).toBeLessThan(LIMIT_MS);
    expect(found).toBe(count);
  });
});
