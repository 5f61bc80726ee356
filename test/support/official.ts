import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

/** The official schemas lie beside the project where it is developed; a clone elsewhere does without these tests. */
export const folder = fileURLToPath(new URL("../../../shared/reference/openapi/", import.meta.url));
export const official = (name: string): { components: { schemas: Record<string, { properties: object }> } } =>
  JSON.parse(readFileSync(`${folder}${name}`, "utf8"));

export function validator(document: ReturnType<typeof official>, name: string): (value: unknown) => unknown {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv, ["date-time"]);
  for (const format of ["int32", "int64", "float", "double"]) ajv.addFormat(format, true);
  ajv.addSchema(document, "official");
  const check = ajv.getSchema(`official#/components/schemas/${name}`)!;
  return (value) => (check(value) ? [] : check.errors);
}

/** The same document with every object closed, so that a field of ours that it does not know is told. */
export function closed<T>(document: T): T {
  return JSON.parse(
    JSON.stringify(document, (_, value) =>
      value?.type === "object" && value.properties && value.additionalProperties === undefined
        ? { ...value, additionalProperties: false }
        : value,
    ),
  );
}

/** Unset messages and times are null on the wire, which the official document does not say. */
export const withoutNulls = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, inner: unknown) => (inner === null ? undefined : inner)));
