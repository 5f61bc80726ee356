import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { z } from "zod";
import { acceleratorsFile, capacityFile, modelsFile, quotasFile, regionsFile } from "../../src/schema/catalog.ts";
import { scriptsFile } from "../../src/schema/script.ts";
import { scenarioFile } from "../../src/schema/scenario.ts";

const at = (path: string): string => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));

/** What editors check fixture files with; `npx vitest run -u` writes them anew. */
test.each(
  Object.entries({
    accelerators: acceleratorsFile,
    capacity: capacityFile,
    models: modelsFile,
    quotas: quotasFile,
    regions: regionsFile,
    scenario: scenarioFile,
    scripts: scriptsFile,
  }),
)("fixtures/schema/%s.json is the JSON schema of its files", async (name, schema) => {
  const text = JSON.stringify(z.toJSONSchema(schema, { io: "input" }), null, 2);
  await expect(`${text}\n`).toMatchFileSnapshot(at(`schema/${name}.json`));
});

test("every fixture file names its schema", () => {
  for (const file of readdirSync(at("catalog")))
    expect(JSON.parse(readFileSync(at(`catalog/${file}`), "utf8")).$schema).toBe(`../schema/${file}`);
  for (const file of readdirSync(at("scenarios")))
    expect(readFileSync(at(`scenarios/${file}`), "utf8")).toMatch(
      /^# yaml-language-server: \$schema=\.\.\/schema\/scenario\.json\n/,
    );
});
