/**
 * Small programs that run. `NAME` and `ITEM` are filled in from the request.
 * Tasks that people often ask for come first; any other request gets one of the general programs.
 */
type ByLanguage = Partial<Record<string, string>>;

export const tasks: readonly [RegExp, ByLanguage][] = [
  [
    /\brevers/,
    {
      python: `def NAME(text: str) -> str:
    """Return the characters of text from last to first."""
    return text[::-1]


assert NAME("hello") == "olleh"`,
      javascript: `function NAME(text) {
  return [...text].reverse().join("");
}

console.log(NAME("hello")); // "olleh"`,
      typescript: `export function NAME(text: string): string {
  return [...text].reverse().join("");
}`,
      go: `func NAME(text string) string {
	runes := []rune(text)
	for i, j := 0, len(runes)-1; i < j; i, j = i+1, j-1 {
		runes[i], runes[j] = runes[j], runes[i]
	}
	return string(runes)
}`,
    },
  ],
  [
    /\bfibonacci\b/,
    {
      python: `def NAME(n: int) -> int:
    """Return the nth Fibonacci number, counting from zero."""
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


print([NAME(n) for n in range(10)])`,
      javascript: `function NAME(n) {
  let [a, b] = [0, 1];
  for (let i = 0; i < n; i += 1) [a, b] = [b, a + b];
  return a;
}

console.log(Array.from({ length: 10 }, (_, n) => NAME(n)));`,
      typescript: `export function NAME(n: number): number {
  let [a, b] = [0, 1];
  for (let i = 0; i < n; i += 1) [a, b] = [b, a + b];
  return a;
}`,
    },
  ],
  [
    /\bfactorial\b/,
    {
      python: `from math import prod


def NAME(n: int) -> int:
    """Return the product of all whole numbers from 1 to n."""
    if n < 0:
        raise ValueError("n must not be negative")
    return prod(range(1, n + 1))


assert NAME(5) == 120`,
      javascript: `function NAME(n) {
  if (n < 0) throw new RangeError("n must not be negative");
  let product = 1;
  for (let i = 2; i <= n; i += 1) product *= i;
  return product;
}

console.log(NAME(5)); // 120`,
    },
  ],
  [
    /\bprimes?\b/,
    {
      python: `def NAME(n: int) -> bool:
    """Tell whether n is a prime number."""
    if n < 2:
        return False
    return all(n % divisor for divisor in range(2, int(n**0.5) + 1))


print([n for n in range(30) if NAME(n)])`,
      javascript: `function NAME(n) {
  if (n < 2) return false;
  for (let divisor = 2; divisor * divisor <= n; divisor += 1) {
    if (n % divisor === 0) return false;
  }
  return true;
}

console.log(NAME(97)); // true`,
    },
  ],
  [
    /\bpalindromes?\b/,
    {
      python: `def NAME(text: str) -> bool:
    """Tell whether text reads the same both ways, ignoring case and punctuation."""
    letters = [letter.lower() for letter in text if letter.isalnum()]
    return letters == letters[::-1]


assert NAME("Never odd or even")`,
      javascript: `function NAME(text) {
  const letters = text.toLowerCase().replace(/[^a-z0-9]/g, "");
  return letters === [...letters].reverse().join("");
}

console.log(NAME("Never odd or even")); // true`,
    },
  ],
  [
    /\b(sort|sorts|sorting|order)\b/,
    {
      python: `def NAME(ITEMs, key=None, descending=False):
    """Return the ITEMs in order, without changing the input."""
    return sorted(ITEMs, key=key, reverse=descending)


print(NAME(["pear", "apple", "fig"], key=len))`,
      javascript: `function NAME(ITEMs, compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0)) {
  return [...ITEMs].sort(compare);
}

console.log(NAME(["pear", "apple", "fig"]));`,
    },
  ],
  [
    /\b(fizzbuzz|fizz)\b/,
    {
      python: `def NAME(limit: int = 100) -> None:
    """Print the numbers up to limit, with Fizz for threes and Buzz for fives."""
    for n in range(1, limit + 1):
        print("Fizz" * (n % 3 == 0) + "Buzz" * (n % 5 == 0) or n)


NAME(15)`,
      javascript: `function NAME(limit = 100) {
  for (let n = 1; n <= limit; n += 1) {
    console.log((n % 3 ? "" : "Fizz") + (n % 5 ? "" : "Buzz") || n);
  }
}

NAME(15);`,
    },
  ],
];

export const general: Record<string, readonly string[]> = {
  python: [
    `def NAME(ITEMs):
    """Return each ITEM once, in the order they first appear."""
    return list(dict.fromkeys(ITEMs))


print(NAME(["a", "b", "a"]))`,
    `from collections import Counter


def NAME(ITEMs, limit=3):
    """Return the most common ITEMs with their counts."""
    return Counter(ITEMs).most_common(limit)


if __name__ == "__main__":
    print(NAME(["x", "y", "x"]))`,
  ],
  javascript: [
    `function NAME(ITEMs) {
  return [...new Set(ITEMs)];
}

console.log(NAME(["a", "b", "a"]));`,
    `export async function NAME(ITEMs, work) {
  const results = [];
  for (const ITEM of ITEMs) {
    results.push(await work(ITEM));
  }
  return results;
}`,
  ],
  typescript: [
    `interface Result {
  key: string;
  count: number;
}

export function NAME(ITEMs: string[]): Result[] {
  const counts = new Map<string, number>();
  for (const ITEM of ITEMs) counts.set(ITEM, (counts.get(ITEM) ?? 0) + 1);
  return [...counts].map(([key, count]) => ({ key, count }));
}`,
  ],
  go: [
    `package main

import "fmt"

func NAME(ITEMs []string) map[string]int {
	counts := map[string]int{}
	for _, ITEM := range ITEMs {
		counts[ITEM]++
	}
	return counts
}

func main() {
	fmt.Println(NAME([]string{"a", "b", "a"}))
}`,
  ],
  sql: [
    `SELECT ITEM, COUNT(*) AS total
FROM NAME
WHERE created_at >= DATE('now', '-7 days')
GROUP BY ITEM
ORDER BY total DESC
LIMIT 10;`,
  ],
  bash: [
    `#!/usr/bin/env bash
set -euo pipefail

NAME() {
  local ITEM=$1
  printf 'checking %s\\n' "$ITEM"
  [[ -e $ITEM ]]
}

for path in "$@"; do
  NAME "$path" || printf 'missing: %s\\n' "$path" >&2
done`,
  ],
};
