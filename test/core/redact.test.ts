import { expect, test } from "vitest";
import { redact } from "../../src/core/redact.ts";

test.each([
  ['{"accessKeyId": "AKIA123"}', '{"accessKeyId": "[redacted]"}'],
  ['{"access_key_id":"AKIA123","x":1}', '{"access_key_id":"[redacted]","x":1}'],
  ['{"accessSecret":"very \\"secret\\""}', '{"accessSecret":"[redacted]"}'],
  ['{"sasTokenSecret":"cut in the mid...', '{"sasTokenSecret":"[redacted]"'],
  ['{"directRouteApiKeys":["a","b"]}', '{"directRouteApiKeys":["[redacted]"]}'],
  ['{"direct_route_api_keys":["a', '{"direct_route_api_keys":["[redacted]"]'],
  ["my key is fw_abcdef123, not theirs", "my key is [redacted], not theirs"],
  ["fpk_123456 and sk-abcdefghijklmnop", "[redacted] and [redacted]"],
  ["nothing direct or secret about a key", "nothing direct or secret about a key"],
])("%s", (text, kept) => {
  expect(redact(text, undefined)).toBe(kept);
});

test("the client's own key is taken out wherever it stands, unless it is a mere word", () => {
  expect(redact("say topsecret-key-1 and topsecret-key-1", "topsecret-key-1")).toBe("say [redacted] and [redacted]");
  expect(redact("say fw", "fw")).toBe("say fw");
});
