import { describe, expect, test } from "vitest";
import type { OriginRules, Sender } from "../../src/core/caller.ts";
import { isForeign, isHostAllowed, isLoopback, parseAllowedHost, parseHost } from "../../src/core/caller.ts";

describe("the name in a Host header", () => {
  test.each([
    ["localhost", "localhost"],
    ["LocalHost:3473", "localhost"],
    ["localhost.", "localhost"],
    ["localhost.:3473", "localhost"],
    ["127.0.0.1:3473", "127.0.0.1"],
    ["127.1", "127.0.0.1"],
    ["[::1]:3473", "[::1]"],
    ["[0:0:0:0:0:0:0:1]", "[::1]"],
    ["[::FFFF:127.0.0.1]", "[::ffff:7f00:1]"],
    ["My_Service:80", "my_service"],
    ["a.b.example", "a.b.example"],
  ])("%s is %s", (sent, name) => expect(parseHost(sent)).toBe(name));

  test.each([
    "",
    ":3473",
    ".",
    "a..b",
    ".localhost",
    "localhost..",
    "localhost:",
    "localhost:port",
    "localhost:80:80",
    "localhost:999999",
    "localhost@evil.example",
    "localhost:80@evil.example",
    "localhost/evil",
    "localhost\\evil",
    "localhost#evil",
    "localhost, evil.example",
    "localhost evil.example",
    "localhost%00",
    "loc%61lhost",
    "ⓛocalhost",
    "::1",
    "[::1",
    "[::1]x",
    "[::1].evil.example",
    "[::1%25eth0]",
    "[zz]",
    "1.2.3.256",
    "evil.1",
    `${"a".repeat(300)}.localhost`,
  ])("%j is none", (sent) => expect(parseHost(sent)).toBeUndefined());
});

describe("which hosts are served", () => {
  const always = [
    "localhost",
    "127.0.0.1",
    "127.255.255.254",
    "[::1]",
    "app.localhost",
    "a.b.localhost",
    "host.docker.internal",
    "host.containers.internal",
  ];
  const whereExposed = ["10.0.0.5", "0.0.0.0", "192.168.1.10", "[fe80::1]", "[::]", "fireworks", "my_service"];
  const never = [
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "evil-localhost.example",
    "host.docker.internal.evil.example",
    "docker.internal",
    "a.host.docker.internal",
    "api.fireworks.ai",
    "local-d.us-iowa-1.direct.fireworks.ai",
  ];
  const served = (hosts: string[], isExposed: boolean, allowed: string[] = []) =>
    hosts.filter((host) => isHostAllowed(parseHost(host)!, { isExposed, allowed }));

  test("bound to loopback: this machine's names alone", () => {
    expect(served([...always, ...whereExposed, ...never], false)).toEqual(always);
  });

  test("bound elsewhere: addresses and names without a dot too", () => {
    expect(served([...always, ...whereExposed, ...never], true)).toEqual([...always, ...whereExposed]);
  });

  test.each([
    ["*", never],
    ["evil.example", ["evil.example"]],
    ["EVIL.Example.", ["evil.example"]],
    ["*.evil.example", ["127.0.0.1.evil.example", "localhost.evil.example", "host.docker.internal.evil.example"]],
    ["*.fireworks.ai", ["api.fireworks.ai", "local-d.us-iowa-1.direct.fireworks.ai"]],
  ])("--allow-host %s", (flag, expected) => {
    expect(served(never, false, [parseAllowedHost(flag)!])).toEqual(expected);
  });

  test("what --allow-host takes", () => {
    expect(["::1", "[::1]", "10.0.0.1", "*", "*.A.b", "box"].map(parseAllowedHost)).toEqual([
      "[::1]",
      "[::1]",
      "10.0.0.1",
      "*",
      "*.a.b",
      "box",
    ]);
    expect(["", "*.", "**", "*x.y", "a.*.b", "http://a", "a/b"].map(parseAllowedHost)).toEqual(
      Array.from({ length: 7 }, () => undefined),
    );
  });

  test("which addresses only this machine reaches", () => {
    const addresses = [
      "127.0.0.1",
      "127.0.1.1",
      "::1",
      "localhost",
      "0.0.0.0",
      "::",
      "",
      "10.0.0.5",
      "box",
      "evil.test",
    ];
    expect(addresses.filter(isLoopback)).toEqual(["127.0.0.1", "127.0.1.1", "::1", "localhost"]);
  });
});

describe("which pages are foreign", () => {
  const HOST = "localhost:3473";
  const none: OriginRules = { cors: undefined, publicOrigin: undefined };
  const from = (origin?: string, site?: string, host: string | undefined = HOST): Sender => ({ origin, site, host });

  test.each<[string, Sender, Partial<OriginRules>, boolean]>([
    ["curl and SDKs: nothing is said", from(), {}, false],
    ["the server's own page", from("http://localhost:3473", "same-origin"), {}, false],
    ["its page behind TLS that ends before it", from("https://box", "same-origin", "box"), {}, false],
    ["the same with the usual port", from("https://box", "same-origin", "box:443"), {}, false],
    ["the usual port of the other scheme", from("http://box", undefined, "box:443"), {}, true],
    ["upper case", from("http://localhost:3473", undefined, "LOCALHOST:3473"), {}, false],
    ["another port", from("http://localhost:5173"), {}, true],
    ["another name of the same machine", from("http://127.0.0.1:3473"), {}, true],
    ["another host", from("https://evil.example"), {}, true],
    ["a name that begins alike", from("http://localhost:3473.evil.example"), {}, true],
    ["userinfo", from("http://localhost:3473@evil.example"), {}, true],
    ["a file or a sandboxed frame", from("null"), {}, true],
    ["an extension", from("chrome-extension://localhost:3473"), {}, true],
    ["two origins", from("http://localhost:3473, https://evil.example"), {}, true],
    ["no host", { origin: "http://localhost:3473", site: undefined, host: undefined }, {}, true],
    ["an image on another page", from(undefined, "cross-site"), {}, true],
    ["a page of another port, without Origin", from(undefined, "same-site"), {}, true],
    ["what a person typed", from(undefined, "none"), {}, false],
    ["an own origin after a foreign redirect", from("http://localhost:3473", "cross-site"), {}, true],
    [
      "an origin that --cors names",
      from("http://localhost:5173", "same-site"),
      { cors: "http://localhost:5173" },
      false,
    ],
    ["another than --cors names", from("http://localhost:5174"), { cors: "http://localhost:5173" }, true],
    ["--cors *", from("null", "cross-site"), { cors: "*" }, false],
    ["an image, with --cors *", from(undefined, "cross-site"), { cors: "*" }, false],
    ["an image, with --cors of one origin", from(undefined, "cross-site"), { cors: "http://a.test" }, true],
    ["behind a proxy", from("https://box.test", "same-origin"), { publicOrigin: "https://box.test" }, false],
    ["not behind that proxy", from("https://evil.test"), { publicOrigin: "https://box.test" }, true],
  ])("%s", (_, sender, rules, expected) => expect(isForeign(sender, { ...none, ...rules })).toBe(expected));
});
