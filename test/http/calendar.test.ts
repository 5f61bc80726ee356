import { describe, expect, test } from "vitest";
import { parseTimestamp, toTimestamp } from "../../src/core/time.ts";
import { createEmulator } from "../../src/index.ts";
import { fresh } from "../support/api.ts";

const wrong = [
  "2027-02-29T00:00:00Z",
  "2027-02-30T00:00:00Z",
  "2028-02-30T00:00:00Z",
  "2100-02-29T00:00:00Z",
  "2027-04-31T12:00:00+02:00",
  "2027-13-01T00:00:00Z",
  "2027-00-10T00:00:00Z",
  "2027-01-00T00:00:00Z",
  "2027-01-01T24:00:00Z",
  "2027-01-01T00:60:00Z",
  "2016-12-31T23:59:60Z",
  "2027-01-01T00:00:00+24:00",
  "2027-01-01T00:00:00-10:60",
  "2027-01-01T00:00:00.1234567890Z",
  "0000-01-01T00:00:00Z",
  "0001-01-01T00:00:00+00:01",
  "9999-12-31T23:59:59-00:01",
];

describe("a time", () => {
  test.each([
    ["2028-02-29T00:00:00Z", "2028-02-29T00:00:00Z"],
    ["2000-02-29T23:59:59.5+23:59", "2000-02-29T00:00:59.500Z"],
    ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"],
    ["0096-02-29T00:00:00Z", "0096-02-29T00:00:00Z"],
    ["9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999Z"],
    ["2027-01-31t00:00:00z", "2027-01-31T00:00:00Z"],
  ])("%s is %s", (text, same) => expect(toTimestamp(parseTimestamp(text)!)).toBe(same));

  test.each(wrong)("%s is none", (text) => expect(parseTimestamp(text)).toBeUndefined());
});

test("every day of four centuries is read as it is written, and no other", () => {
  const lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  for (let year = 1900; year < 2300; year += 1) {
    const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
    for (let month = 1; month <= 12; month += 1)
      for (let day = 27; day <= 32; day += 1) {
        const text = `${year}-${String(month).padStart(2, "0")}-${day}T00:00:00Z`;
        const at = parseTimestamp(text);
        const isDay = day <= lengths[month - 1]! + (isLeap && month === 2 ? 1 : 0);
        expect(at === undefined ? undefined : toTimestamp(at)).toBe(isDay ? text : undefined);
      }
  }
});

test.each(wrong)("%s is refused wherever a time is sent", async (text) => {
  const { call } = await fresh();
  const time = encodeURIComponent(text);
  const requests: [string, string, unknown?][] = [
    ["POST", "/__emulator/clock:advance", { to: text }],
    ["POST", "/sandboxes", { name: "s", startTime: text }],
    ["GET", `/__emulator/usage?startTime=${time}`],
    ["GET", `/v1/accounts/local/billingUsage?startTime=${time}&endTime=2027-03-05T00:00:00Z`],
    ["GET", `/v1/accounts/local/auditLogs?startTime=${time}`],
    ["GET", `/v1/accounts/local/deployments?filter=${encodeURIComponent(`create_time > "${text}"`)}`],
    ["POST", "/v1/accounts/local/users/local/apiKeys", { apiKey: { displayName: "k", expireTime: text } }],
    ["POST", "/__emulator/stockouts", { region: "US_IOWA_1", acceleratorType: "NVIDIA_H100_80GB", startTime: text }],
  ];
  for (const [method, path, body] of requests) {
    const answer = await call(method, path, body);
    expect([answer.status, answer.text], `${method} ${path}`).toEqual([400, expect.stringMatching(/time|Timestamp/i)]);
  }
  await expect(createEmulator({ startTime: text })).rejects.toThrow("expected an RFC 3339 time");
});
