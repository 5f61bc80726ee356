import { describe, expect, test } from "vitest";
import { ApiError } from "../../src/core/error.ts";
import { sayGrammar } from "../../src/core/generation/grammar.ts";
import { digest, Random } from "../../src/core/random.ts";

const randomOf = (seed: number): Random => new Random(digest("grammars", seed));

describe("grammars", () => {
  const words = ["plan", "trip", "lisbon", "oslo"];

  test.each([
    ['root ::= "yes" | "no"', /^(yes|no)$/],
    ['root ::= [a-c]{3,5} "-" [0-9]+', /^[a-c]{3,5}-\d+$/],
    ['root ::= item ("," item)*  # a list\nitem ::= [A-Z] [a-z]+', /^[A-Z][a-z]+(,[A-Z][a-z]+)*$/],
    ['root ::= "a" root "b" | ""', /^(a*)(b*)$/],
    ['root ::= ("x" | "y")? "\\n" [^\\x00-\\x1f"] .', /^[xy]?\n[^"].$/],
    ["root ::= [\\u4e00-\\u4e10]", /^[\u4e00-\u4e10]$/],
  ])("%s", (grammar, pattern) => {
    for (let seed = 0; seed < 100; seed += 1) expect(sayGrammar(grammar, randomOf(seed), words)).toMatch(pattern);
  });

  test.each([
    ["", "there is no rule named root"],
    ['start ::= "a"', "there is no rule named root"],
    ["root ::= other", "undefined rule other"],
    ['root ::= "a" root', "no text can be derived from it"],
    ['root ::= ("a"', "a group is not closed"],
    ["root ::= [z-a]", "the range z-a is empty"],
    ['root ::= "a" }', 'unexpected "}" at character 13'],
    ['root ::= ((("a"{9999}){9999}){9999})', "its texts are longer than 100000 characters"],
    ['root ::= (((""{9999}){9999}){9999})', "its repetitions are too long"],
  ])("%s is refused", (grammar, message) => {
    expect(() => sayGrammar(grammar, randomOf(1), words)).toThrow(
      new ApiError("invalid_request_error", `Invalid grammar: ${message}`),
    );
  });

  /** Each rule leads to the next. */
  const chain = (length: number, ruleOf: (next: string) => string): string =>
    `root ::= r0\n${Array.from({ length }, (_, at) => `r${at} ::= ${ruleOf(`r${at + 1}`)}\n`).join("")}r${length} ::= "a"`;

  test.each([
    ["rules", chain(1_000, (next) => next), "more than 1000 rules"],
    ["signs", `root ::= ${'"a" '.repeat(20_001)}`, "more than 20000 names, literals and signs"],
    ["groups", `root ::= ${"(".repeat(101)}"a"${")".repeat(101)}`, "more than 100 groups inside one another"],
    ["repetitions", `root ::= "a"${"+".repeat(101)}`, "more than 100 groups inside one another"],
    ["characters", `root ::= "${"a".repeat(500_000)}"`, "more than 500000 characters"],
    ["ranges", `root ::= [${"a".repeat(257)}]`, "a class of more than 256 characters and ranges"],
    ["depth", chain(400, (next) => `"b" ("b" ("b" ${next}))`), "its rules lie too deep in one another"],
  ])("too many %s are refused", (_, grammar, message) => {
    expect(() => sayGrammar(grammar, randomOf(1), words)).toThrow(
      new ApiError("invalid_request_error", `Invalid grammar: ${message}`),
    );
  });

  test("as many as that are taken", () => {
    expect(
      sayGrammar(
        chain(998, (next) => next),
        randomOf(1),
        words,
      ),
    ).toBe("a");
    const wide = `root ::= (${Array.from({ length: 9_000 }, () => '"a"').join("|")}){1000}`;
    expect(sayGrammar(wide, randomOf(1), words)).toBe("a".repeat(1000));
    expect(sayGrammar(`root ::= "a"${"+".repeat(99)}`, randomOf(1), words)).toMatch(/^a+$/);
  });
});
