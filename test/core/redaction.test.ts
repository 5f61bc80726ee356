import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { redactEvents } from "../../src/core/redaction/events.ts";
import type { Place } from "../../src/core/redaction/fields.ts";
import { redactBody, redactPath, redactText } from "../../src/core/redaction/redact.ts";

const JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl";
const AWS_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
/** Every character as an escape. */
const escaped = (text: string): string =>
  text.replaceAll(/[^]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);

describe("fields that are made for secrets", () => {
  test.each<[Place, string, string]>([
    ["change", '{"accessKeyId": "id1"}', '{"accessKeyId": "[redacted]"}'],
    ["change", '{"access_key_id":"id1","x":1}', '{"access_key_id":"[redacted]","x":1}'],
    ["change", '{"ACCESS-KEY-ID" : 17, "x": 1.50}', '{"ACCESS-KEY-ID" : "[redacted]", "x": 1.50}'],
    ["change", '{"accessSecret":"very \\"secret\\""}', '{"accessSecret":"[redacted]"}'],
    ["change", '{"sasTokenSecret":"cut in the mid...', '{"sasTokenSecret":"[redacted]"'],
    ["change", '{"directRouteApiKeys":["a","b"]}', '{"directRouteApiKeys":["[redacted]"]}'],
    ["change", '{"direct_route_api_keys":["a', '{"direct_route_api_keys":["[redacted]"]'],
    ["change", '{"DirectRouteAPIKeys":{"a":["b}"]},"c":"d"}', '{"DirectRouteAPIKeys":"[redacted]","c":"d"}'],
    ["change", '{"directRouteApiKeys":[ ]}', '{"directRouteApiKeys":[ ]}'],
    ["change", '{"apiKey":{"displayName":"mine"}}', '{"apiKey":{"displayName":"mine"}}'],
    ["change", '{"apiKey":"hush"}', '{"apiKey":"[redacted]"}'],
    ["secret", '{"\\u0076alue":"hush"}', '{"\\u0076alue":"[redacted]"}'],
    [
      "secret",
      '{"VALUE":123,"Value":["a"],"va_lue":{"a":1}}',
      '{"VALUE":"[redacted]","Value":["[redacted]"],"va_lue":"[redacted]"}',
    ],
    ["secret", '{"value":"","name":"value"}', '{"value":"","name":"value"}'],
    ["change", '{"value":"kept"}', '{"value":"kept"}'],
    ["words", '{"accessSecret":"a word"}', '{"accessSecret":"a word"}'],
  ])("%s %s", (place, text, kept) => {
    expect(redactBody(text, place, [])).toBe(kept);
  });

  test.each([
    '{"value: "hush", "a": 1}',
    "{value: hush}",
    '{"value": hush}',
    "{'value': 'hush'}",
    "value=hush&a=1",
    '{"a": 1} {"value": "hush"}',
    '{"\\u0076alue": "a" "hush"}',
    '{"value": ["a"], "hush"}',
    '{"va\\u006cue": {"a"]} hush',
    "<value>hush</value>",
    '{"value": "a\nb", hush',
    '{"value": "cut hush',
    '["value": hush]',
  ])("hidden in what is no JSON: %s", (text) => {
    expect(redactBody(text, "secret", [])).not.toContain("hush");
  });

  test("hidden wherever a body is cut", () => {
    const whole =
      '{"name":"a", "value": {"b": ["hush\\"hush", 12345]}, "directRouteApiKeys": ["hush", "hush"], "c": [1]}';
    for (let end = 0; end <= whole.length; end += 1)
      expect(redactBody(whole.slice(0, end), "secret", [])).not.toMatch(/hus|1234/);
  });

  test("hidden in JSON that is a text in JSON", () => {
    const inner = JSON.stringify({ value: "hush", kept: 1 });
    const kept = redactBody(JSON.stringify({ arguments: inner }), "secret", []);
    expect(JSON.parse(JSON.parse(kept).arguments)).toEqual({ value: "[redacted]", kept: 1 });
  });

  test("what a field held is hidden wherever else it stands, in the body and in its answer", () => {
    const known: string[] = [];
    expect(redactBody('{"name":"hush-hush-hush","value":"hush-hush-hush"}', "secret", known)).toBe(
      '{"name":"[redacted]","value":"[redacted]"}',
    );
    expect(redactBody('{"message":"not hush-hush-hush"}', "words", known)).toBe('{"message":"not [redacted]"}');
  });
});

describe("tokens of a known form", () => {
  test.each([
    "fw_abcdef123",
    "fpk_123456",
    "sk-abcdefghijklmnop",
    "sk-ant-api03-abcdefghijklmnop",
    "ghp_0123456789abcdefghijABCDEFGHIJ012345",
    "ghs_0123456789abcdefghijABCDEFGHIJ012345",
    "github_pat_0123456789abcdefghijABCD_EFGHIJ012345",
    "hf_0123456789abcdefghijABCDEFGHIJ0123",
    "AKIAIOSFODNN7EXAMPLE",
    "ASIAIOSFODNN7EXAMPLE",
    "AIzaSyA0123456789abcdefghijABCDEFGHIJ01",
    "xoxb-123456789012-abcdefghij",
    JWT,
  ])("%s is hidden in all that has it", (token) => {
    for (const text of [
      `say ${token} and go`,
      token,
      `KEY_${token}`,
      `(${token},${token})`,
      JSON.stringify({ [token]: [`\n${token}\t`] }),
      `{"a":"${escaped(token)}"}`,
      `{"a":"${escaped(token.slice(0, 2))}${token.slice(2)}"}`,
      `{"a" broken "${escaped(token)}"`,
      `{"a" broken "\\n${token}"`,
      `data: {"delta":"\\n${token}"}\n\n`,
      JSON.stringify({ a: JSON.stringify({ b: `\n${token}` }) }),
      JSON.stringify({ a: `{"b":"${escaped(token)}"}` }),
      JSON.stringify({ a: `say ${escaped(token)}` }),
    ]) {
      const kept = redactBody(text, "words", []);
      expect(kept, text).toContain("[redacted]");
      expect(kept, text).not.toContain(token);
      expect(
        kept.replaceAll(/\\u00(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
      ).not.toContain(token.slice(0, 12));
    }
    expect(redactText(`agent/1 ${token}`, [])).toBe("agent/1 [redacted]");
    expect(redactPath(`/v1/models/${token.replace(/./, (char) => `%${char.charCodeAt(0).toString(16)}`)}`, [])).toBe(
      "/v1/models/[redacted]",
    );
    expect(redactPath(`/%zz/${token}`, [])).not.toContain(token);
  });

  test.each([
    [`AKIAIOSFODNN7EXAMPLE and ${AWS_SECRET}`, "[redacted] and [redacted]"],
    [JSON.stringify({ id: "AKIAIOSFODNN7EXAMPLE", other: AWS_SECRET }), '{"id":"[redacted]","other":"[redacted]"}'],
    ["https://a.example/x?size=1&signature=abc123&b=2", "https://a.example/x?size=1&signature=[redacted]&b=2"],
    ['{"url":"http://h/?a=1\\u0026Signature=abc"}', '{"url":"http://h/?a=1&Signature=[redacted]"}'],
    ["https://h/?X-Amz-Security-Token=abc", "https://h/?X-Amz-Security-Token=[redacted]"],
    ["https://ann:hush@h/x", "https://ann:[redacted]@h/x"],
    [
      'Unexpected token \'h\', ..."value":hus"... is not valid JSON',
      "Unexpected token 'h', [redacted] is not valid JSON",
    ],
    ["prompt: got my key is fw_abcd...", "prompt: got my key is [redacted]..."],
  ])("%s", (text, kept) => {
    expect(redactBody(text, "words", [])).toBe(kept);
  });

  test.each([
    "nothing direct or secret about a key",
    '{"max_tokens": 1e2, "sk-": "task-force-of-the-seven-seas", "x": "\\u003ca\\u003e \\u00e9"}',
    `{"commit":"${"0123456789".repeat(4)}"}`,
    '{"image":"data:image/png;base64,eyJhIjoxfQabc+/x=="}',
    '{"a":"mail me at ann@a.example or see http://h/x@y"}',
    '{"broken": \\u0041 as it is',
    "",
  ])("nothing else is touched: %s", (text) => {
    expect(redactBody(text, "words", [])).toBe(text);
  });

  test("hidden in the pieces of a stream", () => {
    const pieces = ["my key ", "is f", "w_", "abc", "def", "123 ", "sure"];
    const events = pieces.flatMap((content) => [
      { id: "x", choices: [{ index: 0, delta: { content } }] },
      { id: "x", choices: [{ index: 1, delta: { content: "." } }] },
    ]);
    const kept = redactEvents([...events, "[DONE]"], []) as typeof events;
    expect(kept.filter((_, at) => at % 2 === 0 && at < 14).map(({ choices }) => choices[0]!.delta.content)).toEqual([
      "my key ",
      "is [redacted]",
      "",
      "",
      "",
      " ",
      "sure",
    ]);
    const plain = [{ a: "b" }, { a: "c" }];
    expect(redactEvents(plain, [])).toBe(plain);
    expect(redactEvents([{ a: "x" }, { a: "fw_abcdef123" }], [])).toEqual([{ a: "x" }, { a: "[redacted]" }]);
  });
});

test("a known secret is hidden wherever it stands, unless it is a mere word", () => {
  const key = 'top/secret"key-1';
  const known = [key];
  expect(redactBody(`say ${key} and ${key}`, "words", known)).toBe("say [redacted] and [redacted]");
  expect(redactBody(JSON.stringify({ a: key }), "words", known)).toBe('{"a":"[redacted]"}');
  expect(redactBody(`{"a":"${escaped(key)}"}`, "words", known)).toBe('{"a":"[redacted]"}');
  expect(redactBody('{"a":123456789012}', "words", ["123456789012"])).toBe('{"a":"[redacted]"}');
  // an answer that was cut short ends in the middle of it
  expect(redactBody('{"a":"top/secret and top/secret\\"k","b":"fw_ab, hf_abcd"}', "words", known)).toBe(
    '{"a":"top/secret and [redacted]","b":"fw_ab, [redacted]"}',
  );
  expect(redactBody("say fw", "words", ["fw"])).toBe("say fw");
});

test("the time it takes grows with the text, whatever is in it", () => {
  const length = 100_000;
  for (const part of [
    "eyJaaaaaaaa-",
    "hf_-",
    "sk-",
    "fw_",
    "://a:b",
    "?key=",
    "...",
    "\\u0041",
    "AKIA",
    "Unexpected token , ",
    '{"a":[',
    "value_",
    '"',
    "\\",
  ]) {
    const text = part.repeat(length / part.length);
    for (const place of ["words", "secret"] as const) {
      const since = performance.now();
      redactBody(text, place, []);
      redactBody(JSON.stringify({ value: text, other: text }), place, []);
      expect(performance.now() - since, `${place} ${part}`).toBeLessThan(5_000);
    }
  }
});

test("thousands of secrets in one body take no longer than a few: all in their fields are hidden, the first elsewhere too", () => {
  const keys = Array.from({ length: 4_000 }, (_, at) => `secret-key-${at + 1000}`);
  const since = performance.now();
  const kept = redactBody(
    JSON.stringify({ directRouteApiKeys: keys, again: keys.slice(0, 50), more: keys }),
    "change",
    [],
  );
  expect(performance.now() - since).toBeLessThan(6_000);
  const { directRouteApiKeys, again } = JSON.parse(kept);
  expect(directRouteApiKeys).toEqual(["[redacted]"]);
  expect(new Set(again)).toEqual(new Set(["[redacted]"]));
});

test.each([
  "ghp_0123456789abcdefghijABCDEFGHIJ012345",
  "sk-0123456789abcdefghij",
  "hf_0123456789abcdefghijABCD",
  "fw_abcdef",
  "xoxb-0123456789ab",
])("%s is hidden where an answer begins with it, in a capital", (token) => {
  const said = token.charAt(0).toUpperCase() + token.slice(1);
  expect(redactBody(JSON.stringify({ content: `${said}.` }), "words", [])).toBe('{"content":"[redacted]."}');
});

test("whatever a body is, looking for secrets in it does not fail, and finds none in what has none", () => {
  const pieces = fc.oneof(
    fc.constantFrom(
      '{"value":',
      '"',
      "\\",
      "\\u00",
      "\ufeff",
      "\u00a0",
      "\u2028",
      "[",
      "]",
      "{",
      "}",
      ",",
      ":",
      "-",
      "nul",
      "fw_",
    ),
    fc.string({ unit: "binary", maxLength: 5 }),
    fc.json({ maxDepth: 2 }),
  );
  fc.assert(
    fc.property(
      fc.array(pieces, { maxLength: 12 }),
      fc.constantFrom<Place>("change", "secret", "words"),
      (parts, place) => {
        expect(typeof redactBody(parts.join(""), place, [])).toBe("string");
      },
    ),
    { numRuns: 2_000 },
  );
  expect(redactBody('\ufeff{"role":"user"}', "change", [])).toBe('\ufeff{"role":"user"}');
});
