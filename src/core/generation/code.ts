import type { Random } from "../random.ts";
import type { Reading } from "./reading.ts";

/** Small programs that run; `NAME` and `ITEM` come from the request. */
const programs: Record<string, readonly string[]> = {
  python: [
    'def NAME(ITEMs):\n    """Return each ITEM once, in the order they first appear."""\n    seen = set()\n    result = []\n    for ITEM in ITEMs:\n        if ITEM not in seen:\n            seen.add(ITEM)\n            result.append(ITEM)\n    return result\n\n\nprint(NAME(["a", "b", "a"]))',
    'from collections import Counter\n\n\ndef NAME(ITEMs, limit=3):\n    """Return the most common ITEMs with their counts."""\n    counts = Counter(ITEMs)\n    return counts.most_common(limit)\n\n\nif __name__ == "__main__":\n    print(NAME(["x", "y", "x"]))',
    'def NAME(ITEM, low=0, high=100):\n    """Clamp ITEM to the range from low to high."""\n    if low > high:\n        raise ValueError("low must not exceed high")\n    return max(low, min(ITEM, high))\n\n\nassert NAME(120) == 100',
  ],
  javascript: [
    'function NAME(ITEMs) {\n  const seen = new Set();\n  return ITEMs.filter((ITEM) => !seen.has(ITEM) && seen.add(ITEM));\n}\n\nconsole.log(NAME(["a", "b", "a"]));',
    "export async function NAME(ITEMs, work) {\n  const results = [];\n  for (const ITEM of ITEMs) {\n    results.push(await work(ITEM));\n  }\n  return results;\n}",
    'const NAME = (ITEMs) =>\n  ITEMs.reduce((total, ITEM) => {\n    total[ITEM] = (total[ITEM] ?? 0) + 1;\n    return total;\n  }, {});\n\nconsole.log(NAME(["x", "y", "x"]));',
  ],
  typescript: [
    "export function NAME<T>(ITEMs: readonly T[]): T[] {\n  const seen = new Set<T>();\n  return ITEMs.filter((ITEM) => {\n    if (seen.has(ITEM)) return false;\n    seen.add(ITEM);\n    return true;\n  });\n}",
    "interface Result {\n  key: string;\n  count: number;\n}\n\nexport function NAME(ITEMs: string[]): Result[] {\n  const counts = new Map<string, number>();\n  for (const ITEM of ITEMs) counts.set(ITEM, (counts.get(ITEM) ?? 0) + 1);\n  return [...counts].map(([key, count]) => ({ key, count }));\n}",
  ],
  go: [
    'package main\n\nimport "fmt"\n\nfunc NAME(ITEMs []string) []string {\n\tseen := map[string]bool{}\n\tresult := []string{}\n\tfor _, ITEM := range ITEMs {\n\t\tif !seen[ITEM] {\n\t\t\tseen[ITEM] = true\n\t\t\tresult = append(result, ITEM)\n\t\t}\n\t}\n\treturn result\n}\n\nfunc main() {\n\tfmt.Println(NAME([]string{"a", "b", "a"}))\n}',
  ],
  sql: [
    "SELECT ITEM, COUNT(*) AS total\nFROM NAME\nWHERE created_at >= DATE('now', '-7 days')\nGROUP BY ITEM\nORDER BY total DESC\nLIMIT 10;",
    "CREATE TABLE NAME (\n  id INTEGER PRIMARY KEY,\n  ITEM TEXT NOT NULL,\n  created_at TEXT NOT NULL\n);\n\nSELECT ITEM FROM NAME WHERE id = 1;",
  ],
  bash: [
    '#!/usr/bin/env bash\nset -euo pipefail\n\nNAME() {\n  local ITEM=$1\n  printf \'checking %s\\n\' "$ITEM"\n  [[ -e $ITEM ]]\n}\n\nfor path in "$@"; do\n  NAME "$path" || printf \'missing: %s\\n\' "$path" >&2\ndone',
  ],
};

const remarks = [
  "It runs in linear time and keeps the original order.",
  "The input is never changed, so it is safe to call more than once.",
  "Edge cases such as an empty input need no special handling.",
  "You can extend it by passing another argument where your case needs one.",
  "A short test with a handful of values is enough to see that it works.",
  "If performance matters, measure before changing anything.",
  "The names follow the usual conventions of the language.",
];

const languageWords =
  /^(python|javascript|typescript|golang|sql|bash|shell|function|code|program|script|implement|class|algorithm|returns?|that|query)$/i;

/** `['reverse', 'string']` -> `reverse_string` or `reverseString`. */
function toIdentifier(topics: readonly string[], language: string): string {
  const parts = topics
    .map((topic) => topic.toLowerCase().replace(/[^a-z]/g, ""))
    .filter((part) => part !== "" && !languageWords.test(part))
    .slice(0, 2);
  if (parts.length === 0) parts.push("process", "items");
  if (["python", "sql", "bash"].includes(language)) return parts.join("_");
  return parts.map((part, index) => (index === 0 ? part : part.charAt(0).toUpperCase() + part.slice(1))).join("");
}

/** A program in the language that was asked for, then remarks on it without end. */
export function* writeCode(reading: Reading, random: Random): Generator<string> {
  const name = toIdentifier(reading.topics, reading.language);
  const item = random.pick(["item", "value", "entry", "record"]);
  const program = random.pick(programs[reading.language]!).replaceAll("NAME", name).replaceAll("ITEM", item);
  yield random.pick([
    "Here is one way to do it:",
    "This should do what you need:",
    "A straightforward version looks like this:",
  ]);
  yield `\n\n\`\`\`${reading.language}\n${program}\n\`\`\`\n\n`;
  for (let at = random.below(remarks.length), first = true; ; at += 1, first = false)
    yield `${first ? "" : " "}${remarks[at % remarks.length]!}`;
}
