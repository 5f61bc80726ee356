import { readFileSync } from "node:fs";
import type { z } from "zod";

/** A fixture file that cannot be used: file, JSON path, expected, got. */
export class FixtureError extends Error {}

function describeValue(input: unknown, path: readonly PropertyKey[]): string {
  let value = input;
  for (const part of path) value = (value as Record<PropertyKey, unknown> | undefined)?.[part];
  return JSON.stringify(value)?.slice(0, 80) ?? "nothing";
}

/** Of a union's failures, the one that went furthest, with its path in the file. */
function furthest(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== "invalid_union") return issue;
  const inner = issue.errors.map((errors) => errors[0]!).sort((a, b) => b.path.length - a.path.length)[0];
  return inner ? furthest({ ...inner, path: [...issue.path, ...inner.path] }) : issue;
}

/** @throws FixtureError for the first thing that is wrong */
function checkFixture<T extends z.ZodType>(file: string, input: unknown, schema: T): z.infer<T> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const { path, message } = furthest(result.error.issues[0]!);
  const where = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  throw new FixtureError(`${file}: $${where}: ${message}, got ${describeValue(input, path)}`);
}

/** The text of a fixture file. @throws FixtureError when it cannot be read */
function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new FixtureError(`${file}: ${(error as Error).message}`);
  }
}

/** Reads and checks a YAML file. @throws FixtureError */
export async function readYaml<T extends z.ZodType>(file: string, schema: T): Promise<z.infer<T>> {
  const text = readText(file);
  const { parse } = await import("yaml");
  let input: unknown;
  try {
    input = parse(text);
  } catch (error) {
    throw new FixtureError(`${file}: ${(error as Error).message.split("\n")[0]}`);
  }
  return checkFixture(file, input, schema);
}

/** Reads and checks a JSON file. @throws FixtureError */
export function readFixture<T extends z.ZodType>(file: string, schema: T): z.infer<T> {
  const text = readText(file);
  let input: unknown;
  try {
    input = JSON.parse(text);
  } catch (error) {
    throw new FixtureError(`${file}: ${(error as Error).message}`);
  }
  return checkFixture(file, input, schema);
}
