import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createEmulator } from "../../src/index.ts";
import { caller, SMALL } from "../support/api.ts";
import { addonOf, baseModel } from "../support/upload.ts";

/** `npm run test:long` looks wider. */
const RUNS = Math.ceil(Number(process.env["SEEDS"] ?? 100) / 2);
const ACCOUNT = "/v1/accounts/local";
const IDS = ["a", "b", "c"] as const;

/** How each kind is made and changed; what a test says of it is a text that can be read back. */
const kinds = {
  users: {
    make: (id: string, text: string) => [`users?userId=${id}`, { role: "user", displayName: text }] as const,
    change: (text: string) => ({ displayName: text }),
    read: (value: any): string => value.displayName,
    removable: false,
  },
  secrets: {
    make: (id: string, text: string) =>
      ["secrets", { name: `accounts/local/secrets/${id}`, keyName: `K${text}` }] as const,
    change: (text: string) => ({ keyName: `K${text}` }),
    read: (value: any): string => value.keyName.slice(1),
    removable: true,
  },
  models: {
    make: (id: string, text: string) =>
      [
        "models",
        { modelId: id, model: { ...(text.length % 2 ? addonOf(SMALL) : baseModel), displayName: text } },
      ] as const,
    change: (text: string) => ({ displayName: text }),
    read: (value: any): string => value.displayName,
    removable: true,
  },
  deployments: {
    make: (id: string, text: string) =>
      [`deployments?deploymentId=${id}`, { baseModel: SMALL, displayName: text }] as const,
    change: (text: string) => ({ displayName: text }),
    read: (value: any): string => value.displayName,
    removable: true,
  },
};
type KindName = keyof typeof kinds;

const operation = fc.record({
  kind: fc.constantFrom(...(Object.keys(kinds) as KindName[])),
  id: fc.constantFrom(...IDS),
  text: fc.stringMatching(/^[a-z]{0,8}$/),
  what: fc.constantFrom("make", "change", "remove", "read", "list", "advance" as const),
});

type Call = ReturnType<typeof caller>;
type Known = Map<string, string>;

async function make(call: Call, known: Known, kind: KindName, id: string, text: string): Promise<void> {
  const [path, body] = kinds[kind].make(id, text);
  const { status } = await call("POST", `${ACCOUNT}/${path}`, body);
  expect(status).toBe(known.has(`${kind}/${id}`) ? 409 : 200);
  if (status === 200) known.set(`${kind}/${id}`, text);
}

async function change(call: Call, known: Known, kind: KindName, id: string, text: string): Promise<void> {
  const { status } = await call("PATCH", `${ACCOUNT}/${kind}/${id}`, kinds[kind].change(text));
  expect(status).toBe(known.has(`${kind}/${id}`) ? 200 : 404);
  if (status === 200) known.set(`${kind}/${id}`, text);
}

async function remove(call: Call, known: Known, kind: KindName, id: string): Promise<void> {
  if (!kinds[kind].removable) return;
  const query = kind === "deployments" ? "?hard=true&ignoreChecks=true" : "";
  const { status } = await call("DELETE", `${ACCOUNT}/${kind}/${id}${query}`);
  expect(status).toBe(known.delete(`${kind}/${id}`) ? 200 : 404);
}

async function compare(call: Call, known: Known, kind: KindName): Promise<void> {
  const { body } = await call("GET", `${ACCOUNT}/${kind}?pageSize=2&orderBy=name`);
  const rest = body.nextPageToken
    ? (await call("GET", `${ACCOUNT}/${kind}?pageSize=200&orderBy=name&pageToken=${body.nextPageToken}`)).body[kind]
    : [];
  const found = [...body[kind], ...rest]
    .filter(({ name }: any) => !name.endsWith("/owner"))
    .map((value: any) => [value.name.split("/").at(-1), kinds[kind].read(value)]);
  const wanted = IDS.filter((id) => known.has(`${kind}/${id}`)).map((id) => [id, known.get(`${kind}/${id}`)]);
  expect(found).toEqual(wanted);
}

describe("resources", () => {
  test(`what exists is what was made and not removed, over ${RUNS} random histories`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 25 }), async (operations) => {
        await using emulator = await createEmulator({ clock: "manual", gpuQuota: Infinity });
        const [call, known] = [caller(emulator), new Map<string, string>()];
        for (const { kind, id, text, what } of operations) {
          if (what === "make") await make(call, known, kind, id, text);
          else if (what === "change") await change(call, known, kind, id, text);
          else if (what === "remove") await remove(call, known, kind, id);
          else if (what === "advance") await emulator.clock.advance("1s");
          else if (what === "list") await compare(call, known, kind);
          else {
            const { status, body } = await call("GET", `${ACCOUNT}/${kind}/${id}`);
            const text_ = known.get(`${kind}/${id}`);
            expect(status).toBe(text_ === undefined ? 404 : 200);
            if (text_ !== undefined) expect(kinds[kind].read(body)).toBe(text_);
          }
        }
        for (const kind of Object.keys(kinds) as KindName[]) await compare(call, known, kind);
      }),
      { numRuns: RUNS },
    );
  });
});

describe("lists", () => {
  const words = fc.constantFrom(
    "AND",
    "OR",
    "NOT",
    "-",
    "(",
    ")",
    "=",
    "!=",
    "<",
    ">=",
    ":",
    "*",
    '"',
    "'",
    "\\",
    ".",
    "state",
    "READY",
    "name",
    "1",
    "true",
    "null",
  );
  const anything = fc.oneof(
    fc.string(),
    fc.string({ unit: "binary" }),
    fc.array(words).map((list) => list.join(" ")),
  );

  test("any filter, order, mask and page token is answered or refused with 400", async () => {
    await using emulator = await createEmulator({ clock: "manual" });
    const call = caller(emulator);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("filter", "orderBy", "readMask", "pageToken", "pageSize"),
        anything,
        fc.constantFrom("fireworks/models", "local/users", "-/deployments", "fireworks/deploymentShapes"),
        async (field, text, list) => {
          const { status } = await call(
            "GET",
            `/v1/accounts/${list}?${new URLSearchParams({ [field]: text }).toString()}`,
          );
          expect([200, 400]).toContain(status);
        },
      ),
      { numRuns: RUNS * 20 },
    );
  });
});

test("a filter of parentheses without end, or terms without number, is answered or refused", async () => {
  await using emulator = await createEmulator({ clock: "manual" });
  const call = caller(emulator);
  for (const [filter, status] of [
    ["(".repeat(20_000), 400],
    ["NOT ".repeat(20_000) + "state=READY", 400],
    [Array.from({ length: 2_000 }, (_, n) => `context_length=${n}`).join(" OR "), 200],
  ] as const) {
    const path = `/v1/accounts/fireworks/models?filter=${encodeURIComponent(filter)}`;
    expect((await call("GET", path)).status).toBe(status);
  }
});
